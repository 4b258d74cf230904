#include "resolver/doh_request.h"

#include <algorithm>
#include <optional>

#include "codec/base64.h"
#include "dns/message.h"
#include "resolver/stream_framing.h"

namespace khien::resolver {
namespace {

constexpr int ok = 200;
constexpr int bad_request = 400;
constexpr int not_found = 404;
constexpr int method_not_allowed = 405;
constexpr int content_too_large = 413;
constexpr int unsupported_media_type = 415;

// A media type without its parameters, compared without case (RFC 9110 section 8.3.1).
bool is_dns_message(std::string_view value) noexcept {
  value = value.substr(0, value.find(';'));
  while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
  return std::ranges::equal(value, doh_media_type, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

}  // namespace

void DohRequest::field(std::string_view name, std::string_view value) {
  if (name == ":method") {
    method_ = value == "GET" ? Method::get : value == "POST" ? Method::post : Method::other;
  } else if (name == ":path") {
    target_ = value;
  } else if (name == "content-type") {
    is_dns_message_ = is_dns_message(value);
  }
}

bool DohRequest::body(Bytes octets) {
  if (octets.size() > stream_query_size_max - body_.size()) too_long_ = true;
  if (!too_long_) body_.insert(body_.end(), octets.begin(), octets.end());
  return !too_long_;
}

std::string_view DohRequest::path() const noexcept {
  return std::string_view{target_}.substr(0, target_.find('?'));
}

std::string_view DohRequest::dns_parameter() const {
  constexpr std::string_view name = "dns=";
  const auto mark = target_.find('?');
  std::string_view rest =
      mark == std::string::npos ? std::string_view{} : std::string_view{target_}.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('&'));
    if (part.starts_with(name)) return part.substr(name.size());
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  }
  return {};
}

int DohRequest::early_status(const DohPaths& paths) const {
  if (!paths(path())) return not_found;
  if (method_ == Method::other) return method_not_allowed;
  if (method_ == Method::post && !is_dns_message_) return unsupported_media_type;
  return too_long_ ? content_too_large : 0;
}

DohRequest::Reading DohRequest::read(const DohPaths& paths) {
  if (const int early = early_status(paths); early != 0) return {.status = early};
  Reading reading;
  if (method_ == Method::post) {
    reading.message = std::move(body_);
  } else {
    auto decoded = codec::parse_base64url(dns_parameter());
    if (!decoded) return {.status = bad_request};
    if (decoded->size() > stream_query_size_max) return {.status = content_too_large};
    reading.message = std::move(*decoded);
  }
  reading.status = reading.message.size() < dns::header_size ? bad_request : ok;
  return reading;
}

std::uint32_t doh_max_age_s(Bytes message) noexcept {
  auto reader = dns::MessageReader::open(message);
  if (!reader) return 0;
  std::optional<std::uint32_t> lowest;
  while (true) {
    const auto record = reader->next();
    if (!record) return 0;
    if (!record->has_value() || (*record)->section == dns::Section::additional) break;
    lowest = std::min(lowest.value_or((*record)->ttl), (*record)->ttl);
  }
  return lowest.value_or(0);
}

}  // namespace khien::resolver
