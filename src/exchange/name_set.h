// A large immutable set of names with their scope: a list as accepted. Kept in one block of memory
// in the order of reversed labels, so that what lies below a name follows it at once. About 30
// octets a name; a million names sort in about a second.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "cases/scope.h"
#include "exchange/list_reader.h"

namespace khien::exchange {

constexpr std::size_t name_set_names_max = 5'000'000;

struct SetCounts {
  std::uint64_t added = 0;       ///< given to the builder
  std::uint64_t duplicate = 0;   ///< the same name again
  std::uint64_t redundant = 0;   ///< below a name with scope domain: already covered
  std::uint64_t below_only = 0;  ///< "*.name" without "name"
};

class NameSet {
 public:
  using Visit = std::function<void(std::string_view host, cases::Scope scope)>;

  NameSet() = default;
  [[nodiscard]] std::size_t size() const noexcept { return starts_.size(); }
  [[nodiscard]] bool empty() const noexcept { return starts_.empty(); }
  /// Exactly this name, whatever its scope.
  [[nodiscard]] bool contains(std::string_view host) const;
  /// The name itself, or a name above it with scope domain.
  [[nodiscard]] bool covers(std::string_view host) const;
  /// All names in set order. `host` is borrowed for the call.
  void for_each(const Visit& visit) const;
  /// Hex SHA-256 over the lines "host scope\n" in set order: equal sets, equal hash.
  [[nodiscard]] std::string hash() const;

  /// Compact octets for storage: names front-coded. read() checks all of it.
  [[nodiscard]] Octets write() const;
  /// corrupt if `octets` are not what write() gives.
  [[nodiscard]] static Result<NameSet> read(Bytes octets);

  friend bool operator==(const NameSet& a, const NameSet& b) {
    return a.keys_ == b.keys_ && a.starts_ == b.starts_ && a.scopes_ == b.scopes_;
  }

 private:
  friend class NameSetBuilder;
  friend NameSet unite(std::span<const NameSet* const> sets);
  friend struct SetDifference difference(const NameSet& before, const NameSet& after);
  [[nodiscard]] std::string_view key(std::size_t index) const noexcept;
  [[nodiscard]] std::size_t find(std::string_view key) const noexcept;  // size() if absent
  void append(std::string_view key, cases::Scope scope);

  // A key is the name's characters in reverse, '.' as \x01, so that labels sort before characters.
  std::string keys_;
  std::vector<std::uint32_t> starts_;
  std::vector<cases::Scope> scopes_;
};

class NameSetBuilder {
 public:
  /// False past name_set_names_max or 1 GiB of text: the entry is not taken.
  [[nodiscard]] bool add(const ListEntry& entry);
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  /// The set, with `counts` of what fell together. The builder is empty afterwards.
  [[nodiscard]] NameSet build(SetCounts& counts);

 private:
  struct Item {
    std::uint32_t start;
    std::uint16_t size;
    std::uint8_t reach;
  };
  std::string keys_;
  std::vector<Item> items_;
};

struct SetDifference {
  std::vector<std::pair<std::string, cases::Scope>> added;
  std::vector<std::pair<std::string, cases::Scope>> removed;  ///< a changed scope is in both
};

[[nodiscard]] SetDifference difference(const NameSet& before, const NameSet& after);
/// All names of all sets; of two scopes the wider. Names covered by another stay out.
[[nodiscard]] NameSet unite(std::span<const NameSet* const> sets);

}  // namespace khien::exchange
