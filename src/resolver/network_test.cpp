// The engine decides for each client by the policy of its own network: now, from the cache, and for
// clients that waited together.
#include <gtest/gtest.h>

#include "policy/policy_document.h"
#include "resolver/test_allocations.h"
#include "resolver/test_engine.h"

namespace khien::resolver {
namespace {

using policy::NetworkPolicies;

constexpr policy::AddressKey school = policy::AddressKey::v4(0xC000'0205);  // 192.0.2.5
constexpr policy::AddressKey office = policy::AddressKey::v4(0xC633'6405);  // 198.51.100.5
constexpr std::uint32_t school_policy = 1;

policy::SourceMask lawful_and_feeds() {
  return policy::lawful_sources() | policy::mask_of(Basis::feeds);
}

// 192.0.2.0/24 has `policy`; everybody else obeys orders and feeds.
std::shared_ptr<const NetworkPolicies> school_with(policy::NetworkPolicy policy) {
  policy.decision = 2;
  const std::array prefixes{policy::PrefixTable::Entry{
      {.base = policy::AddressKey::v4(0xC000'0200), .length = 96 + 24}, school_policy}};
  auto map = policy::NetworkMap::build(*policy::PrefixTable::build(prefixes), {});
  return std::make_shared<const NetworkPolicies>(
      std::make_shared<const policy::NetworkMap>(std::move(*map)),
      std::vector<policy::NetworkPolicy>{{.policy = {lawful_and_feeds()}}, policy});
}

policy::NetworkPolicy without_ads() {
  return {.policy = {lawful_and_feeds() | policy::mask_of(policy::source_named("choice-ads"))}};
}

class Networks : public ::testing::Test {
 protected:
  Networks() {
    test.networks_.publish(school_with(without_ads()));
    test.upstream("shop.example", "A").answers = {
        test_record("shop.example", "A", 300, "192.0.2.10")};
    test.upstream("alias.example", "A").answers = {
        test_record("alias.example", "CNAME", 300, "ads.example."),
        test_record("ads.example", "A", 300, "192.0.2.66")};
  }
  std::uint16_t ask(policy::AddressKey source, const std::string& name) {
    test.client_.source = source;
    const Octets answer = test.query({.name = name});
    return answer.empty() ? 0xFFFF : dns::parse_header(answer)->rcode();
  }
  // Asks without waiting for the upstream.
  void begin(policy::AddressKey source, const std::string& name) {
    const bool silent = std::exchange(test.silent_, true);
    EXPECT_EQ(ask(source, name), 0xFFFF);
    test.silent_ = silent;
  }
  std::uint16_t late_rcode(policy::AddressKey source) {
    for (std::size_t i = 0; i < test.late_answers_.size(); ++i) {
      if (test.late_clients_[i].source == source) {
        return dns::parse_header(test.late_answers_[i])->rcode();
      }
    }
    return 0xFFFF;
  }
  TestEngine test;
};

TEST_F(Networks, AChoiceHoldsForTheNetworkThatMadeItAlone) {
  test.block("choice-ads", "shop.example");
  EXPECT_EQ(ask(school, "shop.example"), dns::rcode_nxdomain);
  EXPECT_EQ(ask(office, "shop.example"), dns::rcode_noerror);
  EXPECT_EQ(ask(school, "shop.example"), dns::rcode_nxdomain);  // it is cached now
  EXPECT_EQ(test.counters_.blocked(policy::source_named("choice-ads")), 2U);
}

TEST_F(Networks, ANewPolicyIsInForceAtTheNextBatch) {
  test.block("choice-ads", "shop.example");
  EXPECT_EQ(ask(school, "shop.example"), dns::rcode_nxdomain);
  test.networks_.publish(NetworkPolicies::one({.sources = lawful_and_feeds()}));
  EXPECT_EQ(ask(school, "shop.example"), dns::rcode_noerror);
}

TEST_F(Networks, ClientsThatWaitedTogetherAreJudgedEachByTheirOwnPolicy) {
  begin(school, "shop.example");
  begin(office, "shop.example");
  begin(school, "shop.example");
  EXPECT_EQ(test.asked_count_, 1U);
  test.block("choice-ads", "shop.example");  // while they wait
  test.engine_->begin_batch(test.now_ms_);
  test.late_answers_.clear();
  test.late_clients_.clear();
  test.pump();
  ASSERT_EQ(test.late_answers_.size(), 3U);
  EXPECT_EQ(late_rcode(school), dns::rcode_nxdomain);
  EXPECT_EQ(late_rcode(office), dns::rcode_noerror);
  EXPECT_EQ(test.counters_.blocked(policy::source_named("choice-ads")), 2U);
}

TEST_F(Networks, ATargetIsBlockedForOneNetworkAloneWhenItComes) {
  test.block("choice-ads", "ads.example");
  begin(office, "alias.example");
  begin(school, "alias.example");
  test.late_answers_.clear();
  test.late_clients_.clear();
  test.pump();
  EXPECT_EQ(late_rcode(school), dns::rcode_nxdomain);
  EXPECT_EQ(late_rcode(office), dns::rcode_noerror);
}

TEST_F(Networks, ATargetIsBlockedForOneNetworkAloneInTheCache) {
  test.block("choice-ads", "ads.example");
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(ask(school, "alias.example"), dns::rcode_nxdomain) << round;
    EXPECT_EQ(ask(office, "alias.example"), dns::rcode_noerror) << round;
  }
  EXPECT_EQ(test.asked_count_, 1U);
  test.lift("choice-ads", "ads.example");
  EXPECT_EQ(ask(school, "alias.example"), dns::rcode_noerror);
}

TEST_F(Networks, StaleAnswersMeetThePolicyOfWhoeverWaits) {
  EXPECT_EQ(ask(office, "shop.example"), dns::rcode_noerror);
  test.pass_time(301'000);
  test.silent_ = true;
  begin(school, "shop.example");
  begin(office, "shop.example");
  test.block("choice-ads", "shop.example");
  test.late_answers_.clear();
  test.late_clients_.clear();
  test.pass_time(stale_after_ms + 100);
  EXPECT_EQ(late_rcode(school), dns::rcode_nxdomain);
  EXPECT_EQ(late_rcode(office), dns::rcode_noerror);
}

TEST_F(Networks, BlockedNamesAreAnsweredAsTheNetworkWishes) {
  test.block("orders-fraud", "scam.example");
  const auto rcode_as = [&](policy::BlockedAs as) {
    auto network = without_ads();
    network.blocked_as = as;
    test.networks_.publish(school_with(network));
    return ask(school, "scam.example");
  };
  EXPECT_EQ(rcode_as(policy::BlockedAs::nxdomain), dns::rcode_nxdomain);
  EXPECT_EQ(rcode_as(policy::BlockedAs::nodata), dns::rcode_noerror);
  EXPECT_EQ(rcode_as(policy::BlockedAs::refused), dns::rcode_refused);
  EXPECT_EQ(ask(office, "scam.example"), dns::rcode_nxdomain);
}

TEST_F(Networks, OwnNamesAndSafeSearchAllocateNothing) {
  const policy::PolicyDocumentContext context{.key = test.rules_.get()->key()};
  const auto book = policy::read_policies(R"({"version": 1, "policies": {"p": {
      "safe_search": ["google"], "block": ["games.example"], "allow": ["scam.example"]}},
      "networks": [{"name": "n", "policy": "p", "prefixes": ["192.0.2.0/24"]}]})",
                                          context);
  ASSERT_TRUE(book.has_value()) << book.error().message;
  test.networks_.publish(policy::in_force(**book, 0, nullptr));
  test.block("feeds-fraud", "scam.example");
  for (const auto* name : {"scam.example", "forcesafesearch.google.com"}) {
    test.upstream(name, "A").answers = {test_record(name, "A", 300, "192.0.2.10")};
  }
  std::vector<Octets> packets;
  for (const auto* name : {"games.example", "scam.example", "www.google.com"}) {
    EXPECT_NE(ask(school, name), 0xFFFF) << name;
    packets.push_back(packet_of({.name = name}));
  }
  Octets out(udp_answer_size_max);
  const std::size_t before = allocation_count;
  for (int i = 0; i < 100; ++i) {
    for (const Octets& packet : packets) {
      test.engine_->prepare(packet, Transport::udp, test.prepared_);
      ASSERT_NE(test.engine_->handle(test.prepared_, Transport::udp, test.client_, out), 0U);
    }
  }
  EXPECT_EQ(allocation_count - before, 0U);
  EXPECT_EQ(test.counters_.blocked(policy::source_network), 101U);
  EXPECT_EQ(test.counters_.value(Count::safe_search), 101U);
}

}  // namespace
}  // namespace khien::resolver
