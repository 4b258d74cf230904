// What Service looks at beside answering: names that are newly seen (ADR 0611).
#include "resolver/service.h"

namespace khien::resolver {

Result<void> Service::open_telemetry() {
  if (!options_.new_names) return {};
  SeenNamesOptions wanted = *options_.new_names;
  wanted.folder = options_.snapshot_folder;
  auto seen = SeenNames::open(std::move(wanted), clock_, rng_, metrics_);
  if (!seen) return tl::unexpected(std::move(seen).error());
  seen_ = std::move(*seen);
  return {};
}

// Once for each engine, which may push to what it gets from its thread alone.
void Service::add_telemetry(EngineOptions& engine) {
  if (seen_) engine.seen = &seen_->add_ring();
}

void Service::forget_telemetry() noexcept {
  if (seen_) seen_->forget_rings();
}

void Service::start_telemetry() {
  if (!seen_) return;
  threads_.emplace_back([this](const std::stop_token& stop) { seen_->run(stop); });
}

}  // namespace khien::resolver
