// All name lists in one sorted table, for three questions about a name: is it listed, does a listed
// name lie above it, and which lie below it. Immutable after building; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cases/name_list.h"

namespace khien::cases {

struct NameHit {
  const NameListFacts* list;  ///< borrowed from the index
  std::string name;           ///< as listed
  std::uint32_t rank;
};

class NameIndex {
 public:
  /// Takes the lists over. 48 octets and the name itself for each entry.
  explicit NameIndex(std::vector<NameList> lists);

  /// Every list that has exactly `host`.
  [[nodiscard]] std::vector<NameHit> exact(std::string_view host) const;
  /// Every listed proper ancestor of `host`, nearest first. At most 126 binary searches.
  [[nodiscard]] std::vector<NameHit> above(std::string_view host) const;
  /// Up to `count_max` listed names below `host`.
  [[nodiscard]] std::vector<NameHit> below(std::string_view host, std::size_t count_max) const;
  /// How many listed names lie below `host`.
  [[nodiscard]] std::size_t count_below(std::string_view host) const;

  [[nodiscard]] const std::vector<NameListFacts>& lists() const noexcept { return facts_; }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  // Characters in reverse order, so that all names below one name stand side by side.
  struct Entry {
    std::string reversed;
    std::uint32_t rank;
    std::uint32_t list;
  };
  [[nodiscard]] NameHit hit(const Entry& entry) const;
  [[nodiscard]] std::size_t first_not_less(std::string_view reversed) const;
  void add_exact(std::string_view reversed, std::vector<NameHit>& out) const;

  std::vector<NameListFacts> facts_;
  std::vector<Entry> entries_;
};

}  // namespace khien::cases
