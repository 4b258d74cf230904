// What a probe saw in one round (docs/formats/probe-results.md): answers as they came, without a
// judgement, so that khiend judges and can judge again. Pure: values and their JSON, read strictly.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "probe/work.h"

namespace khien::probe {

constexpr std::size_t statement_size_max = 1UL << 20U;  // octets
constexpr std::int64_t round_time_max_ms = 2 * ms_per_hour;
constexpr std::size_t program_size_max = 64;  // octets

/// Why there is no answer.
enum class Silence : std::uint8_t {
  timeout,
  unreachable,
  malformed,  ///< what came was no answer to the question
  not_asked,  ///< the resolver had been silent before
};
using Told = tl::expected<Observation, Silence>;

struct NameTold {
  std::string name;
  Told told = tl::unexpected(Silence::not_asked);
  std::optional<Told> parent = {};
  std::optional<Told> sibling = {};
};
struct SerialTold {
  std::string zone;
  std::int64_t serial = 0;
};
struct CanaryTold {
  std::string name;
  Told told = tl::unexpected(Silence::not_asked);
};
struct ResolverTold {
  net::SocketAddress resolver = {};
  std::vector<SerialTold> serials = {};  ///< of zones for which it said one
  std::vector<CanaryTold> canaries = {};
  std::optional<Told> nonce = {};
  std::vector<NameTold> names = {};
};

struct Statement {
  std::string run;  ///< Work::id
  InstantMs from_ms = 0;
  InstantMs to_ms = 0;
  std::string program;  ///< "khien-probe 0.4.0"
  std::vector<ResolverTold> resolvers;
  std::optional<ResolverTold> control = {};  ///< names and their parents alone
};

[[nodiscard]] codec::Json to_json(const Statement& statement);
/// malformed, with reasons "not_json", "bad_field", "unknown_field", "bad_version", "bad_time",
/// "too_many_rows"; limit_exceeded. Linear.
[[nodiscard]] Result<Statement> parse_statement(std::string_view text);

[[nodiscard]] std::string_view to_string(Silence silence) noexcept;

}  // namespace khien::probe
