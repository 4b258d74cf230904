#include "dns/wire.h"

namespace khien::dns {
namespace {

struct TypeName {
  std::uint16_t number;
  std::string_view name;
};

constexpr TypeName type_names[] = {
    {1, "A"},       {2, "NS"},     {5, "CNAME"},       {6, "SOA"},    {12, "PTR"},   {13, "HINFO"},
    {15, "MX"},     {16, "TXT"},   {28, "AAAA"},       {29, "LOC"},   {33, "SRV"},   {35, "NAPTR"},
    {39, "DNAME"},  {41, "OPT"},   {43, "DS"},         {44, "SSHFP"}, {46, "RRSIG"}, {47, "NSEC"},
    {48, "DNSKEY"}, {50, "NSEC3"}, {51, "NSEC3PARAM"}, {52, "TLSA"},  {64, "SVCB"},  {65, "HTTPS"},
    {99, "SPF"},    {250, "TSIG"}, {251, "IXFR"},      {252, "AXFR"}, {255, "ANY"},  {257, "CAA"},
};

char upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

bool equal_folded(std::string_view text, std::string_view upper_case) noexcept {
  if (text.size() != upper_case.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (upper(text[i]) != upper_case[i]) return false;
  }
  return true;
}

}  // namespace

std::string_view to_string(WireError error) noexcept {
  switch (error) {
    case WireError::truncated: return "truncated";
    case WireError::bad_label: return "bad_label";
    case WireError::bad_pointer: return "bad_pointer";
    case WireError::name_too_long: return "name_too_long";
    case WireError::not_one_question: return "not_one_question";
    case WireError::bad_rdata: return "bad_rdata";
    case WireError::bad_opt: return "bad_opt";
    case WireError::bad_tsig: return "bad_tsig";
    case WireError::trailing_octets: return "trailing_octets";
    case WireError::no_space: return "no_space";
  }
  return "unknown";
}

std::string type_to_text(std::uint16_t type) {
  for (const auto& [number, name] : type_names) {
    if (number == type) return std::string{name};
  }
  return "TYPE" + std::to_string(type);
}

std::optional<std::uint16_t> type_from_text(std::string_view text) noexcept {
  for (const auto& [number, name] : type_names) {
    if (equal_folded(text, name)) return number;
  }
  constexpr std::string_view prefix = "TYPE";
  constexpr std::size_t digits_max = 5;
  if (text.size() <= prefix.size() || text.size() > prefix.size() + digits_max) return std::nullopt;
  if (!equal_folded(text.substr(0, prefix.size()), prefix)) return std::nullopt;
  std::uint32_t number = 0;
  for (const char c : text.substr(prefix.size())) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (number > 0xFFFF) return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

}  // namespace khien::dns
