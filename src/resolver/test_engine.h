// An engine with a scripted upstream and virtual time, for tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "dns/edns.h"
#include "dns/rdata.h"
#include "dns/writer.h"
#include "policy/test_names.h"
#include "resolver/engine.h"

namespace khien::resolver {

struct TestAnswer {
  std::uint16_t rcode = 0;
  std::vector<dns::Record> answers = {};
  std::vector<dns::Record> authorities = {};
  std::vector<dns::Record> additionals = {};
  bool truncated = false;
  bool authentic = false;                     // AD, if the question asks for it
  std::vector<dns::EdnsOption> options = {};  // borrowed
  std::optional<std::uint16_t> ede_code = {};
  std::string ede_text = {};
};

/// How one upstream of a test behaves; answers are those of all.
struct TestServer {
  bool silent = false;
  bool unreachable = false;
  bool no_tcp = false;
  std::int64_t delay_ms = 0;
  std::uint16_t rcode = 0;  // says this to everything
  int spoofed_ids = 0;      // so many forged answers with wrong ids come first
  enum class Trick : std::uint8_t {
    none,
    lower_case,      // writes the question in small letters
    wrong_question,  // answers another name
    wrong_port,      // answers from elsewhere: to another socket of ours
    rubbish,         // the right head, and octets that are no record
    cut,             // the message ends in the middle
    no_edns,         // FORMERR to EDNS
    bare_formerr,    // the same, as nothing but a header
    lies,            // QR, opcode and reserved bits wrong
    flags,           // AA, AD, CD and the reserved bit set
    extras,          // records of other names in authority and additional
    truncates_tcp    // TC over TCP, too
  };
  Trick trick = Trick::none;
};

inline dns::Name test_name(std::string_view text) {
  auto name = dns::Name::from_text(text);
  KHIEN_ASSERT(name.has_value());
  return std::move(*name);
}

inline dns::Record test_record(std::string_view owner, std::string_view type, std::uint32_t ttl,
                               std::string_view data) {
  const auto number = dns::type_from_text(type);
  KHIEN_ASSERT(number.has_value());
  std::vector<std::string_view> tokens;
  for (std::size_t at = 0; at < data.size();) {
    const auto end = std::min(data.find(' ', at), data.size());
    tokens.push_back(data.substr(at, end - at));
    at = end + 1;
  }
  auto rdata = dns::rdata_from_text(*number, tokens, dns::Name{});
  KHIEN_ASSERT(rdata.has_value());
  return {.owner = test_name(owner), .type = *number, .ttl = ttl, .rdata = std::move(*rdata)};
}

struct TestQuery {
  std::string name;
  std::string type = "A";
  std::uint16_t qclass = dns::class_in;
  std::uint16_t flags = dns::flag_rd;
  bool edns = true;
  bool dnssec_ok = false;
  std::uint16_t payload_size = 1232;
  std::uint8_t version = 0;
  std::uint16_t id = 0x1234;
  std::vector<std::pair<std::uint16_t, Octets>> options = {};
};

inline Octets packet_of(const TestQuery& query) {
  Octets out;
  for (const std::uint16_t value :
       {query.id, query.flags, std::uint16_t{1}, std::uint16_t{0}, std::uint16_t{0},
        static_cast<std::uint16_t>(query.edns ? 1 : 0)}) {
    dns::append_u16(out, value);
  }
  const auto name = test_name(query.name);
  out.insert(out.end(), name.wire().begin(), name.wire().end());
  dns::append_u16(out, dns::type_from_text(query.type).value());
  dns::append_u16(out, query.qclass);
  if (query.edns) {
    out.push_back(0);
    dns::append_u16(out, dns::type_opt);
    dns::append_u16(out, query.payload_size);
    out.push_back(0);
    out.push_back(query.version);
    dns::append_u16(out, query.dnssec_ok ? 0x8000 : 0);
    Octets options;
    for (const auto& [code, data] : query.options) {
      dns::append_u16(options, code);
      dns::append_u16(options, static_cast<std::uint16_t>(data.size()));
      options.insert(options.end(), data.begin(), data.end());
    }
    dns::append_u16(out, static_cast<std::uint16_t>(options.size()));
    out.insert(out.end(), options.begin(), options.end());
  }
  return out;
}

/// Publishes the rules of `rules` with what `source` says of `name` replaced.
inline void publish_rule(Snapshot<policy::Rules>& rules, policy::Source source,
                         std::string_view name, const policy::RuleClass& rule_class) {
  auto next = std::make_shared<policy::Rules>(*rules.get());
  const policy::NameKey key{policy::wire_of(name), next->key()};
  auto& known = next->deltas[policy::shard_of(key)];
  auto delta = known != nullptr ? *known : policy::NameTable{next->key()};
  const policy::RuleClass merged =
      next->class_of(key).without(policy::mask_of(source)).joined(rule_class);
  ASSERT_TRUE(delta.set(key, merged).has_value());
  known = std::make_shared<const policy::NameTable>(std::move(delta));
  rules.publish(std::move(next));
}

class TestEngine final : public EngineSink {
 public:
  struct Asked {
    Ask ask;
    Octets query;
    std::uint16_t port;
    std::int64_t answer_at_ms;
  };

