// The user-space path of a query without sockets, for counting instructions: bench_dns_path CASE N
// builds 100,000 rules from a seed, warms up, and runs N queries of CASE inside measured_queries(),
// which callgrind is told to collect (bench/dns_path.sh). The queries go in batches of 32, as the
// worker's do. Prints what came, so that a case that answers something else is seen. With a policy
// document (bench/make_policies.py) the clients come from all over 127.0.0.0/8.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/file.h"
#include "dns/message.h"
#include "dns/writer.h"
#include "policy/list_text.h"
#include "policy/policy_document.h"
#include "resolver/engine.h"

using namespace khien;

namespace {

constexpr std::size_t rule_count = 100'000;
constexpr std::size_t query_count = 4'096;
constexpr std::size_t batch_size = 32;
constexpr std::int64_t start_ms = 1'000'000;

std::string make_name(std::uint64_t number, std::string_view zone) {
  SeededRng rng{number};
  std::string name;
  for (std::size_t left = 5 + rng.below(10); left > 0; --left) {
    name.push_back(static_cast<char>('a' + rng.below(26)));
  }
  return name + std::to_string(number % 97) + "." + std::string{zone};
}

struct CaseOptions {
  bool blocked = false;
  bool below = false;  // asks for www. below what is listed
  bool edns = false;
  bool cname = false;  // the answer leads over a second name
  bool cached = false;
  bool seen = false;  // every query is an observation for those who look for new names
};

std::optional<CaseOptions> options_of(std::string_view name) {
  if (name == "blocked") return CaseOptions{.blocked = true};
  if (name == "blocked_below") return CaseOptions{.blocked = true, .below = true};
  if (name == "blocked_edns") return CaseOptions{.blocked = true, .edns = true};
  if (name == "cached") return CaseOptions{.cached = true};
  if (name == "cached_edns") return CaseOptions{.edns = true, .cached = true};
  if (name == "cached_cname") return CaseOptions{.cname = true, .cached = true};
  if (name == "cached_seen") return CaseOptions{.cached = true, .seen = true};
  if (name == "forwarded") return CaseOptions{};
  return std::nullopt;
}

Octets packet_of(const std::string& name, bool edns) {
  std::array<std::uint8_t, policy::key_name_size_max> wire{};
  const auto size = policy::host_to_wire(name, wire);
  KHIEN_ASSERT(size.has_value());
  Octets out;
  for (const int value : {0x1234, int{dns::flag_rd}, 1, 0, 0, edns ? 1 : 0}) {
    dns::append_u16(out, static_cast<std::uint16_t>(value));
  }
  out.insert(out.end(), wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(*size));
  dns::append_u16(out, dns::type_a);
  dns::append_u16(out, dns::class_in);
  if (edns) {
    const std::array<std::uint8_t, 11> opt{0, 0, 41, 0x04, 0xD0, 0, 0, 0, 0, 0, 0};
    out.insert(out.end(), opt.begin(), opt.end());
  }
  return out;
}

// Answers each upstream query with one address, behind a CNAME if the case wants one.
class Upstream final : public resolver::EngineSink {
 public:
  explicit Upstream(bool with_cname) : with_cname_(with_cname), answer_(dns::message_size_max) {}

  void answer(const resolver::ClientRef&, Bytes message) override { count(message); }
  std::optional<std::uint16_t> ask(const resolver::Ask&, Bytes query) override {
    waiting_.push_back(to_octets(query));
    return port;
  }
  std::size_t notify(Bytes, const resolver::ClientRef&, std::span<std::uint8_t>) override {
    return 0;
  }

