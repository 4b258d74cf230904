// Whatever upstreams say to the engine, in any order: messages, each behind its size as 16 bits and
// an octet that says how much of it is made right (bit 0: the id, 1: the question, 2: the port, 3:
// come over TCP, 4: time passes first, 5: the network fails instead), so that the fuzzer gets
// behind the checks. Clients must get one sound answer each, and nothing may stay for ever.
#include "base/assert.h"
#include "dns/message.h"
#include "resolver/engine.h"

using namespace khien;
using namespace khien::resolver;

namespace {

class Upstreams final : public EngineSink {
 public:
  void answer(const ClientRef& client, Bytes message) override {
    KHIEN_ASSERT(message.size() <= udp_answer_size_max);
    const auto parsed = dns::parse_message(message);
    KHIEN_ASSERT(parsed.has_value() && parsed->header.is_response());
    KHIEN_ASSERT(parsed->header.id == client.connection);
    ++answers;
  }
  std::optional<std::uint16_t> ask(const Ask& ask, Bytes query) override {
    KHIEN_ASSERT(dns::parse_message(query).has_value());
    ++asked;
    over_tcp = ask.over_tcp;
    last.assign(query.begin(), query.end());
    return port;
  }
  std::size_t notify(Bytes, const ClientRef&, std::span<std::uint8_t>) override { return 0; }

  static constexpr std::uint16_t port = 3;
  std::size_t answers = 0;
  std::size_t asked = 0;
  bool over_tcp = false;
  Octets last;
};

constexpr std::uint16_t client_id = 0x4711;

Octets client_query() {
  Octets out;
  for (const std::uint16_t value : {client_id, dns::flag_rd, std::uint16_t{1}, std::uint16_t{0},
                                    std::uint16_t{0}, std::uint16_t{0}}) {
    dns::append_u16(out, value);
  }
  const auto name = *dns::Name::from_text("www.fuzz.example");
  out.insert(out.end(), name.wire().begin(), name.wire().end());
  dns::append_u16(out, 1);
  dns::append_u16(out, dns::class_in);
  return out;
}

// The fuzzer's message with as much of the truth as `right` says.
Octets reply_of(Bytes message, std::uint8_t right, Bytes asked) {
  Octets out = to_octets(message);
  const std::size_t question_end = dns::question_end(*dns::parse_question(asked));
  if ((right & 2) != 0) {
    out.resize(std::max(out.size(), dns::header_size));
    out[2] = static_cast<std::uint8_t>((out[2] | 0x80) & 0x87);
    dns::store_u16(out, 4, 1);
    out.insert(out.begin() + dns::header_size, asked.begin() + dns::header_size,
               asked.begin() + static_cast<std::ptrdiff_t>(question_end));
  }
  if ((right & 1) != 0 && out.size() >= 2) dns::store_u16(out, 0, dns::load_u16(asked, 0));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  SeededRng rng{1};
  Snapshot<policy::Rules> rules{policy::Rules::none(rng)};
  const std::atomic<bool> ready{true};
  Upstreams sink;
  Counters counters;
  Engine engine{{.routes = {{.zone = {0}, .upstreams = {0, 1}}}, .cache_size = cache_size_min},
                rules,
                ready,
                rng,
                sink,
                counters};
  std::int64_t now_ms = 1'000'000;
  engine.begin_batch(now_ms);
  const Octets query = client_query();
  Prepared prepared;
  engine.prepare(query, Transport::udp, prepared);
  ClientRef client;
  client.connection = client_id;
  std::array<std::uint8_t, udp_answer_size_max> out;
  KHIEN_ASSERT(engine.handle(prepared, Transport::udp, client, out) == 0);

  for (Bytes rest{data, size}; rest.size() >= 3;) {
    const std::uint8_t right = rest[0];
    const std::size_t wanted = std::min<std::size_t>(dns::load_u16(rest, 1), rest.size() - 3);
    if ((right & 16) != 0) engine.begin_batch(now_ms += 90), engine.tick();
    const std::uint16_t port = (right & 4) != 0 ? Upstreams::port : std::uint16_t{9};
    if ((right & 32) != 0) {
      engine.upstream_failed(port, (right & 8) != 0);
    } else {
      Octets message = reply_of(rest.subspan(3, wanted), right, sink.last);
      engine.upstream_answered(port, (right & 8) != 0, message);
    }
    rest = rest.subspan(3 + wanted);
  }
  for (int i = 0; i < 100; ++i) engine.begin_batch(now_ms += 100), engine.tick();
  KHIEN_ASSERT(engine.in_flight() == 0);
  KHIEN_ASSERT(sink.answers == 1);
  KHIEN_ASSERT(sink.asked <= attempts_max);
  return 0;
}