  /// `rules` to begin with; none is no rule.
  explicit TestEngine(EngineOptions options = {}, std::uint64_t seed = 1,
                      std::shared_ptr<const policy::Rules> rules = nullptr)
      : rng_(seed), rules_(rules ? std::move(rules) : policy::Rules::none(rng_)) {
    if (options.routes.empty()) options.routes = {{.zone = {0}, .upstreams = {0}}};
    options.cache_size = cache_size_min;
    if (options.networks == nullptr) {
      networks_.publish(policy::NetworkPolicies::one(options.policy));
      options.networks = &networks_;
    }
    engine_ = std::make_unique<Engine>(std::move(options), rules_, ready_, rng_, *this, counters_);
    engine_->begin_batch(now_ms_);
  }

  void answer(const ClientRef& client, Bytes message) override {
    late_answers_.push_back(to_octets(message));
    late_clients_.push_back(client);
  }
  std::optional<std::uint16_t> ask(const Ask& ask, Bytes query) override {
    ++asked_count_;
    const TestServer& server = servers_[ask.upstream];
    if (unreachable_ || server.unreachable || (ask.over_tcp && server.no_tcp)) return std::nullopt;
    asked_.push_back({.ask = ask,
                      .query = to_octets(query),
                      .port = static_cast<std::uint16_t>(rng_.below(8)),
                      .answer_at_ms = now_ms_ + server.delay_ms});
    return asked_.back().port;
  }
  std::size_t notify(Bytes, const ClientRef&, std::span<std::uint8_t>) override { return 0; }

  void rule(policy::Source source, std::string_view name, const policy::RuleClass& rule_class) {
    publish_rule(rules_, source, name, rule_class);
  }
  void block(std::string_view source_id, std::string_view name) {
    const auto source = policy::source_named(source_id);
    rule(source, name, {.exact = policy::mask_of(source), .below = policy::mask_of(source)});
  }
  void lift(std::string_view source_id, std::string_view name) {
    rule(policy::source_named(source_id), name, {});
  }

  /// The answer, now or after the upstream's, or empty.
  Octets query(const TestQuery& query, Transport transport = Transport::udp) {
    return send(packet_of(query), transport);
  }
  Octets send(Bytes packet, Transport transport = Transport::udp) {
    engine_->begin_batch(now_ms_);
    engine_->prepare(packet, transport, prepared_);
    late_answers_.clear();
    late_clients_.clear();
    Octets out(transport == Transport::udp ? udp_answer_size_max : dns::message_size_max);
    const std::size_t size = engine_->handle(prepared_, transport, client_, out);
    if (size != 0) {
      out.resize(size);
      return out;
    }
    if (!silent_) pump();
    return late_answers_.empty() ? Octets{} : late_answers_.front();
  }

