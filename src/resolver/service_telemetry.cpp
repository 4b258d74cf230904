// What Service looks at beside answering: names that are newly seen, and dnstap
// (ADR 0611).
#include "resolver/service.h"

namespace khien::resolver {

Result<void> Service::open_telemetry() {
  if (options_.tap) {
    auto tap = TapFile::open(*options_.tap, clock_, metrics_);
    if (!tap) return tl::unexpected(std::move(tap).error());
    tap_ = std::move(*tap);
  }
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
  if (tap_) engine.tap = &tap_->add_ring();
}

void Service::forget_telemetry() noexcept {
  if (seen_) seen_->forget_rings();
  if (tap_) tap_->forget_rings();
}

void Service::start_telemetry() {
  if (seen_) {
    threads_.emplace_back([this](const std::stop_token& stop) { seen_->run(stop); });
  }
  if (tap_) {
    threads_.emplace_back([this](const std::stop_token& stop) { tap_->run(stop); });
  }
}

}  // namespace khien::resolver
