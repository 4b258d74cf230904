#include "probe/round.h"

#include <algorithm>

namespace khien::probe {
namespace {

constexpr std::size_t neighbour_labels_min = 2;  // a top-level domain is nobody's neighbour
constexpr std::size_t random_label_size = 12;
// The rest of a round is not asked when it has become this old.
constexpr std::int64_t asking_time_max_ms = round_time_max_ms - ms_per_minute;

Silence silence_of(const Error& error) noexcept {
  if (error.code == ErrorCode::timeout) return Silence::timeout;
  return error.code == ErrorCode::malformed ? Silence::malformed : Silence::unreachable;
}

class Round {
 public:
  Round(const Work& work, const RoundParts& parts)
      : work_(work),
        parts_(parts),
        start_ms_(parts.clock.steady_ms()),
        interval_ms_(1'000 / std::max<std::int64_t>(work.questions_a_second, 1)) {
    for (const auto& name : work_.names) siblings_.push_back(sibling_of(name.name));
  }

  Result<Statement> run() {
    Statement statement{.run = work_.id,
                        .from_ms = parts_.clock.now_ms(),
                        .program = parts_.program,
                        .resolvers = {}};
    for (std::size_t i = 0; i < work_.resolvers.size(); ++i) {
      statement.resolvers.push_back(ask_resolver(i));
      if (ended_) return tl::unexpected<Error>{*ended_};
    }
    if (work_.control) {
      ResolverTold control{.resolver = *work_.control};
      silences_ = 0;
      for (std::size_t i = 0; i < work_.names.size(); ++i) {
        control.names.push_back(ask_name(*work_.control, i));
      }
      statement.control = std::move(control);
    }
    if (ended_) return tl::unexpected<Error>{*ended_};
    statement.to_ms = std::max(parts_.clock.now_ms(), statement.from_ms);
    return statement;
  }

 private:
  ResolverTold ask_resolver(std::size_t index) {
    const auto& resolver = work_.resolvers[index];
    ResolverTold told{.resolver = resolver};
    silences_ = 0;
    for (const auto& name : work_.canaries) {
      told.canaries.push_back({.name = name, .told = ask(resolver, name)});
    }
    for (const auto& zone : work_.zones) {
      const auto seen = ask(resolver, zone, dns::type_soa);
      if (seen && seen->soa_serial)
        told.serials.push_back({.zone = zone, .serial = *seen->soa_serial});
    }
    if (work_.nonce) {
      told.nonce = ask(resolver, nonce_name(*work_.nonce, index), dns::type_txt);
    }
    for (std::size_t i = 0; i < work_.names.size(); ++i) {
      told.names.push_back(ask_name(resolver, i));
    }
    return told;
  }

  NameTold ask_name(const net::SocketAddress& resolver, std::size_t index) {
    const auto& name = work_.names[index];
    NameTold told{.name = name.name, .told = ask(resolver, name.name)};
    if (name.neighbours == Neighbours::leave) return told;
    const auto dot = name.name.find('.');
    const auto parent = dot == std::string::npos ? std::string{} : name.name.substr(dot + 1);
    const auto dots = static_cast<std::size_t>(std::ranges::count(parent, '.'));
    if (dots + 1 < neighbour_labels_min) return told;
    told.parent = ask(resolver, parent);
    told.sibling = ask(resolver, siblings_[index]);
    return told;
  }

  Told ask(const net::SocketAddress& resolver, const std::string& name,
           std::uint16_t qtype = dns::type_a) {
    if (ended_ || silences_ >= silences_max || !is_time_left()) {
      return tl::unexpected(Silence::not_asked);
    }
    auto qname = dns::Name::from_text(name);
    if (!qname) return tl::unexpected(Silence::not_asked);  // 255 octets with a label in front
    Ask question{.resolver = resolver,
                 .name = std::move(*qname),
                 .qtype = qtype,
                 .timeout_ms = static_cast<int>(work_.timeout_ms)};
    auto seen = ask_at_pace(question);
    if (!ended_ && (!seen || seen->truncated)) {
      question.transport = Transport::tcp;
      seen = ask_at_pace(question);
    }
    silences_ = seen ? 0 : silences_ + 1;
    if (!seen) return tl::unexpected(silence_of(seen.error()));
    return std::move(*seen);
  }

  Result<Observation> ask_at_pace(const Ask& question) {
    const std::int64_t now_ms = parts_.clock.steady_ms();
    const std::int64_t wait_ms = std::max<std::int64_t>(next_ms_ - now_ms, 0);
    if (!parts_.pause(wait_ms)) {
      ended_ = Error{ErrorCode::unavailable, "stopping", "stopping"};
      return tl::unexpected<Error>{*ended_};
    }
    next_ms_ = parts_.clock.steady_ms() + interval_ms_;
    return parts_.ask(question);
  }

  [[nodiscard]] bool is_time_left() const {
    return parts_.clock.steady_ms() - start_ms_ < asking_time_max_ms;
  }

  std::string sibling_of(const std::string& name) {
    std::string label = "probe-";
    for (std::size_t i = 0; i < random_label_size; ++i) {
      label.push_back(static_cast<char>('a' + parts_.rng.below(26)));
    }
    const auto dot = name.find('.');
    return dot == std::string::npos ? label : label + name.substr(dot);
  }

  const Work& work_;
  const RoundParts& parts_;
  std::int64_t start_ms_;
  std::int64_t interval_ms_;
  std::int64_t next_ms_ = 0;
  int silences_ = 0;
  std::vector<std::string> siblings_;  // the same for every resolver and for the control
  std::optional<Error> ended_;
};

}  // namespace

std::string nonce_name(std::string_view nonce, std::size_t resolver_index) {
  return "r" + std::to_string(resolver_index) + "." + std::string{nonce};
}

Result<Statement> run_round(const Work& work, const RoundParts& parts) {
  return Round{work, parts}.run();
}

}  // namespace khien::probe