  void deliver(resolver::Engine& engine) {
    for (const Octets& query : waiting_) {
      const auto question = dns::parse_question(query);
      KHIEN_ASSERT(question.has_value());
      dns::MessageWriter writer{answer_, answer_.size()};
      writer.begin(dns::load_u16(query, 0), dns::flag_qr | dns::flag_rd | dns::flag_ra);
      KHIEN_ASSERT(writer.add_question(question->name(), question->qtype, question->qclass));
      const auto alias = dns::Name::from_text("edge.cdn.example");
      const std::array<std::uint8_t, 4> address{192, 0, 2, 1};
      if (with_cname_) {
        KHIEN_ASSERT(writer.add_record(dns::Section::answer, question->name(),
                                       {.type = dns::type_cname, .ttl = 3'600}, alias->wire()));
      }
      KHIEN_ASSERT(writer.add_record(dns::Section::answer,
                                     with_cname_ ? alias->view() : question->name(),
                                     {.type = dns::type_a, .ttl = 3'600}, address));
      engine.upstream_answered(port, false, std::span{answer_}.first(writer.size()));
    }
    waiting_.clear();
  }
  void count(Bytes message) noexcept { ++rcodes[dns::load_u16(message, 2) & 0x0F]; }

  std::array<std::size_t, 16> rcodes{};

 private:
  static constexpr std::uint16_t port = 1;
  bool with_cname_;
  Octets answer_;
  std::vector<Octets> waiting_;
};

struct World {
  std::vector<Octets> queries;
  resolver::Engine* engine;
  Upstream* upstream;
  std::vector<resolver::Prepared> prepared{batch_size};
  Octets out = Octets(resolver::udp_answer_size_max);
};

void run_queries(World& world, std::size_t count) {
  resolver::ClientRef client{};
  for (std::size_t at = 0; at < count; at += batch_size) {
    world.engine->begin_batch(start_ms);
    for (std::size_t i = 0; i < batch_size; ++i) {
      world.engine->prepare(world.queries[(at + i) % world.queries.size()],
                            resolver::Transport::udp, world.prepared[i]);
    }
    world.engine->look_ahead(world.prepared);
    for (std::size_t i = 0; i < batch_size; ++i) {
      // A step that visits 127.0.0.0/8 in no order that a cache likes.
      const auto host = static_cast<std::uint32_t>((at + i) * 0x9E'3779 & 0xFF'FFFF);
      client.source = policy::AddressKey::v4(0x7F00'0000 | host);
      const std::size_t size =
          world.engine->handle(world.prepared[i], resolver::Transport::udp, client, world.out);
      if (size != 0) world.upstream->count(Bytes{world.out}.first(size));
    }
    world.upstream->deliver(*world.engine);
  }
}

}  // namespace

// Its name is what callgrind looks for.
extern "C" __attribute__((noinline)) void measured_queries(World& world, std::size_t count) {
  run_queries(world, count);
}

int main(int argc, char** argv) {
  const bool usable = argc == 3 || argc == 4;
  const auto options = usable ? options_of(argv[1]) : std::nullopt;
  const std::size_t count = usable ? std::strtoul(argv[2], nullptr, 10) : 0;
  if (!options || count == 0 || count % batch_size != 0) {
    std::fprintf(
        stderr,
        "usage: bench_dns_path CASE N [POLICIES]: N a multiple of %zu; CASE one of blocked "
        "blocked_below blocked_edns cached cached_edns cached_cname cached_seen forwarded\n",
        batch_size);
    return 64;
  }
  SeededRng rng{1};
  const policy::HashKey key = policy::HashKey::random(rng);
  policy::NameTable table{key};
  std::string list;
  for (std::size_t i = 0; i < rule_count; ++i) list += make_name(i, "test") + "\n";
  const auto phishing = policy::parse_source("feeds-phishing");
  const auto added = policy::add_list(table, list, *phishing);
  KHIEN_ASSERT(added.has_value());
  auto rules = std::make_shared<policy::Rules>();
  rules->base = policy::RuleSet::from_table(std::move(table), {}, 0);
  Snapshot<policy::Rules> published{std::move(rules)};
  Snapshot<policy::NetworkPolicies> networks{policy::NetworkPolicies::one({})};
  if (argc == 4) {
    const auto document = read_file(argv[3], policy::policy_document_size_max);
    KHIEN_ASSERT(document.has_value());
    const policy::PolicyDocumentContext context{.key = key};
    const auto book = policy::read_policies(as_text(*document), context);
    KHIEN_ASSERT(book.has_value());
    networks.publish(policy::in_force(**book, 0, nullptr));
  }

  World world;
  const std::size_t distinct = options->cached || options->blocked ? query_count : count;
  for (std::size_t i = 0; i < distinct; ++i) {
    std::string name = options->blocked ? make_name(i * (rule_count / query_count), "test")
                                        : "www." + make_name(i, "example");
    if (options->below) name = "www." + name;
    world.queries.push_back(packet_of(name, options->edns));
  }
  const std::atomic<bool> ready{true};
  resolver::SeenRing seen{key, 4, std::size_t{1} << 15};  // holds a run's
  Upstream upstream{options->cname};
  resolver::Counters counters{{.policies = true, .rules = true}};
  resolver::EngineOptions engine_options{
      .networks = &networks,
      .block = {.base_url = "https://khien.example"},
      .routes = {{.zone = {0}, .upstreams = {0}}},
      .seen = options->seen ? &seen : nullptr,
  };
  resolver::Engine engine{std::move(engine_options), published, ready, rng, upstream, counters};
  world.engine = &engine;
  world.upstream = &upstream;
  if (options->cached || options->blocked) run_queries(world, query_count);  // warms up
  upstream.rcodes = {};
  measured_queries(world, count);
  std::printf("noerror=%zu servfail=%zu nxdomain=%zu\n", upstream.rcodes[0], upstream.rcodes[2],
              upstream.rcodes[3]);
  return 0;
}
