// The upstreams of Service: checked at the start, and shown to people.
#include <algorithm>

#include "resolver/service.h"

namespace khien::resolver {

std::vector<Upstream> Service::all_upstreams() const {
  auto all = options_.upstreams;
  for (const Forward& forward : options_.forwards) all.push_back(forward.upstream);
  return all;
}

Result<void> Service::prepare_upstreams() {
  const auto all = all_upstreams();
  for (const Upstream& upstream : options_.upstreams) {
    if (std::ranges::count(options_.upstreams, upstream.address, &Upstream::address) > 1) {
      return fail(ErrorCode::invalid_argument,
                  "--upstream: " + to_string(upstream) + " is given twice");
    }
  }
  const bool over_tls = std::ranges::any_of(
      all, [](const Upstream& upstream) { return upstream.protocol == UpstreamProtocol::tls; });
  if (!over_tls) return {};
  auto context =
      net::TlsContext::client({.authorities = options_.upstream_authorities, .alpn = {"dot"}});
  if (!context) return propagate(std::move(context).error(), "--upstream-ca");
  upstream_tls_ = std::move(*context);
  return {};
}

std::vector<UpstreamName> Service::upstream_names() const {
  std::vector<UpstreamName> names;
  for (const Upstream& upstream : options_.upstreams) {
    names.push_back({.address = to_string(upstream), .zone = "."});
  }
  for (const Forward& forward : options_.forwards) {
    names.push_back({.address = to_string(forward.upstream), .zone = forward.zone.to_text()});
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    names[i].trouble = streams_->upstream_trouble(i);
    for (const auto& worker : workers_) {
      if (names[i].trouble.empty()) names[i].trouble = worker->upstream_trouble(i);
    }
  }
  return names;
}

std::vector<const UpstreamHealth*> Service::upstream_health() const {
  std::vector<const UpstreamHealth*> health = streams_->upstreams();
  for (const auto& worker : workers_) health.push_back(&worker->upstreams());
  return health;
}

}  // namespace khien::resolver
