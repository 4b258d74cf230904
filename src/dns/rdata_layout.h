// Which types hold names in their RDATA, and where: one table for reader and writer. Internal to
// the module.
#pragma once

#include <array>
#include <cstdint>

namespace khien::dns {

/// A step through RDATA, from its start to its end.
enum class Field : std::uint8_t {
  end,
  rest,      // any number of octets
  octets_2,  // fixed runs
  octets_4,
  octets_6,
  octets_16,
  octets_18,
  octets_20,
  string,           // one length octet and as many octets
  strings,          // one string or more, to the end
  name_compressed,  // RFC 1035 types: compressed when written, expanded when read
  name_expanded,    // written plain, expanded when read (RFC 3597 section 4)
  name_plain,       // never compressed; a pointer is refused
};

constexpr std::size_t layout_fields_max = 6;
using Layout = std::array<Field, layout_fields_max>;

/// One opaque field for every type that is not known.
[[nodiscard]] const Layout& rdata_layout(std::uint16_t type) noexcept;
/// The size of a fixed field, 0 for the others.
[[nodiscard]] std::size_t fixed_size(Field field) noexcept;

}  // namespace khien::dns
