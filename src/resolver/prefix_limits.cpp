#include "resolver/prefix_limits.h"

#include <algorithm>
#include <iterator>

namespace khien::resolver {
namespace {

constexpr std::int64_t parts = 1'000;  // of one handshake

net::Prefix network_of(const net::IpAddress& client) noexcept {
  const net::IpAddress plain = client.unmapped();
  return net::Prefix::of(plain, plain.is_v4() ? limits_prefix_v4 : limits_prefix_v6);
}

}  // namespace

void PrefixLimits::pay_back(Network& network, std::int64_t now_ms) const noexcept {
  const std::int64_t passed_ms = std::max<std::int64_t>(now_ms - network.at_ms, 0);
  // Handshakes a second are thousandths a millisecond.
  const std::int64_t paid = passed_ms * options_.handshakes_per_second;
  network.debt = std::max<std::int64_t>(network.debt - paid, 0);
  network.at_ms = now_ms;
}

PrefixLimits::Admission PrefixLimits::admit(const net::IpAddress& client, Cost cost,
                                            std::int64_t now_ms) {
  const net::Prefix prefix = network_of(client);
  auto found = networks_.find(prefix);
  if (found == networks_.end()) {
    if (networks_.size() >= limits_prefixes_max) return Admission::table_full;
    found = networks_.emplace(prefix, Network{.at_ms = now_ms}).first;
  }
  Network& network = found->second;
  pay_back(network, now_ms);
  if (network.open >= options_.open_max) return Admission::too_many_open;
  if (cost == Cost::handshake) {
    if (network.debt + parts > options_.handshakes_burst * parts) return Admission::too_fast;
    network.debt += parts;
  }
  ++network.open;
  return Admission::admitted;
}

void PrefixLimits::release(const net::IpAddress& client) noexcept {
  const auto found = networks_.find(network_of(client));
  if (found != networks_.end() && found->second.open != 0) --found->second.open;
}

void PrefixLimits::forget(std::int64_t now_ms) {
  for (auto at = networks_.begin(); at != networks_.end();) {
    pay_back(at->second, now_ms);
    const bool is_empty = at->second.open == 0 && at->second.debt == 0;
    at = is_empty ? networks_.erase(at) : std::next(at);
  }
}

}  // namespace khien::resolver
