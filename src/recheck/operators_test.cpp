#include "recheck/operators.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/testing/temporary_folder.h"

namespace khien::recheck {
namespace {

TEST(Operators, TheShippedTablesAreReadable) {
  const std::filesystem::path shipped{KHIEN_SOURCE_DIR "/data"};
  const auto known = Operators::load(std::span{&shipped, 1});
  ASSERT_TRUE(known.has_value()) << known.error().message;
  EXPECT_GE(known->size(), 50U);
  EXPECT_TRUE(known->parks("ns1.sedoparking.com"));
  EXPECT_TRUE(known->sinkholes("ns102a.microsoftinternetsafety.net"));
  EXPECT_FALSE(known->sinkholes("ns1.sedoparking.com"));
  EXPECT_FALSE(known->parks("sedoparking.com.example"));
  // Registrars and hosts whose servers serve living sites, too, prove nothing.
  for (const char* shared : {"dns1.registrar-servers.com", "ns1.name.com", "ns01.one.com",
                             "ns1.wordpress.com", "ns1.markmonitor.com"}) {
    EXPECT_FALSE(known->parks(shared)) << shared;
  }
}

TEST(Operators, AddsWhatAnOperatorWroteAndRefusesAHalfFile) {
  TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "operators");
  const std::string header =
      "# khien never-block list, format 1\n# name: sinkhole\n# title-vi: a\n# title-en: a\n"
      "# owner: a\n# source: a\n# licence: a\n# date: 2026-11-28\n# severity: note\n"
      "# below: note\n";
  std::ofstream{folder.path() / "operators" / "sinkhole.txt"} << header << "ho-den.example\n";
  const std::array folders{folder.path()};
  const auto known = Operators::load(folders);
  ASSERT_TRUE(known.has_value()) << known.error().message;
  EXPECT_TRUE(known->sinkholes("ho-den.example"));
  EXPECT_TRUE(known->sinkholes("a.b.ho-den.example"));
  {
    std::ofstream list{folder.path() / "operators" / "sinkhole.txt"};
    list << header;
    for (std::size_t i = 0; i <= operators_max; ++i) list << "s" << 100'000 + i << ".example\n";
  }
  EXPECT_EQ(Operators::load(folders).error().code, ErrorCode::limit_exceeded);
  std::ofstream{folder.path() / "operators" / "sinkhole.txt"} << "ho-den.example\n";
  EXPECT_FALSE(Operators::load(folders).has_value());
}

}  // namespace
}  // namespace khien::recheck
