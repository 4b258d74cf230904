// What tests of the impact check have in common: the shipped data, and a row of expectations.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "cases/impact.h"

namespace khien::cases {

inline const ImpactData& shipped_impact_data() {
  static const auto loaded = [] {
    const std::filesystem::path shipped{KHIEN_SOURCE_DIR "/data"};
    return ImpactData::load(std::span{&shipped, 1}, {"khien.tinh.gov.vn", "chan.khien-mau.vn"});
  }();
  return *loaded;
}

struct ExpectedImpact {
  const char* name;
  Scope scope;
  Severity verdict;
  FindingKind because;
};

}  // namespace khien::cases
