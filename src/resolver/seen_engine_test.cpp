// Which answers an engine shows to those who look for new names: positive ones, of names that the
// client asked for and got, by clients that have an address.
#include <set>

#include "resolver/test_allocations.h"
#include "resolver/test_engine.h"

namespace khien::resolver {
namespace {

constexpr policy::HashKey ring_key{.a = 7, .b = 9};

struct Seen {
  std::string name;
  NetworkHash network;
};

class SeenEngine : public testing::Test {
 protected:
  explicit SeenEngine(EngineOptions options = {}) : test_(with_ring(std::move(options))) {
    from(1);
    add("shop.example");
  }
  EngineOptions with_ring(EngineOptions options) {
    options.seen = &ring_;
    return options;
  }
  void add(std::string_view name, std::uint32_t ttl = 300) {
    test_.upstream(name, "A").answers = {test_record(name, "A", ttl, "192.0.2.10")};
  }
  /// Who asks from now on: a host of network `number`.
  void from(std::uint32_t number) { test_.client_.source = client(number); }
  static policy::AddressKey client(std::uint32_t number) {
    return policy::AddressKey::v4(0x0A00'0001 + (number << 8));
  }
  std::vector<Seen> seen() {
    std::vector<Seen> all;
    ring_.drain([&](const SeenRing::Observation& one) {
      all.push_back({.name = dns::NameView::checked(one.wire()).to_text(), .network = one.network});
    });
    return all;
  }
  std::size_t networks() {
    std::set<NetworkHash> distinct;
    for (const Seen& one : seen()) distinct.insert(one.network);
    return distinct.size();
  }

  SeenRing ring_{ring_key, 4};
  TestEngine test_;
};

TEST_F(SeenEngine, ShowsWhoWaitedAndWhoHit) {
  test_.query({.name = "sHop.Example"});
  from(2);
  test_.query({.name = "shop.example"});
  const auto all = seen();
  ASSERT_EQ(all.size(), 2U);
  for (const Seen& one : all) EXPECT_EQ(one.name, "shop.example.");
  EXPECT_EQ(all[0].network, ring_.network_of(client(1)));
  EXPECT_EQ(all[1].network, ring_.network_of(client(2)));
}

TEST_F(SeenEngine, ShowsEveryoneWhoWaitsForOneAnswer) {
  test_.silent_ = true;
  for (std::uint32_t i = 0; i < 12; ++i) {
    from(i);
    test_.query({.name = "shop.example"});
  }
  EXPECT_TRUE(seen().empty());
  test_.pump();
  EXPECT_EQ(networks(), 12U);
}

TEST_F(SeenEngine, ShowsNothingThatHasNoAnswer) {
  test_.upstream("empty.example", "A").answers = {};
  test_.query({.name = "gone.example"});   // NXDOMAIN
  test_.query({.name = "empty.example"});  // NODATA
  test_.upstream("broken.example", "A").rcode = dns::rcode_servfail;
  test_.query({.name = "broken.example"});
  for (const auto* const name : {"gone.example", "empty.example", "broken.example"}) {
    test_.query({.name = name});  // again, from the cache
  }
  EXPECT_TRUE(seen().empty());
}

TEST_F(SeenEngine, ShowsNothingThatIsBlocked) {
  test_.block("orders-phishing", "shop.example");
  test_.query({.name = "shop.example"});
  test_.query({.name = "www.shop.example"});
  // Nor what leads to a blocked name, waited for or cached.
  test_.upstream("way.example", "A").answers = {
      test_record("way.example", "CNAME", 300, "shop.example."),
      test_record("shop.example", "A", 300, "192.0.2.10")};
  test_.query({.name = "way.example"});
  test_.query({.name = "way.example"});
  EXPECT_TRUE(seen().empty());
  test_.lift("orders-phishing", "shop.example");
  test_.query({.name = "way.example"});
  ASSERT_EQ(seen().size(), 1U);
}

TEST_F(SeenEngine, ShowsNobodyWithoutAnAddress) {
  test_.client_.source = {};
  test_.query({.name = "shop.example"});
  test_.query({.name = "shop.example"});
  EXPECT_TRUE(seen().empty());
}

TEST_F(SeenEngine, ShowsNothingThatComesStale) {
  test_.query({.name = "shop.example"});
  EXPECT_EQ(seen().size(), 1U);
  test_.pass_time(301'000);
  test_.unreachable_ = true;
  from(2);
  EXPECT_FALSE(test_.query({.name = "shop.example"}).empty());
  EXPECT_TRUE(seen().empty());
}

class SeenEngineOfOthers : public SeenEngine {
 protected:
  SeenEngineOfOthers()
      : SeenEngine(
            {.routes = {{.zone = {0}, .upstreams = {0}},
                        {.zone = to_octets(test_name("noi-bo.test").wire()), .upstreams = {1}}},
             .clients =
                 policy::PrefixTable::build(std::array{policy::PrefixTable::Entry{
                                                .prefix = policy::AddressPrefix::of(
                                                    std::array<std::uint8_t, 4>{10, 0, 0, 0}, 16)}})
                     .value()}) {}
};

TEST_F(SeenEngineOfOthers, ShowsNoRefusedClientAndNoZoneOfTheOperators) {
  add("may-chu.noi-bo.test");
  test_.query({.name = "may-chu.noi-bo.test"});
  test_.query({.name = "may-chu.noi-bo.test"});
  EXPECT_TRUE(seen().empty());
  test_.client_.source = policy::AddressKey::v4(0xC000'0201);
  test_.query({.name = "shop.example"});
  EXPECT_TRUE(seen().empty());
  from(1);
  test_.query({.name = "shop.example"});
  EXPECT_EQ(seen().size(), 1U);
}

// A day in the cache, asked for by as many networks as it takes: each is seen.
TEST_F(SeenEngine, OneLongLivedAnswerShowsTheFirstNetworksOneByOne) {
  add("dai.example", 86'400);
  for (std::uint32_t i = 0; i < 32; ++i) {
    from(i);
    test_.query({.name = "dai.example"});
  }
  EXPECT_EQ(networks(), 32U);
}

// One network's many hits do not use up what the others need.
TEST_F(SeenEngine, ANetworkThatAsksAllTheTimeDoesNotHideTheOthers) {
  add("dai.example", 86'400);
  for (int i = 0; i < 5'000; ++i) test_.query({.name = "dai.example"});
  EXPECT_LE(seen().size(), 40U);
  for (std::uint32_t i = 2; i < 40; ++i) {
    from(i);
    test_.query({.name = "dai.example"});
  }
  EXPECT_GE(networks(), 16U);
}

// A hundred is the most that may be wanted: one answer shows so many, with room, in any order.
TEST(SeenEngineRounds, AreEnoughForAHundredNetworks) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SeededRng rng{seed};
    PacketCache cache{cache_size_min};
    const policy::NameKey name{policy::wire_of("dai.example"), ring_key};
    const CacheKey key{.qname = name.name(), .hash = name.hash(0), .qtype = 1};
    const Octets message(40);
    ASSERT_TRUE(cache.put(key, {.message = message, .ttl_s = 86'400, .seen_rounds = 15}));
    auto* entry = cache.find(key);
    const SeenRing ring{policy::HashKey::random(rng), 15, 1};
    std::set<NetworkHash> distinct;
    for (int hit = 0; hit < 20'000 && entry->seen_rounds != 0; ++hit) {
      const auto network = ring.network_of(
          policy::AddressKey::v4(0x0A00'0000 | (static_cast<std::uint32_t>(rng.below(150)) << 8)));
      if (!entry->is_news(network)) continue;
      entry->mark(network);
      distinct.insert(network);
    }
    EXPECT_GE(distinct.size(), 100U) << "seed " << seed;
  }
}

// And then it costs nothing more, until a new answer comes: short lives begin anew each time.
TEST_F(SeenEngine, APopularNameFallsSilentAndANewAnswerBeginsAnew) {
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    from(i);
    test_.query({.name = "shop.example"});
  }
  const std::size_t shown = seen().size();
  EXPECT_GE(shown, 32U);
  EXPECT_LE(shown, 1U + 32U + 24U * 4U);
  from(6'000);
  test_.query({.name = "shop.example"});
  EXPECT_TRUE(seen().empty());
  test_.pass_time(301'000);
  test_.query({.name = "shop.example"});
  from(6'001);
  test_.query({.name = "shop.example"});
  EXPECT_EQ(seen().size(), 2U);
}

TEST_F(SeenEngine, ANameWithoutALifeIsSeenEachTime) {
  add("khong.example", 0);
  for (std::uint32_t i = 0; i < 200; ++i) {
    from(i);
    test_.query({.name = "khong.example"});
  }
  EXPECT_EQ(networks(), 200U);
}

// A full ring neither blocks nor uses up the answer's rounds.
TEST_F(SeenEngine, AFullRingIsTriedAgain) {
  const policy::NameKey other{policy::wire_of("khac.example"), ring_key};
  test_.query({.name = "shop.example"});
  while (ring_.push(1, other)) {
  }
  for (std::uint32_t i = 2; i < 100; ++i) {
    from(i);
    EXPECT_FALSE(test_.query({.name = "shop.example"}).empty());
  }
  EXPECT_GE(ring_.dropped(), 98U);
  (void)seen();
  for (std::uint32_t i = 2; i < 34; ++i) {
    from(i);
    test_.query({.name = "shop.example"});
  }
  EXPECT_EQ(networks(), 32U);
}

TEST_F(SeenEngine, AllocatesNothing) {
  test_.query({.name = "shop.example"});
  const Octets packet = packet_of({.name = "shop.example"});
  Octets out(udp_answer_size_max);
  ClientRef client_ref;
  const std::size_t before = allocation_count;
  for (std::uint32_t i = 0; i < 200; ++i) {
    client_ref.source = client(i);
    test_.engine_->prepare(packet, Transport::udp, test_.prepared_);
    ASSERT_NE(test_.engine_->handle(test_.prepared_, Transport::udp, client_ref, out), 0U);
  }
  EXPECT_EQ(allocation_count - before, 0U);
  EXPECT_GE(seen().size(), 33U);
}

}  // namespace
}  // namespace khien::resolver
