// RDATA in presentation form (RFC 1035 section 5, RFC 3597 section 5).
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "dns/message.h"
#include "dns/rdata.h"
#include "dns/rdata_layout.h"

namespace khien::dns {
namespace {

using Tokens = std::span<const std::string_view>;

constexpr std::string_view hex_digits = "0123456789abcdef";

tl::unexpected<Error> bad(std::string_view why) {
  return fail(ErrorCode::malformed, std::string{why}, "bad_rdata");
}

std::string generic_text(Bytes rdata) {
  std::string text = "\\# " + std::to_string(rdata.size());
  if (!rdata.empty()) text.push_back(' ');
  for (const std::uint8_t octet : rdata) {
    text.push_back(hex_digits[octet >> 4]);
    text.push_back(hex_digits[octet & 15]);
  }
  return text;
}

std::optional<std::string> name_text(Bytes rdata) {
  const auto name = NameView::parse(rdata);
  if (!name) return std::nullopt;
  return name->to_text();
}

std::optional<std::string> mx_text(Bytes rdata) {
  if (3 > rdata.size()) return std::nullopt;
  const auto name = name_text(rdata.subspan(2));
  if (!name) return std::nullopt;
  return std::to_string(load_u16(rdata, 0)) + " " + *name;
}

std::optional<std::string> soa_text(Bytes rdata) {
  const auto soa = parse_soa(rdata);
  if (!soa) return std::nullopt;
  std::string text = soa->primary.to_text() + " " + soa->mailbox.to_text();
  for (const std::uint32_t number :
       {soa->serial, soa->refresh_s, soa->retry_s, soa->expire_s, soa->minimum_s}) {
    text += " " + std::to_string(number);
  }
  return text;
}

std::optional<std::string> strings_text(Bytes rdata) {
  std::string text;
  do {
    if (rdata.empty() || rdata[0] > rdata.size() - 1) return std::nullopt;
    if (!text.empty()) text.push_back(' ');
    text.push_back('"');
    for (const std::uint8_t octet : rdata.subspan(1, rdata[0])) {
      if (octet < 0x20 || octet >= 0x7F) {
        text.push_back('\\');
        text.push_back(static_cast<char>('0' + octet / 100));
        text.push_back(static_cast<char>('0' + octet / 10 % 10));
        text.push_back(static_cast<char>('0' + octet % 10));
        continue;
      }
      if (octet == '"' || octet == '\\') text.push_back('\\');
      text.push_back(static_cast<char>(octet));
    }
    text.push_back('"');
    rdata = rdata.subspan(1 + std::size_t{rdata[0]});
  } while (!rdata.empty());
  return text;
}

std::optional<std::string> known_text(std::uint16_t type, Bytes rdata) {
  switch (type) {
    case type_a: return rdata.size() == 4 ? address_to_text(rdata) : std::nullopt;
    case type_aaaa: return rdata.size() == 16 ? address_to_text(rdata) : std::nullopt;
    case type_ns:
    case type_cname:
    case type_ptr:
    case type_dname: return name_text(rdata);
    case type_mx: return mx_text(rdata);
    case type_soa: return soa_text(rdata);
    case type_txt: return strings_text(rdata);
    default: return std::nullopt;
  }
}

std::optional<std::uint32_t> number_from(std::string_view text, std::uint32_t max) noexcept {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number > max) return {};
  return number;
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<Octets> generic_from(Tokens tokens) {
  if (tokens.size() < 2) return bad("\\# takes a length and hexadecimal digits");
  const auto size = number_from(tokens[1], 0xFFFF);
  if (!size) return bad("\\# takes a length up to 65535");
  std::string digits;
  for (const std::string_view token : tokens.subspan(2)) digits += token;
  if (digits.size() != 2 * std::size_t{*size}) return bad("\\# length and digits differ");
  Octets out;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = hex_value(digits[i]);
    const int low = hex_value(digits[i + 1]);
    if (high < 0 || low < 0) return bad("\\# takes hexadecimal digits");
    out.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return out;
}

Result<Octets> address_from(Tokens tokens, std::size_t size) {
  if (tokens.size() != 1) return bad("an address record takes one address");
  auto address = address_from_text(tokens[0]);
  if (!address || address->size() != size) return bad("not an address of this type");
  return std::move(*address);
}

Result<Octets> name_from(Tokens tokens, NameView origin) {
  if (tokens.size() != 1) return bad("this type takes one name");
  const auto name = name_from_zone_text(tokens[0], origin);
  if (!name) return tl::unexpected(name.error());
  return to_octets(name->wire());
}

Result<Octets> mx_from(Tokens tokens, NameView origin) {
  if (tokens.size() != 2) return bad("MX takes a preference and a name");
  const auto preference = number_from(tokens[0], 0xFFFF);
  if (!preference) return bad("MX preference is 0..65535");
  auto name = name_from(tokens.subspan(1), origin);
  if (!name) return name;
  Octets out;
  append_u16(out, static_cast<std::uint16_t>(*preference));
  out.insert(out.end(), name->begin(), name->end());
  return out;
}

Result<Octets> soa_from(Tokens tokens, NameView origin) {
  if (tokens.size() != 7) return bad("SOA takes two names and five numbers");
  Octets out;
  for (const std::string_view token : tokens.first(2)) {
    const auto name = name_from_zone_text(token, origin);
    if (!name) return tl::unexpected(name.error());
    out.insert(out.end(), name->wire().begin(), name->wire().end());
  }
  for (const std::string_view token : tokens.subspan(2)) {
    const auto number = number_from(token, 0xFFFF'FFFF);
    if (!number) return bad("SOA numbers are seconds or a serial, without units");
    append_u32(out, *number);
  }
  return out;
}

Result<Octets> strings_from(Tokens tokens) {
  if (tokens.empty()) return bad("TXT takes one string or more");
  Octets out;
  for (const std::string_view token : tokens) {
    const std::size_t length_at = out.size();
    out.push_back(0);
    for (std::size_t i = 0; i < token.size(); ++i) {
      int octet = static_cast<unsigned char>(token[i]);
      if (octet == '\\') {
        const std::string_view rest = token.substr(i + 1);
        if (rest.empty()) return bad("a string ends in a backslash");
        octet = static_cast<unsigned char>(rest[0]);
        i += 1;
        if (octet >= '0' && octet <= '9') {
          const auto number = rest.size() < 3 ? std::nullopt : number_from(rest.substr(0, 3), 255);
          if (!number) return bad("a backslash takes a character or three digits up to 255");
          octet = static_cast<int>(*number);
          i += 2;
        }
      }
      out.push_back(static_cast<std::uint8_t>(octet));
    }
    const std::size_t size = out.size() - length_at - 1;
    if (size > 255) return bad("a string has at most 255 octets");
    out[length_at] = static_cast<std::uint8_t>(size);
  }
  if (out.size() > 0xFFFF) return bad("RDATA has at most 65535 octets");
  return out;
}

}  // namespace

std::optional<Octets> address_from_text(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> zero_ended{};
  if (text.size() >= zero_ended.size()) return std::nullopt;
  std::copy(text.begin(), text.end(), zero_ended.begin());
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  Octets octets(16);
  if (inet_pton(AF_INET6, zero_ended.data(), octets.data()) == 1) return octets;
  octets.resize(4);
  if (inet_pton(AF_INET, zero_ended.data(), octets.data()) == 1) return octets;
  return std::nullopt;
}

std::optional<std::string> address_to_text(Bytes address) {
  if (address.size() != 4 && address.size() != 16) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = address.size() == 4 ? AF_INET : AF_INET6;
  inet_ntop(family, address.data(), text.data(), text.size());
  return std::string{text.data()};
}

std::string rdata_to_text(std::uint16_t type, Bytes rdata) {
  auto text = known_text(type, rdata);
  return text ? std::move(*text) : generic_text(rdata);
}

Result<Name> name_from_zone_text(std::string_view text, NameView origin) {
  if (text == "@") return Name{origin};
  auto name = Name::from_text(text);
  if (!name) return name;
  // An escaped dot at the end (`\.`) belongs to the label; count the backslashes before it.
  const std::size_t body = text.find_last_not_of('\\', text.size() >= 2 ? text.size() - 2 : 0);
  const std::size_t backslashes = text.size() >= 2 ? text.size() - 2 - body : 0;
  if (text.back() == '.' && backslashes % 2 == 0) return name;
  auto whole = join(*name, origin);
  if (!whole) return fail(ErrorCode::malformed, "a name has at most 255 octets", "bad_name");
  return std::move(*whole);
}

Result<Octets> rdata_from_text(std::uint16_t type, Tokens tokens, NameView origin) {
  if (!tokens.empty() && tokens[0] == "\\#") {
    auto octets = generic_from(tokens);
    if (!octets) return octets;
    RecordView view;
    view.type = type;
    view.rclass = class_in;
    view.rdata = *octets;
    // Pointers cannot occur: they would go backwards out of the RDATA.
    if (!expand_rdata(*octets, view)) return bad("these octets do not fit the type");
    return octets;
  }
  switch (type) {
    case type_a: return address_from(tokens, 4);
    case type_aaaa: return address_from(tokens, 16);
    case type_ns:
    case type_cname:
    case type_ptr:
    case type_dname: return name_from(tokens, origin);
    case type_mx: return mx_from(tokens, origin);
    case type_soa: return soa_from(tokens, origin);
    case type_txt: return strings_from(tokens);
    default: return bad("this type is read in the form \\# only");
  }
}

}  // namespace khien::dns
