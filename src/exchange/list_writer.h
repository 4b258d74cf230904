// Our lists in the formats that other people's programs read (docs/formats/signed-lists.md): plain
// names, hosts, AdBlock rules, CSV, JSON; of addresses plain prefixes, of web addresses plain lines
// as url_list.h reads them, both also CSV and JSON. A list is a head, an entry after the other, and
// a tail: text in pieces, so that no list need be in memory. No format widens what an entry blocks;
// a format that cannot say all of it (hosts) says so. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "cases/scope.h"

namespace khien::exchange {

enum class ListOutput : std::uint8_t { domains, hosts, adblock, csv, json, prefixes, urls };

/// The word is the ending of a list's name: "orders-phishing.hosts".
[[nodiscard]] std::string_view to_string(ListOutput output) noexcept;
[[nodiscard]] std::optional<ListOutput> parse_list_output(std::string_view word) noexcept;
[[nodiscard]] std::string_view content_type_of(ListOutput output) noexcept;

struct ListHead {
  std::string list;        ///< "orders-phishing"
  std::string title;       ///< one line
  std::string home;        ///< URL of all lists: licence, key, formats
  std::string objections;  ///< URL at which everybody can object to an entry
  std::uint64_t serial = 0;
  InstantMs made_at_ms = 0;
  InstantMs expires_at_ms = 0;
  std::int64_t update_hours = 24;  ///< how often a reader should look, for AdBlock programs
  std::uint64_t count = 0;         ///< entries
  std::uint64_t domain_count = 0;  ///< of these block all below the name, too
};

struct ListLine {
  std::string_view name;  ///< is_list_name(), or an address, prefix or web address
  cases::Scope scope = cases::Scope::host;
  std::string_view zone;  ///< where it stands: "orders-phishing"
};

/// True for names that every format can carry as they are: a-z, 0-9, '-', '_' and single dots, at
/// least two labels.
[[nodiscard]] bool is_list_name(std::string_view name) noexcept;

/// The head, with its last line feed.
[[nodiscard]] std::string list_head(ListOutput output, const ListHead& head);
/// What stands behind the last entry.
[[nodiscard]] std::string_view list_tail(ListOutput output) noexcept;

/// Writes entries one after the other and counts them.
class ListBody {
 public:
  explicit ListBody(ListOutput output) noexcept : output_(output) {}
  void append(const ListLine& line, std::string& out);
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t domain_count() const noexcept { return domain_count_; }

 private:
  ListOutput output_;
  std::uint64_t count_ = 0;
  std::uint64_t domain_count_ = 0;
};

}  // namespace khien::exchange
