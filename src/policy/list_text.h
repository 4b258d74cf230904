// Plain lists of domains, one a line, as text in memory: `#` begins a comment, blank lines and
// carriage returns are skipped, a second column after a space or tab is ignored. A listed domain
// covers itself and everything below it. Other people's richer formats are the control plane's
// (module exchange).
#pragma once

#include <optional>
#include <string_view>

#include "policy/rule_set.h"

namespace khien::policy {

struct ListCounts {
  std::size_t accepted = 0;   ///< names; to list_line_name(), one that is there twice is two
  std::size_t duplicate = 0;  ///< had this source already; only add_list() tells
  std::size_t bad_name = 0;   ///< not ASCII, an empty or too long label, too long, a bare address
  std::size_t too_wide = 0;   ///< the root or a top-level domain

  [[nodiscard]] std::size_t refused() const noexcept { return bad_name + too_wide; }
};

/// What `line` without its end names, in wire form in `out`; nullopt for none, or for one that is
/// counted as bad. Not folded.
[[nodiscard]] std::optional<Bytes> list_line_name(std::string_view line, ListCounts& counts,
                                                  std::span<std::uint8_t, key_name_size_max> out);

/// Adds every domain of `text` to `table` under `source`.
/// limit_exceeded where the table's limits are reached; bad lines are counted and left out.
[[nodiscard]] Result<ListCounts> add_list(NameTable& table, std::string_view text, Source source);

/// The wire form of a host name in text, written to `out`; its size, or nullopt if it is none:
/// labels of 1..63 octets of printable ASCII, 255 octets in all. One last dot is allowed.
[[nodiscard]] std::optional<std::size_t> host_to_wire(
    std::string_view text, std::span<std::uint8_t, key_name_size_max> out) noexcept;

}  // namespace khien::policy
