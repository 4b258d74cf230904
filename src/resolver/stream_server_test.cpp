// Streams as clients see them: each transport, and what is under way at once.
#include "resolver/stream_server.h"

#include "base/log.h"
#include "codec/base64.h"
#include "policy/test_rare.h"
#include "resolver/length_framing.h"
#include "resolver/rule_store.h"
#include "resolver/test_http2.h"
#include "resolver/test_streams.h"

namespace khien::resolver {
namespace {

constexpr std::uint16_t option_keepalive = 11;

std::uint16_t rcode_of(Bytes message) {
  return static_cast<std::uint16_t>(dns::load_u16(message, 2) & 0x0F);
}

TEST_F(StreamServerTest, AnswersOverTcp) {
  start();
  auto client = plain();
  ASSERT_TRUE(client.say(with_length(refused_query())));
  const Octets message = answer(client);
  ASSERT_FALSE(message.empty());
  EXPECT_EQ(rcode_of(message), dns::rcode_refused);
  EXPECT_EQ(count(Count::streams_tcp), 1U);
}

TEST_F(StreamServerTest, AnswersOverTls) {
  start();
  for (const auto* alpn : {"dot", ""}) {
    auto client = encrypted(StreamKind::dot, alpn);
    (void)client.say(with_length(refused_query()));
    EXPECT_FALSE(answer(client).empty());
    EXPECT_EQ(client.socket().alpn(), alpn);
  }
  EXPECT_EQ(count(Count::streams_dot), 2U);
  EXPECT_EQ(count(Count::queries_dot), 2U);
  EXPECT_EQ(count(Count::tls_full), 2U);
}

TEST_F(StreamServerTest, AnswersOverHttps) {
  start();
  auto client = encrypted(StreamKind::doh, "h2");
  Octets octets = http2_hello();
  append(octets,
         octets_of(Http2Request{.path = "/dns-query?dns=" + codec::base64url(refused_query())}));
  (void)client.say(octets);
  Http2Reader reader;
  ASSERT_TRUE(until(client, [&] {
    reader.read(client.in);
    client.in.clear();
    return reader.answers[1].complete;
  }));
  EXPECT_EQ(reader.status(1), "200");
  EXPECT_EQ(rcode_of(reader.answers[1].body), dns::rcode_refused);
  EXPECT_EQ(count(Count::queries_doh), 1U);
}

TEST_F(StreamServerTest, SpeaksNothingButHttp2OverHttps) {
  start();
  auto client = encrypted(StreamKind::doh, "");
  (void)client.say(as_bytes("GET /dns-query HTTP/1.1\r\n\r\n"));
  EXPECT_TRUE(closes(client));
  EXPECT_EQ(count(Count::tls_no_alpn), 1U);
  auto other = encrypted(StreamKind::doh, "http/1.1");
  EXPECT_TRUE(closes(other));
  EXPECT_EQ(count(Count::tls_failed), 1U);
}

TEST_F(StreamServerTest, ResumesSessions) {
  start();
  net::TlsSessionMemory memory;
  for (int visit = 0; visit < 3; ++visit) {
    auto client = encrypted(StreamKind::dot, "dot", &memory);
    (void)client.say(with_length(refused_query()));
    ASSERT_FALSE(answer(client).empty());
  }
  EXPECT_EQ(count(Count::tls_full), 1U);
  EXPECT_EQ(count(Count::tls_resumed), 2U);
}

TEST_F(StreamServerTest, GrantsTheConnectionsOptions) {
  start();
  auto tcp = plain();
  (void)tcp.say(with_length(refused_query(option_keepalive)));
  const Octets told = answer(tcp);
  const auto edns = dns::find_edns(told);
  ASSERT_TRUE(edns.has_value() && edns->has_value());
  const auto option = dns::find_option(**edns, option_keepalive);
  ASSERT_TRUE(option.has_value());
  EXPECT_EQ(to_octets(option->data), (Octets{0, 100}));  // ten seconds

  (void)tcp.say(with_length(refused_query(dns::option_padding)));
  EXPECT_LT(answer(tcp).size(), answer_block_size);  // who listens sees everything anyway
  auto dot = encrypted(StreamKind::dot, "dot");
  (void)dot.say(with_length(refused_query(dns::option_padding)));
  EXPECT_EQ(answer(dot).size(), answer_block_size);
}

TEST_F(StreamServerTest, AnswersWhatItCanBeforeWhatItCannot) {
  start();
  auto client = encrypted(StreamKind::dot, "dot");
  // The first waits for an upstream that is silent.
  (void)client.say(with_length(packet_of({.name = "slow.example.", .id = 1})));
  (void)client.say(with_length(refused_query()));
  const Octets first = answer(client);
  ASSERT_FALSE(first.empty());
  EXPECT_EQ(rcode_of(first), dns::rcode_refused);
  for (int i = 0; i < 50; ++i) pass(100);
  const Octets second = answer(client);
  ASSERT_FALSE(second.empty());
  EXPECT_EQ(dns::load_u16(second, 0), 1);
  EXPECT_EQ(rcode_of(second), dns::rcode_servfail);
}

TEST_F(StreamServerTest, TakesSoManyQueriesAtOnceAndTheRestLater) {
  start({.idle_ms = 60'000});
  auto client = plain();
  const std::size_t asked = client_pipelined_max + 10;
  for (std::size_t i = 0; i < asked; ++i) {
    (void)client.say(with_length(packet_of(
        {.name = "n" + std::to_string(i) + ".example.", .id = static_cast<std::uint16_t>(i)})));
  }
  (void)until(client, [&] { return count(Count::queries_tcp) == client_pipelined_max; });
  serve(100);
  EXPECT_EQ(count(Count::queries_tcp), client_pipelined_max);
  for (int i = 0; i < 50; ++i) pass(100);
  EXPECT_TRUE(until(client, [&] { return count(Count::queries_tcp) == asked; }));
}

TEST_F(StreamServerTest, AnswersWhatItHasReadBeforeItEnds) {
  start();
  auto client = encrypted(StreamKind::dot, "dot");
  (void)client.say(with_length(packet_of({.name = "slow.example.", .id = 1})));
  ASSERT_TRUE(until(client, [&] { return count(Count::queries_dot) == 1; }));
  bool ended = false;
  server_->drain([&] { ended = true; });
  pass(100);
  EXPECT_FALSE(ended);  // the upstream may answer yet
  auto late = plain();
  (void)late.say(with_length(refused_query()));
  serve();
  EXPECT_EQ(count(Count::streams_tcp), 0U);
  pass(drain_ms);
  EXPECT_TRUE(ended);
}

TEST_F(StreamServerTest, EndsAtOnceWhenNothingIsUnderWay) {
  start();
  auto client = plain();
  (void)client.say(with_length(refused_query()));
  ASSERT_FALSE(answer(client).empty());
  bool ended = false;
  server_->drain([&] { ended = true; });
  pass(100);
  EXPECT_TRUE(ended);
}

// Who leaves a client of HTTP/2 tells it so, and which requests it has taken (RFC 9113
// section 6.8).
TEST_F(StreamServerTest, SaysGoodbyeOverHttps) {
  start();
  auto client = encrypted(StreamKind::doh, "h2");
  Octets octets = http2_hello();
  append(octets, octets_of(Http2Request{
                     .path = "/dns-query?dns=" +
                             codec::base64url(packet_of({.name = "slow.example.", .id = 1}))}));
  (void)client.say(octets);
  ASSERT_TRUE(until(client, [&] { return count(Count::queries_doh) == 1; }));
  bool ended = false;
  server_->drain([&] { ended = true; });
  Http2Reader reader;
  ASSERT_TRUE(until(client, [&] {
    reader.read(client.in);
    client.in.clear();
    return reader.goaway != 0;
  }));
  EXPECT_EQ(reader.goaway, NGHTTP2_NO_ERROR + 1U);
  EXPECT_EQ(reader.goaway_last, 1U);
  EXPECT_FALSE(ended);  // the one that it has taken may be answered yet
  EXPECT_FALSE(client.closed());
}

/// A third party's zone drops bo.example.
class StreamDrop : public StreamServerTest {
 protected:
  void start_dropping() {
    set_log_level(LogLevel::error);
    RuleStore store{{}, clock_, rng_, metrics_};
    store.set_third_party(
        policy::ThirdParty::of({{.name = "ba.example.", .category = Category::malware}}).value());
    RuleEdits edits;
    const auto record = policy::rare_name("bo.example", "CNAME", "rpz-drop.");
    edits.push({.rare = record.view()});
    ASSERT_TRUE(
        store
            .replace_zone(
                {.name = "ba.example.", .source = policy::ThirdParty::source_at(0), .serial = 1},
                edits)
            .has_value());
    rules_.publish(store.published().get());
    networks_.publish(policy::NetworkPolicies::one({.sources = ~policy::SourceMask{0}}));
    start({.idle_ms = 60'000});
  }
  void TearDown() override { set_log_level(LogLevel::info); }

  const Octets dropped_ = packet_of({.name = "bo.example.", .id = 7});
};

// As many as may be under way at once, and more: none of them is.
TEST_F(StreamDrop, LeavesNothingUnderWay) {
  start_dropping();
  for (const StreamKind kind : {StreamKind::plain, StreamKind::dot}) {
    auto client = kind == StreamKind::plain ? plain() : encrypted(kind, "dot");
    const auto before = count(Count::dropped_policy);
    const std::size_t asked = client_pipelined_max + 10;
    for (std::size_t i = 0; i < asked; ++i) (void)client.say(with_length(dropped_));
    (void)client.say(with_length(refused_query()));
    EXPECT_EQ(rcode_of(answer(client)), dns::rcode_refused);
    EXPECT_EQ(count(Count::dropped_policy) - before, asked);
  }
  bool ended = false;
  server_->drain([&] { ended = true; });
  pass(100);
  EXPECT_TRUE(ended);
}

TEST_F(StreamDrop, ResetsTheRequestOverHttps) {
  start_dropping();
  auto client = encrypted(StreamKind::doh, "h2");
  Octets octets = http2_hello();
  append(octets, octets_of(Http2Request{.path = "/dns-query?dns=" + codec::base64url(dropped_)}));
  append(octets, octets_of(Http2Request{
                     .stream = 3, .path = "/dns-query?dns=" + codec::base64url(refused_query())}));
  (void)client.say(octets);
  Http2Reader reader;
  ASSERT_TRUE(until(client, [&] {
    reader.read(client.in);
    client.in.clear();
    return reader.answers[3].complete;
  }));
  EXPECT_EQ(reader.answers[1].reset, NGHTTP2_CANCEL + 1U);
  EXPECT_EQ(reader.status(1), "");
  EXPECT_EQ(reader.status(3), "200");
}

TEST_F(StreamServerTest, ClosesOnWhoSendsResponses) {
  start();
  auto client = plain();
  (void)client.say(with_length(packet_of({.name = "a.example.", .flags = dns::flag_qr})));
  EXPECT_TRUE(closes(client));
}

class StreamEntries : public StreamServerTest {
 protected:
  // Whoever comes in by one of `entries`, or from 192.0.2.0/24, has chosen not to see a.example.
  void choose(const std::vector<policy::EntryPoint>& entries) {
    const auto ads = policy::source_named("choice-ads");
    publish_rule(rules_, ads, "a.example.", {.exact = policy::mask_of(ads)});
    std::vector<policy::NetworkMap::Entry> map_entries;
    for (const auto point : entries) map_entries.push_back({.point = point, .policy = 1});
    const std::array prefixes{policy::PrefixTable::Entry{
        {.base = policy::AddressKey::v4(0xC000'0200), .length = 96 + 24}, 1}};
    auto map =
        policy::NetworkMap::build(*policy::PrefixTable::build(prefixes), map_entries).value();
    networks_.publish(std::make_shared<const policy::NetworkPolicies>(
        std::make_shared<const policy::NetworkMap>(std::move(map)),
        std::vector<policy::NetworkPolicy>{{.policy = {.sources = 0}},
                                           {.policy = {policy::mask_of(ads)}, .decision = 2}}));
  }
  std::uint16_t ask(TestStream client) {
    (void)client.say(with_length(refused_query()));
    const Octets message = answer(client);
    return message.empty() ? 0xFFFF : rcode_of(message);
  }
  std::string get(const std::string& path) {
    auto client = encrypted(StreamKind::doh, "h2");
    Octets octets = http2_hello();
    append(octets,
           octets_of(Http2Request{.path = path + "?dns=" + codec::base64url(refused_query())}));
    (void)client.say(octets);
    Http2Reader reader;
    (void)until(client, [&] {
      reader.read(client.in);
      client.in.clear();
      return reader.answers[1].complete;
    });
    if (reader.status(1) != "200") return reader.status(1);
    return rcode_of(reader.answers[1].body) == dns::rcode_nxdomain ? "blocked" : "refused";
  }
};

TEST_F(StreamEntries, ChooseThePolicyByServerName) {
  start();
  EXPECT_EQ(ask(encrypted(StreamKind::dot, "dot")), dns::rcode_refused);
  choose({policy::entry_point(policy::EntryKind::dot_name, "SERVER.test")});
  EXPECT_EQ(ask(encrypted(StreamKind::dot, "dot")), dns::rcode_nxdomain);
  EXPECT_EQ(ask(plain()), dns::rcode_refused);
}

TEST_F(StreamEntries, ChooseThePolicyByPathAndServeThePathsOfNetworks) {
  start();
  EXPECT_EQ(get("/dns-query"), "refused");
  EXPECT_EQ(get("/lop-1"), "404");
  choose({policy::entry_point(policy::EntryKind::doh_path, "/lop-1")});
  EXPECT_EQ(get("/lop-1"), "blocked");
  EXPECT_EQ(get("/lop-2"), "404");
  EXPECT_EQ(get("/dns-query"), "refused");
}

TEST_F(StreamEntries, ChooseThePolicyByListenerWhereTheNameSaysNothing) {
  start();
  choose(
      {policy::entry_point(policy::EntryKind::listener, to_string(server_->local_addresses()[1]))});
  EXPECT_EQ(ask(encrypted(StreamKind::dot, "dot")), dns::rcode_nxdomain);
  EXPECT_EQ(ask(plain()), dns::rcode_refused);
}

TEST_F(StreamEntries, ChooseThePolicyByTheAddressThatAProxyNames) {
  start({}, {net::Prefix::parse("127.0.0.0/8").value()});
  choose({});
  const auto by_proxy = [&](std::string_view source) {
    auto client = plain();
    (void)client.say(
        net::testing::proxy_octets(net::SocketAddress::parse(source).value(),
                                   net::SocketAddress::parse("198.51.100.1:53").value()));
    return ask(std::move(client));
  };
  EXPECT_EQ(by_proxy("192.0.2.77:1000"), dns::rcode_nxdomain);
  EXPECT_EQ(by_proxy("198.51.100.77:1000"), dns::rcode_refused);
}

TEST_F(StreamServerTest, BelievesTheProxyAboutItsClient) {
  start({.prefix = {.open_max = 1}}, {net::Prefix::parse("127.0.0.0/8").value()});
  const auto ours = net::SocketAddress::parse("198.51.100.1:853").value();
  std::vector<TestStream> clients;
  for (const auto* source : {"192.0.2.1:1000", "198.51.100.7:1000"}) {
    auto socket = connect(StreamKind::dot);
    serve();
    const auto header = net::testing::proxy_octets(net::SocketAddress::parse(source).value(), ours);
    ASSERT_EQ(socket.write_some(header).size, header.size());
    clients.push_back(encrypt(std::move(socket), "dot"));
    (void)clients.back().say(with_length(refused_query()));
    EXPECT_FALSE(answer(clients.back()).empty()) << source;
  }
  // A network's limit counts the clients, not the balancer.
  auto socket = connect(StreamKind::dot);
  const auto header =
      net::testing::proxy_octets(net::SocketAddress::parse("192.0.2.9:1000").value(), ours);
  (void)socket.write_some(header);
  auto third = encrypt(std::move(socket), "dot");
  EXPECT_TRUE(closes(third));
  EXPECT_EQ(count(Count::stream_refused_prefix), 1U);
  EXPECT_EQ(count(Count::proxy_accepted), 3U);
}

TEST_F(StreamServerTest, ReadsAProxyHeaderOctetByOctet) {
  start({}, {net::Prefix::parse("127.0.0.0/8").value()});
  auto client = plain();
  Octets octets = net::testing::proxy_octets(net::SocketAddress::parse("192.0.2.1:1000").value(),
                                             net::SocketAddress::parse("198.51.100.1:53").value(),
                                             net::testing::ProxyCommand::local, 9);
  append(octets, with_length(refused_query()));
  for (const std::uint8_t octet : octets) {
    ASSERT_TRUE(client.say(Bytes{&octet, 1}));
    serve(2);
  }
  EXPECT_FALSE(answer(client).empty());
}

TEST_F(StreamServerTest, WantsAHeaderOfAProxyAndOfNobodyElse) {
  start({}, {net::Prefix::parse("127.0.0.0/8").value()});
  auto without = plain();
  (void)without.say(with_length(refused_query()));
  EXPECT_TRUE(closes(without));
  EXPECT_EQ(count(Count::proxy_refused), 1U);

  server_.reset();
  start({}, {net::Prefix::parse("192.0.2.0/24").value()});
  auto with = plain();
  Octets octets = net::testing::proxy_octets(net::SocketAddress::parse("192.0.2.1:1").value(),
                                             net::SocketAddress::parse("192.0.2.2:1").value());
  octets.resize(0x0D0A + 2);  // what its first octets say as a length
  (void)with.say(octets);
  EXPECT_EQ(rcode_of(answer(with)), dns::rcode_formerr);  // that is no query
  EXPECT_EQ(count(Count::proxy_accepted), 0U);
}

}  // namespace
}  // namespace khien::resolver
