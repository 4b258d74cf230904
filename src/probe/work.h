// What khiend asks a probe to look at in one round (docs/formats/probe-work.md). Pure: values and
// their JSON, read strictly, because a probe believes no more than this.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "codec/json.h"
#include "net/address.h"
#include "probe/judge.h"

namespace khien::probe {

constexpr std::size_t work_size_max = 256UL * 1024;  // octets
constexpr std::size_t work_names_max = 200;
constexpr std::size_t work_resolvers_max = 8;
constexpr std::size_t work_canaries_max = 8;
constexpr std::size_t work_zones_max = 64;
constexpr std::int64_t questions_a_second_max = 20;  // whatever khiend says
constexpr std::int64_t round_interval_min_s = 30;
constexpr std::int64_t round_interval_max_s = 3'600;
constexpr std::int64_t question_timeout_max_ms = 5'000;

/// Whether the name's parent and a random name beside it are asked about, too.
enum class Neighbours : std::uint8_t { leave, ask };

struct WorkName {
  std::string name;  ///< A-labels, lower case, no final dot
  Expected expected = Expected::blocked;
  Neighbours neighbours = Neighbours::leave;
};

struct Work {
  std::string id;  ///< of the round: 26 characters
  std::int64_t next_s = 300;
  std::int64_t questions_a_second = 10;
  std::int64_t timeout_ms = 2'000;
  std::vector<net::SocketAddress> resolvers;
  /// A resolver of ours, to tell a name that is gone for everybody from one that is blocked.
  std::optional<net::SocketAddress> control = {};
  std::vector<WorkName> names;
  std::vector<std::string> canaries;  ///< good names that every working line resolves
  std::vector<std::string> zones;     ///< whose serials are asked for
  /// A name below which each resolver is asked for one of its own, once; nothing without it.
  std::optional<std::string> nonce = {};
};

[[nodiscard]] codec::Json to_json(const Work& work);
/// malformed "bad_work" with what is wrong; limit_exceeded.
[[nodiscard]] Result<Work> parse_work(std::string_view text);

[[nodiscard]] std::string_view to_string(Expected expected) noexcept;
[[nodiscard]] std::optional<Expected> parse_expected(std::string_view word) noexcept;
/// True for A-labels in lower case without a final dot that fit DNS.
[[nodiscard]] bool is_plain_name(std::string_view name) noexcept;

}  // namespace khien::probe
