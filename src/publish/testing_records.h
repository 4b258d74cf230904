// What a zone must show, from the definition alone, and what a resolver that matches as RFC 4592
// says makes of it: plain and slow, on texts without the last dot. For tests.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "publish/zone_table.h"

namespace khien::publish {

/// Owners of RPZ records without the zone's name: `a.example` and `*.a.example`.
using RecordSet = std::set<std::string>;
/// What holders ask for, by name.
using HeldNames = std::map<std::string, Scope>;

/// One label fewer; empty above the last.
inline std::string_view parent_of(std::string_view name) {
  const auto dot = name.find('.');
  return dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
}

inline bool is_domain_above(const HeldNames& held, std::string_view name) {
  for (auto above = parent_of(name); !above.empty(); above = parent_of(above)) {
    const auto found = held.find(std::string{above});
    if (found != held.end() && found->second == Scope::domain) return true;
  }
  return false;
}

/// A node with a domain above it that is held, or has a held name below it, shows both records;
/// any other shows what its holders ask for.
inline RecordSet records_by_definition(const HeldNames& held) {
  RecordSet records;
  for (const auto& [name, scope] : held) {
    for (std::string_view node = name; !node.empty(); node = parent_of(node)) {
      const std::string text{node};
      const auto own = held.find(text);
      if (is_domain_above(held, node)) {
        records.insert({text, "*." + text});
      } else if (own != held.end()) {
        records.insert(text);
        if (own->second == Scope::domain) records.insert("*." + text);
      }
    }
  }
  return records;
}

/// What khien-dnsd does: the name itself, or a domain above it.
inline bool is_covered_by_rule(const HeldNames& held, const std::string& name) {
  return held.contains(name) || is_domain_above(held, name);
}

/// The names that exist where `records` stand: their owners, and all above those.
inline RecordSet existing_names(const RecordSet& records) {
  RecordSet existing;
  for (const std::string& owner : records) {
    for (std::string_view node = owner; !node.empty(); node = parent_of(node)) {
      existing.emplace(node);
    }
  }
  return existing;
}

/// What RFC 4592 says of the same question: the name itself if it exists, otherwise the wildcard at
/// its closest encloser (section 3.3.1).
inline bool is_matched_by_records(const RecordSet& records, const RecordSet& existing,
                                  const std::string& name) {
  if (existing.contains(name)) return records.contains(name);
  for (auto above = parent_of(name); !above.empty(); above = parent_of(above)) {
    if (existing.contains(std::string{above})) return records.contains("*." + std::string{above});
  }
  return false;
}

}  // namespace khien::publish