  /// Lets the upstreams answer what was asked, as far as its time has come.
  void pump() {
    engine_->begin_batch(now_ms_);
    const auto is_due = [&](const Asked& asked) {
      return !servers_[asked.ask.upstream].silent && asked.answer_at_ms <= now_ms_;
    };
    while (true) {
      const auto next = std::ranges::find_if(asked_, is_due);
      if (next == asked_.end()) return;
      const Asked asked = *next;
      asked_.erase(next);
      reply(asked, servers_[asked.ask.upstream]);
    }
  }
  void give(const Asked& asked, Octets message) {
    engine_->upstream_answered(asked.port, asked.ask.over_tcp, message);
  }
  void reply(const Asked& asked, const TestServer& server) {
    using Trick = TestServer::Trick;
    Octets message = upstream_message(asked);
    if (server.rcode != 0)
      message[3] = static_cast<std::uint8_t>((message[3] & 0xF0) | server.rcode);
    const std::size_t question_size = dns::question_end(*dns::parse_question(message));
    if (!asked.ask.over_tcp) {
      for (int i = 1; i <= server.spoofed_ids; ++i) {
        Octets forged = message;
        dns::store_u16(forged, 0, static_cast<std::uint16_t>(dns::load_u16(message, 0) + i));
        forged.back() ^= 1;
        give(asked, std::move(forged));
      }
    }
    switch (server.trick) {
      case Trick::none: break;
      case Trick::lower_case:
        for (std::size_t i = dns::header_size; i < question_size - 4; ++i) {
          if (message[i] >= 'A' && message[i] <= 'Z') message[i] |= 0x20;
        }
        break;
      case Trick::wrong_question: message[dns::header_size + 1] ^= 1; break;
      case Trick::wrong_port: {
        Asked other = asked;
        other.port = static_cast<std::uint16_t>(asked.port + 8);
        give(other, std::move(message));
        return;
      }
      case Trick::rubbish:
        message.resize(question_size);
        message.insert(message.end(), 40, 0xFF);
        message[7] = 1;
        break;
      case Trick::cut: message.resize(message.size() - 5); break;
      case Trick::no_edns:
      case Trick::bare_formerr:
        if (asked.query[11] == 0) break;
        message.resize(server.trick == Trick::no_edns ? question_size : dns::header_size);
        dns::store_u16(message, 2, dns::flag_qr | dns::rcode_formerr);
        dns::store_u16(message, 4, server.trick == Trick::no_edns ? 1 : 0);
        for (const std::size_t at : {6U, 8U, 10U}) dns::store_u16(message, at, 0);
        break;
      case Trick::lies: message[2] = static_cast<std::uint8_t>((message[2] & 0x07) | 0x28); break;
      case Trick::flags:
        message[2] |= 0x04;
        message[3] |= 0x70;
        break;
      case Trick::extras: {
        message = upstream_message(asked, true);
        break;
      }
      case Trick::truncates_tcp: message[2] |= 0x02; break;
    }
    give(asked, std::move(message));
  }
  Octets upstream_message(const Asked& asked, bool extras = false) {
    const auto question = dns::parse_question(asked.query);
    KHIEN_ASSERT(question.has_value());
    const auto found = upstream_.find(question->name().to_text().empty()
                                          ? std::string{}
                                          : key_of(dns::Name{question->name()}, question->qtype));
    TestAnswer answer =
        found == upstream_.end() ? TestAnswer{.rcode = dns::rcode_nxdomain} : found->second;
    Octets buffer(dns::message_size_max);
    dns::MessageWriter writer{buffer, buffer.size()};
    const bool truncated = answer.truncated && !asked.ask.over_tcp;
    const auto asked_edns = dns::find_edns(asked.query);
    const bool wants_ad = (dns::load_u16(asked.query, 2) & dns::flag_ad) != 0 ||
                          (asked_edns && *asked_edns && (*asked_edns)->dnssec_ok);
    const bool authentic = answer.authentic && wants_ad;
    writer.begin(dns::load_u16(asked.query, 0),
                 static_cast<std::uint16_t>(dns::flag_qr | dns::flag_rd | dns::flag_ra |
                                            (answer.rcode & 0x0F) | (truncated ? dns::flag_tc : 0) |
                                            (authentic ? dns::flag_ad : 0)));
    KHIEN_ASSERT(writer.add_question(question->name(), question->qtype, question->qclass));
    if (!truncated) {
      for (const auto& record : answer.answers) {
        KHIEN_ASSERT(writer.add_record(dns::Section::answer, record));
      }
      for (const auto& record : answer.authorities) {
        KHIEN_ASSERT(writer.add_record(dns::Section::authority, record));
      }
      for (const auto& record : answer.additionals) {
        KHIEN_ASSERT(writer.add_record(dns::Section::additional, record));
      }
    }
    if (extras) {
      const auto at = test_record("bank.example", "A", 86'400, "198.51.100.66");
      KHIEN_ASSERT(writer.add_record(dns::Section::authority,
                                     test_record("example", "NS", 86'400, "ns.evil.test")));
      KHIEN_ASSERT(writer.add_record(dns::Section::additional, at));
    }
    std::array<std::uint8_t, 512> extended;
    if (answer.ede_code) {
      answer.options.push_back(dns::make_extended_error(
          {.info_code = *answer.ede_code, .text = answer.ede_text}, extended));
    }
    KHIEN_ASSERT(dns::add_edns(writer, {.rcode = answer.rcode, .options = answer.options}));
    buffer.resize(writer.size());
    return buffer;
  }
  static std::string key_of(const dns::Name& name, std::uint16_t type) {
    return name.lower().to_text() + "/" + dns::type_to_text(type);
  }
  TestAnswer& upstream(std::string_view name, std::string_view type) {
    return upstream_[key_of(test_name(name), dns::type_from_text(type).value())];
  }

  void pass_time(std::int64_t ms) {
    const std::int64_t end_ms = now_ms_ + ms;
    while (now_ms_ < end_ms) {
      const bool idle = engine_->in_flight() == 0 && asked_.empty();
      now_ms_ = idle ? end_ms : std::min(end_ms, now_ms_ + 10);
      engine_->begin_batch(now_ms_);
      engine_->tick();
      if (!silent_) pump();
    }
  }

  SeededRng rng_;
  Snapshot<policy::Rules> rules_;
  Snapshot<policy::NetworkPolicies> networks_;
  std::atomic<bool> ready_{true};
  Counters counters_{{.policies = true, .rules = true}};
  std::unique_ptr<Engine> engine_;
  Prepared prepared_;
  ClientRef client_;  // who asks
  std::map<std::string, TestAnswer> upstream_;
  std::map<std::uint16_t, TestServer> servers_;
  std::vector<Asked> asked_;
  std::vector<Octets> late_answers_;
  std::vector<ClientRef> late_clients_;  // whom each of them went to
  std::size_t asked_count_ = 0;
  bool silent_ = false;
  bool unreachable_ = false;
  std::int64_t now_ms_ = 1'000'000;
};

}  // namespace khien::resolver
