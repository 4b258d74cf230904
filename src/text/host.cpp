#include "text/host.h"

#include <unicode/uidna.h>

#include <array>
#include <cstdint>

#include "base/assert.h"
#include "text/ip.h"
#include "text/utf8.h"

namespace khien::text {
namespace {

// UTS #46 revision 33 with CheckHyphens false: names such as r3---sn-x.example exist and resolve.
constexpr std::uint32_t tolerated_errors = UIDNA_ERROR_LEADING_HYPHEN |
                                           UIDNA_ERROR_TRAILING_HYPHEN | UIDNA_ERROR_HYPHEN_3_4 |
                                           UIDNA_ERROR_EMPTY_LABEL | UIDNA_ERROR_LABEL_TOO_LONG |
                                           UIDNA_ERROR_DOMAIN_NAME_TOO_LONG;  // checked by us

const UIDNA* uts46() {
  // Made once, immutable, shared by all threads, and never closed.
  static const UIDNA* const instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    const UIDNA* made =
        uidna_openUTS46(UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE |
                            UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ,
                        &status);
    KHIEN_ASSERT(U_SUCCESS(status));
    return made;
  }();
  return instance;
}

bool is_host_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::optional<HostError> check_labels(std::string_view host) noexcept {
  std::size_t label_size = 0;
  for (const char c : host) {
    if (c == '.') {
      if (label_size == 0) return HostError::empty_label;
      label_size = 0;
      continue;
    }
    if (!is_host_character(c)) return HostError::bad_character;
    if (++label_size > label_size_max) return HostError::label_too_long;
  }
  if (label_size == 0) return HostError::empty_label;
  return std::nullopt;
}

// WHATWG URL: a host whose last label is a number is an IPv4 address or nothing.
bool ends_in_number(std::string_view host) noexcept {
  const auto dot = host.rfind('.');
  const auto last = dot == std::string_view::npos ? host : host.substr(dot + 1);
  return last.find_first_not_of("0123456789") == std::string_view::npos ||
         (last.starts_with("0x") &&
          last.substr(2).find_first_not_of("0123456789abcdef") == std::string_view::npos);
}

bool needs_idna(std::string_view host) noexcept {
  return !is_ascii(host) || host.starts_with("xn--") || host.find(".xn--") != std::string::npos;
}

tl::expected<std::string, HostError> to_a_labels(std::string_view host) {
  std::array<char, host_input_size_max * 4> out{};
  UIDNAInfo info = UIDNA_INFO_INITIALIZER;
  UErrorCode status = U_ZERO_ERROR;
  const auto size =
      uidna_nameToASCII_UTF8(uts46(), host.data(), static_cast<std::int32_t>(host.size()),
                             out.data(), static_cast<std::int32_t>(out.size()), &info, &status);
  if (U_FAILURE(status)) return tl::unexpected(HostError::bad_idna);
  if ((info.errors & ~tolerated_errors) != 0) return tl::unexpected(HostError::bad_idna);
  return std::string{out.data(), static_cast<std::size_t>(size)};
}

}  // namespace

std::string_view to_string(HostError error) noexcept {
  switch (error) {
    case HostError::empty: return "host_empty";
    case HostError::too_long: return "host_too_long";
    case HostError::label_too_long: return "host_label_too_long";
    case HostError::empty_label: return "host_empty_label";
    case HostError::bad_character: return "host_bad_character";
    case HostError::bad_idna: return "host_bad_idna";
    case HostError::ip_address: return "host_is_ip_address";
  }
  return "host_bad";
}

tl::expected<std::string, HostError> host_from(std::string_view host) {
  if (host.size() > host_input_size_max) return tl::unexpected(HostError::too_long);
  std::string lower = ascii_lower(host);
  if (needs_idna(lower)) {
    if (!is_valid_utf8(lower)) return tl::unexpected(HostError::bad_idna);
    auto converted = to_a_labels(lower);
    if (!converted) return converted;
    lower = std::move(*converted);
  }
  if (!lower.empty() && lower.back() == '.') lower.pop_back();
  if (lower.empty())
    return tl::unexpected(host.empty() ? HostError::empty : HostError::empty_label);
  if (lower.size() > host_size_max) return tl::unexpected(HostError::too_long);
  if (lower.find(':') != std::string::npos && parse_ip(lower)) {
    return tl::unexpected(HostError::ip_address);
  }
  if (const auto error = check_labels(lower)) return tl::unexpected(*error);
  if (ends_in_number(lower)) return tl::unexpected(HostError::ip_address);
  return lower;
}

Result<std::string> normalise_host(std::string_view host) {
  auto normalised = host_from(host);
  if (normalised) return std::move(*normalised);
  const auto reason = to_string(normalised.error());
  return fail(ErrorCode::malformed, "not a host name: " + std::string{reason}, std::string{reason});
}

std::string host_for_display(std::string_view host) {
  if (host.size() > host_input_size_max || !needs_idna(host)) return std::string{host};
  std::array<char, host_input_size_max * 4> out{};
  UIDNAInfo info = UIDNA_INFO_INITIALIZER;
  UErrorCode status = U_ZERO_ERROR;
  const auto size =
      uidna_nameToUnicodeUTF8(uts46(), host.data(), static_cast<std::int32_t>(host.size()),
                              out.data(), static_cast<std::int32_t>(out.size()), &info, &status);
  if (U_FAILURE(status) || (info.errors & ~tolerated_errors) != 0) return std::string{host};
  return std::string{out.data(), static_cast<std::size_t>(size)};
}

bool is_at_or_below(std::string_view host, std::string_view ancestor) noexcept {
  if (!host.ends_with(ancestor)) return false;
  return host.size() == ancestor.size() || host[host.size() - ancestor.size() - 1] == '.';
}

std::optional<std::string_view> parent_of(std::string_view host) noexcept {
  const auto dot = host.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  return host.substr(dot + 1);
}

}  // namespace khien::text
