// Token buckets by class of work and client network. A client is its /24 or /56, because a person
// moves freely inside those; nothing about it is kept longer than its bucket takes to fill.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/metrics.h"
#include "net/address.h"

namespace khien::http {

constexpr std::size_t rate_buckets_max = 65'536;  // then unknown clients share one bucket a class
constexpr int client_prefix_v4 = 24;
constexpr int client_prefix_v6 = 56;

/// The network that stands for a client in limits.
[[nodiscard]] net::Prefix client_prefix(const net::IpAddress& client) noexcept;

struct RateClass {
  std::string name;
  double burst = 10;       ///< requests at once; at least 1
  double per_minute = 60;  ///< requests a minute in the long run; above 0
};

class RateLimiter {
 public:
  /// `clock` and `metrics` are borrowed. Counts khien_http_rate_limited_total by class.
  RateLimiter(std::vector<RateClass> classes, const Clock& clock, Metrics& metrics);

  /// Takes one request of `client`: nullopt if it may go on, else the seconds to wait (at least 1).
  /// An unknown or empty class is not limited. Any thread.
  [[nodiscard]] std::optional<std::int64_t> admit(std::string_view rate_class,
                                                  const net::IpAddress& client);

  /// Buckets held now; for tests and /metrics.
  [[nodiscard]] std::size_t bucket_count();

 private:
  struct Bucket {
    double tokens = 0;
    std::int64_t at_ms = 0;
  };
  struct Key {
    std::size_t rate_class;
    net::Prefix prefix;
    bool operator==(const Key&) const noexcept = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  struct State {
    std::unordered_map<Key, Bucket, KeyHash> buckets;
    std::vector<Bucket> overflow;  // one a class
    std::int64_t swept_at_ms = 0;
  };

  [[nodiscard]] double refilled(const Bucket& bucket, std::size_t rate_class,
                                std::int64_t now_ms) const noexcept;
  Bucket& bucket_of(State& state, const Key& key, std::int64_t now_ms);
  void sweep(State& state, std::int64_t now_ms);

  std::vector<RateClass> classes_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::vector<Metric*> refused_;
  const Clock& clock_;
  Guarded<State> state_;
};

}  // namespace khien::http
