#include "http/rate_limit.h"

#include <algorithm>
#include <cmath>

#include "base/assert.h"

namespace khien::http {
namespace {

constexpr double ms_per_minute_real = 60'000.0;
constexpr std::int64_t sweep_interval_ms = 1'000;  // a full table is searched at most once a second

}  // namespace

net::Prefix client_prefix(const net::IpAddress& client) noexcept {
  const auto plain = client.unmapped();
  return net::Prefix::of(plain, plain.is_v4() ? client_prefix_v4 : client_prefix_v6);
}

std::size_t RateLimiter::KeyHash::operator()(const Key& key) const noexcept {
  return std::hash<net::IpAddress>{}(key.prefix.base()) * 31 + key.rate_class;
}

RateLimiter::RateLimiter(std::vector<RateClass> classes, const Clock& clock, Metrics& metrics)
    : classes_(std::move(classes)), clock_(clock) {
  auto state = state_.lock();
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    KHIEN_ASSERT(classes_[i].burst >= 1 && classes_[i].per_minute > 0);
    index_.emplace(classes_[i].name, i);
    refused_.push_back(&metrics.counter("khien_http_rate_limited_total",
                                        "Requests refused because a client sent too many",
                                        "class=\"" + classes_[i].name + "\""));
    state->overflow.push_back({.tokens = classes_[i].burst, .at_ms = clock.steady_ms()});
  }
}

double RateLimiter::refilled(const Bucket& bucket, std::size_t rate_class,
                             std::int64_t now_ms) const noexcept {
  const auto passed = static_cast<double>(std::max<std::int64_t>(now_ms - bucket.at_ms, 0));
  const auto& rule = classes_[rate_class];
  return std::min(rule.burst, bucket.tokens + passed * rule.per_minute / ms_per_minute_real);
}

void RateLimiter::sweep(State& state, std::int64_t now_ms) {
  if (now_ms - state.swept_at_ms < sweep_interval_ms && state.swept_at_ms != 0) return;
  state.swept_at_ms = now_ms;
  // A full bucket says the same as none.
  std::erase_if(state.buckets, [&](const auto& entry) {
    return refilled(entry.second, entry.first.rate_class, now_ms) >=
           classes_[entry.first.rate_class].burst;
  });
}

RateLimiter::Bucket& RateLimiter::bucket_of(State& state, const Key& key, std::int64_t now_ms) {
  const auto found = state.buckets.find(key);
  if (found != state.buckets.end()) return found->second;
  if (state.buckets.size() >= rate_buckets_max) sweep(state, now_ms);
  if (state.buckets.size() >= rate_buckets_max) return state.overflow[key.rate_class];
  return state.buckets
      .emplace(key, Bucket{.tokens = classes_[key.rate_class].burst, .at_ms = now_ms})
      .first->second;
}

std::optional<std::int64_t> RateLimiter::admit(std::string_view rate_class,
                                               const net::IpAddress& client) {
  const auto known = index_.find(rate_class);
  if (known == index_.end()) return std::nullopt;
  const Key key{.rate_class = known->second, .prefix = client_prefix(client)};
  const std::int64_t now_ms = clock_.steady_ms();

  auto state = state_.lock();
  Bucket& bucket = bucket_of(*state, key, now_ms);
  bucket.tokens = refilled(bucket, key.rate_class, now_ms);
  bucket.at_ms = now_ms;
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return std::nullopt;
  }
  refused_[key.rate_class]->add();
  const double wait_s = (1 - bucket.tokens) * 60.0 / classes_[key.rate_class].per_minute;
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(wait_s)));
}

std::size_t RateLimiter::bucket_count() { return state_.lock()->buckets.size(); }

}  // namespace khien::http
