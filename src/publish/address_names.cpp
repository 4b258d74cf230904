#include "publish/address_names.h"

#include <algorithm>

#include "dns/name.h"
#include "dns/rpz_prefix.h"

namespace khien::publish {
namespace {

constexpr std::string_view suffix = ".rpz-ip";

}  // namespace

std::optional<std::string> address_name(std::string_view text) {
  const auto prefix = net::Prefix::parse(text);
  if (!prefix) return std::nullopt;
  dns::RpzPrefix rpz{.is_v6 = !prefix->base().is_v4(),
                     .length = static_cast<std::uint8_t>(prefix->length())};
  std::ranges::copy(prefix->base().octets(), rpz.base.begin());
  return dns::rpz_prefix_labels(rpz) + std::string{suffix};
}

std::optional<net::Prefix> prefix_of_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (!name.ends_with(suffix)) return std::nullopt;
  const auto labels = dns::Name::from_text(name.substr(0, name.size() - suffix.size()));
  if (!labels) return std::nullopt;
  const auto rpz = dns::parse_rpz_prefix(*labels);
  if (!rpz) return std::nullopt;
  const auto ip = net::IpAddress::from_octets(Bytes{rpz->base}.first(rpz->size()));
  if (!ip) return std::nullopt;
  return net::Prefix::of(*ip, rpz->length);
}

std::optional<std::string> address_text(std::string_view name) {
  const auto prefix = prefix_of_name(name);
  if (!prefix) return std::nullopt;
  if (prefix->length() == prefix->base().bits()) return to_string(prefix->base());
  return to_string(*prefix);
}

}  // namespace khien::publish
