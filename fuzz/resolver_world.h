// An engine with a few rules and no network, for fuzzers; and what every answer to a client keeps
// to, whatever came in.
#pragma once

#include <algorithm>

#include "base/assert.h"
#include "dns/edns.h"
#include "dns/message.h"
#include "resolver/engine.h"

namespace khien::fuzz {

class ResolverWorld final : public resolver::EngineSink {
 public:
  ResolverWorld() : rules_(make_rules(rng_)) {
    resolver::EngineOptions options;
    options.block = {.base_url = "https://khien.example",
                     .contacts = {"mailto:hoi@khien.example"},
                     .organisation = "Truong \"Vi Du\""};
    options.routes = {{.zone = {0}, .upstreams = {0}}};
    options.cache_size = resolver::cache_size_min;
    options.cookies = &cookies_;
    client_.source = policy::AddressKey::v4(0xC000'0201);
    engine_ = std::make_unique<resolver::Engine>(std::move(options), rules_, ready_, rng_, *this,
                                                 counters_);
    engine_->begin_batch(now_ms_);
  }

  /// Asks as a client does; everything that comes back is checked.
  void query(Bytes packet, resolver::Transport transport) {
    query_ = resolver::read_query(packet, transport);
    packet_ = packet;
    engine_->prepare(packet, transport, prepared_);
    out_.resize(transport == resolver::Transport::udp ? resolver::udp_answer_size_max
                                                      : dns::message_size_max);
    const std::size_t size = engine_->handle(prepared_, transport, client_, out_);
    if (size != 0) check(Bytes{out_}.first(size));
  }
  void upstream_answers(std::span<std::uint8_t> message) {
    engine_->upstream_answered(port, false, message);
  }
  /// What was asked of the upstream last, or empty.
  [[nodiscard]] Bytes asked() const noexcept { return asked_; }
  /// Lets everything under way be given up.
  void pass_time() {
    for (int i = 0; i < 200 && engine_->in_flight() != 0; ++i) {
      engine_->begin_batch(now_ms_ += 50);
      engine_->tick();
    }
  }

  void answer(const resolver::ClientRef&, Bytes message) override { check(message); }
  std::optional<std::uint16_t> ask(const resolver::Ask&, Bytes query) override {
    // Nothing of the client's but name, type, DO and CD goes upstream.
    const auto edns = dns::find_edns(query);
    KHIEN_ASSERT(edns.has_value() && (!*edns || find_client_option(**edns) == false));
    asked_ = to_octets(query);
    return port;
  }
  std::size_t notify(Bytes, const resolver::ClientRef&, std::span<std::uint8_t>) override {
    return 0;
  }

 private:
  static constexpr std::uint16_t port = 7;

  static bool find_client_option(const dns::Edns& edns) {
    return dns::find_option(edns, dns::option_cookie) ||
           dns::find_option(edns, dns::option_client_subnet);
  }

  static std::shared_ptr<const policy::Rules> make_rules(Rng& rng) {
    auto rules = std::make_shared<policy::Rules>(*policy::Rules::none(rng));
    policy::NameTable table{rules->key()};
    const Octets blocked{3, 'x', 'a', 'u', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0};
    const auto source = policy::source_of(Basis::feeds, Category::phishing);
    const policy::SourceMask mask = policy::mask_of(*source);
    KHIEN_ASSERT(table.set(policy::NameKey{blocked, rules->key()}, {.exact = mask, .below = mask})
                     .has_value());
    rules->base = policy::RuleSet::from_table(std::move(table), {}, 0);
    return rules;
  }

  void check(Bytes answer) {
    KHIEN_ASSERT(query_.fault != resolver::Fault::drop);
    KHIEN_ASSERT(answer.size() <= query_.answer_size_max);
    const auto message = dns::parse_message(answer);
    KHIEN_ASSERT(message.has_value());
    KHIEN_ASSERT(message->header.is_response() && message->header.id == query_.header.id);
    if (query_.has_question && query_.fault == resolver::Fault::none) {
      const std::size_t size = dns::question_end(query_.question) - dns::header_size;
      KHIEN_ASSERT(answer.size() >= dns::header_size + size);
      KHIEN_ASSERT(std::ranges::equal(answer.subspan(dns::header_size, size),
                                      packet_.subspan(dns::header_size, size)));
    }
    const auto edns = dns::find_edns(answer);
    KHIEN_ASSERT(edns.has_value() && edns->has_value() == query_.has_edns);
    if (!*edns) return;
    for (Bytes options = (*edns)->options; !options.empty();) {
      const std::uint16_t code = dns::load_u16(options, 0);
      KHIEN_ASSERT(code == dns::option_extended_error || code == dns::option_cookie ||
                   (code == dns::option_padding && query_.wants_padding));
      options = options.subspan(4 + std::size_t{dns::load_u16(options, 2)});
    }
  }

  SeededRng rng_{1};
  ManualClock clock_;
  Snapshot<resolver::Cookies> cookies_{
      std::make_shared<const resolver::Cookies>(resolver::CookieSecrets{.current = {1}}, clock_)};
  Snapshot<policy::Rules> rules_;
  std::atomic<bool> ready_{true};
  resolver::Counters counters_;
  resolver::ClientRef client_;
  std::unique_ptr<resolver::Engine> engine_;
  resolver::Prepared prepared_;
  resolver::ClientQuery query_;
  Bytes packet_;
  Octets out_;
  Octets asked_;
  std::int64_t now_ms_ = 1'000'000;
};

}  // namespace khien::fuzz
