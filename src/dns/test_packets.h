// Packets for the tests of this module, built octet by octet and not by our writer.
#pragma once

#include <string_view>

#include "dns/name.h"
#include "dns/wire.h"

namespace khien::dns {

inline Name name_of(std::string_view text) {
  auto name = Name::from_text(text);
  KHIEN_ASSERT(name.has_value());
  return std::move(*name);
}

struct Counts {
  std::uint16_t questions = 0;
  std::uint16_t answers = 0;
  std::uint16_t authorities = 0;
  std::uint16_t additionals = 0;
};

inline Octets header_of(std::uint16_t id, std::uint16_t flags, const Counts& counts) {
  Octets out;
  for (const std::uint16_t value :
       {id, flags, counts.questions, counts.answers, counts.authorities, counts.additionals}) {
    append_u16(out, value);
  }
  return out;
}

inline void append(Octets& out, Bytes octets) {
  out.insert(out.end(), octets.begin(), octets.end());
}

inline void append_question(Octets& out, std::string_view name, std::uint16_t qtype) {
  append(out, name_of(name).wire());
  append_u16(out, qtype);
  append_u16(out, class_in);
}

/// A record whose owner is given as octets, so that it may be compressed or broken.
inline void append_record(Octets& out, Bytes owner, std::uint16_t type, Bytes rdata) {
  append(out, owner);
  append_u16(out, type);
  append_u16(out, class_in);
  append_u32(out, 300);
  append_u16(out, static_cast<std::uint16_t>(rdata.size()));
  append(out, rdata);
}

inline Octets query_for(std::string_view name, std::uint16_t qtype) {
  Octets out = header_of(0x1234, flag_rd, {.questions = 1});
  append_question(out, name, qtype);
  return out;
}

}  // namespace khien::dns
