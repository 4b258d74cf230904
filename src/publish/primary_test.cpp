// The primary over real sockets on loopback.
#include "publish/primary.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "dns/edns.h"
#include "publish/catalog.h"
#include "publish/follower_standing.h"
#include "publish/test_client.h"
#include "publish/testing.h"

namespace khien::publish {
namespace {

using Rules = std::set<std::string>;

/// Reads a transfer and applies it, as a secondary does.
struct Secondary {
  std::uint32_t serial = 0;
  Rules rules;
  bool incremental = false;
  std::size_t message_count = 0;
  std::uint16_t rcode = 0;

  static bool is_soa(const dns::Record& record) { return record.type == dns::type_soa; }

  void take(const std::vector<dns::Record>& records) {
    ASSERT_FALSE(records.empty());
    ASSERT_TRUE(is_soa(records.front()));
    const std::uint32_t target = *dns::parse_soa_serial(records.front().rdata);
    incremental = records.size() == 1 || is_soa(records[1]);
    if (!incremental) rules.clear();
    bool adding = true;  // each inner SOA of an IXFR turns it: first removals, then additions
    for (std::size_t i = 1; i < records.size(); ++i) {
      const dns::Record& record = records[i];
      if (is_soa(record)) {
        adding = !adding;
      } else if (record.type == dns::type_cname) {
        if (adding) {
          EXPECT_TRUE(rules.insert(record.owner.to_text()).second) << record.owner.to_text();
        } else {
          EXPECT_EQ(rules.erase(record.owner.to_text()), 1U) << record.owner.to_text();
        }
      }
    }
    serial = target;
  }
};

class PrimaryTest : public testing::Test {
 protected:
  void SetUp() override {
    zones_ = open_zones(folder_.path(), clock_);
    auto primary = Primary::start({.listen = *net::SocketAddress::parse("127.0.0.1:0")}, *zones_,
                                  clock_, rng_, metrics_);
    ASSERT_TRUE(primary.has_value()) << primary.error().message;
    primary_ = std::move(*primary);
    key_ = {.name = test_name("unit.key."), .secret = Octets(32, 7)};
    allow({.name = "by-key", .key = key_.name});
  }

  void allow(AccessRule rule) {
    ASSERT_TRUE(primary_->set_access({.keys = {key_}, .rules = {std::move(rule)}}).has_value());
  }
  void allow_loopback() {
    allow({.name = "by-address", .addresses = {*net::Prefix::parse("127.0.0.1/32")}});
  }

  void block(std::vector<std::string> names, Scope scope = Scope::host,
             ChangeKind kind = ChangeKind::add) {
    std::vector<Change> changes;
    for (const auto& name : names) {
      changes.push_back({.kind = kind,
                         .zone = "orders-phishing",
                         .name = name,
                         .source = "order:1",
                         .scope = scope});
    }
    ASSERT_TRUE(zones_->apply(changes).has_value());
  }
  void lift(std::vector<std::string> names) {
    block(std::move(names), Scope::host, ChangeKind::remove);
  }

  /// Transfers the zone into `secondary`; IXFR if it has a serial.
  void transfer(Secondary& secondary, bool sign = true) {
    const auto& zone = test_zone();
    Octets query = secondary.serial == 0 ? test_query(zone.name, dns::type_axfr)
                                         : test_query(zone.name, dns::type_ixfr, secondary.serial);
    Octets mac;
    if (sign) mac = *dns::sign_request(query, key_, clock_.now_ms() / ms_per_second);
    dns::TsigVerifier verifier{key_, mac};
    TestConnection connection{primary_->address()};
    connection.send(query);
    std::vector<dns::Record> records;
    while (true) {
      const auto message = connection.receive();
      ASSERT_TRUE(message.has_value());
      ++secondary.message_count;
      const auto parsed = dns::parse_message(*message);
      ASSERT_TRUE(parsed.has_value());
      secondary.rcode = parsed->header.rcode();
      if (sign) {
        ASSERT_EQ(verifier.check(*message, clock_.now_ms() / ms_per_second), dns::TsigStatus::ok);
      }
      if (secondary.rcode != 0) return;
      records.insert(records.end(), parsed->answers.begin(), parsed->answers.end());
      const bool one_soa = records.size() == 1 && secondary.serial != 0 &&
                           *dns::parse_soa_serial(records[0].rdata) == secondary.serial;
      std::size_t soa_count = 0;
      for (const auto& record : records) {
        // The target's SOA stands first and last; IXFR has it once more in between.
        if (Secondary::is_soa(record) && record.rdata == records[0].rdata) ++soa_count;
      }
      const bool is_ixfr = records.size() > 1 && Secondary::is_soa(records[1]);
      if (one_soa || soa_count == (is_ixfr ? 3U : 2U)) break;
    }
    if (sign) {
      EXPECT_TRUE(verifier.complete());
    }
    secondary.take(records);
  }

  dns::Message ask(std::uint16_t qtype, bool sign = true, std::string_view id = "orders-phishing") {
    Octets query = test_query(test_zone(id).name, qtype);
    if (sign) {
      EXPECT_TRUE(dns::sign_request(query, key_, clock_.now_ms() / ms_per_second).has_value());
    }
    auto message = dns::parse_message(ask_udp(primary_->address(), query));
    EXPECT_TRUE(message.has_value());
    return message ? std::move(*message) : dns::Message{};
  }

  TemporaryFolder folder_;
  SystemClock clock_;
  SystemRng rng_;
  Metrics metrics_;
  dns::TsigKey key_;
  std::unique_ptr<ZoneSet> zones_;
  std::unique_ptr<Primary> primary_;
};

TEST_F(PrimaryTest, AnswersSoaToWhoMayAskAndRefusesTheRest) {
  const auto soa = ask(dns::type_soa);
  EXPECT_EQ(soa.header.rcode(), dns::rcode_noerror);
  EXPECT_TRUE(soa.header.has(dns::flag_aa));
  ASSERT_EQ(soa.answers.size(), 1U);
  EXPECT_EQ(dns::parse_soa(soa.answers[0].rdata)->minimum_s, negative_ttl_s);
  EXPECT_EQ(ask(dns::type_ns).answers.size(), 1U);
  EXPECT_EQ(ask(dns::type_a).header.rcode(), dns::rcode_refused);
  EXPECT_EQ(ask(dns::type_any).header.rcode(), dns::rcode_refused);
  EXPECT_EQ(ask(dns::type_soa, false).header.rcode(), dns::rcode_refused);
  EXPECT_EQ(ask(dns::type_axfr).header.rcode(), dns::rcode_formerr);  // over UDP
}

TEST_F(PrimaryTest, RefusesOtherNamesOpcodesAndVersions) {
  const auto rcode_of = [&](Bytes query) {
    const auto message = dns::parse_message(ask_udp(primary_->address(), query));
    return message ? message->header.rcode() : std::uint16_t{0xFFFF};
  };
  allow_loopback();
  EXPECT_EQ(rcode_of(test_query(test_name("xau.example"), dns::type_a)), dns::rcode_refused);
  Octets update = test_query(test_zone().name, dns::type_soa);
  dns::store_u16(update, 2, dns::opcode_flags(dns::opcode_update));
  EXPECT_EQ(rcode_of(update), dns::rcode_notimp);
  Octets trailing = test_query(test_zone().name, dns::type_soa);
  trailing.push_back(0);
  EXPECT_EQ(rcode_of(trailing), dns::rcode_formerr);
  Octets version = test_query(test_zone().name, dns::type_soa);
  dns::store_u16(version, 10, 1);
  version.insert(version.end(), {0, 0, 41, 4, 208, 0, 1, 0, 0, 0, 0});
  EXPECT_EQ(rcode_of(version), dns::rcode_badvers & 0x0F);
}

TEST_F(PrimaryTest, AWrongKeyIsNotauth) {
  Octets query = test_query(test_zone().name, dns::type_axfr);
  const dns::TsigKey wrong{.name = key_.name, .secret = Octets(32, 8)};
  ASSERT_TRUE(dns::sign_request(query, wrong, clock_.now_ms() / ms_per_second).has_value());
  TestConnection connection{primary_->address()};
  connection.send(query);
  const auto reply = connection.receive();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(dns::parse_header(*reply)->rcode(), dns::rcode_notauth);
  EXPECT_EQ((*dns::find_tsig(*reply))->error, 16);
  EXPECT_EQ(dns::parse_message(*reply)->answers.size(), 0U);
}

TEST_F(PrimaryTest, TransfersAndFollowsChanges) {
  block({"xau.example", "te.example"});
  block({"rong.example"}, Scope::domain);
  Secondary secondary;
  transfer(secondary);
  const std::string zone = "orders-phishing.rpz.khien.";
  EXPECT_EQ(secondary.rules, (Rules{"xau.example." + zone, "te.example." + zone,
                                    "rong.example." + zone, "*.rong.example." + zone}));
  EXPECT_EQ(secondary.serial, 3U);

  block({"moi.example"});
  lift({"xau.example"});
  block({"thoang.example"});
  lift({"thoang.example"});  // came and went: no trace
  transfer(secondary);
  EXPECT_TRUE(secondary.incremental);
  EXPECT_EQ(secondary.serial, 7U);
  EXPECT_TRUE(secondary.rules.contains("moi.example." + zone));
  EXPECT_FALSE(secondary.rules.contains("xau.example." + zone));
  transfer(secondary);  // up to date
  EXPECT_EQ(secondary.serial, 7U);
}

TEST_F(PrimaryTest, ATooOldSerialGetsTheWholeZone) {
  block({"xau.example"});
  ASSERT_TRUE(zones_->compact().has_value());
  primary_.reset();
  zones_.reset();
  zones_ = open_zones(folder_.path(), clock_);
  auto primary = Primary::start({.listen = *net::SocketAddress::parse("127.0.0.1:0")}, *zones_,
                                clock_, rng_, metrics_);
  ASSERT_TRUE(primary.has_value());
  primary_ = std::move(*primary);
  allow({.name = "by-key", .key = key_.name});
  Secondary secondary;
  secondary.serial = 1;
  transfer(secondary);
  EXPECT_FALSE(secondary.incremental);
  EXPECT_EQ(secondary.rules.size(), 1U);
}

TEST_F(PrimaryTest, LargeZonesTakeManySignedMessages) {
  std::vector<std::string> names;
  for (int i = 0; i < 5'000; ++i) names.push_back("n" + std::to_string(i) + ".example");
  block(names, Scope::domain);
  Secondary secondary;
  transfer(secondary);
  EXPECT_EQ(secondary.rules.size(), 10'000U);
  EXPECT_GT(secondary.message_count, 3U);
}

TEST_F(PrimaryTest, AddressesOpenByRule) {
  allow_loopback();
  block({"xau.example"});
  Secondary secondary;
  transfer(secondary, false);
  EXPECT_EQ(secondary.rules.size(), 1U);
  EXPECT_EQ(ask(dns::type_soa, false, "orders-child-abuse").header.rcode(), dns::rcode_refused);
  EXPECT_EQ(ask(dns::type_soa, false, "choice-ads").header.rcode(), dns::rcode_noerror);
}

TEST_F(PrimaryTest, NotifiesAndStopsAtTheAnswer) {
  auto listener = net::UdpSocket::bind({.address = *net::SocketAddress::parse("127.0.0.1:0")});
  ASSERT_TRUE(listener.has_value());
  allow({.name = "told",
         .key = key_.name,
         .zones = {"orders-phishing"},
         .notify = {listener->local_address()}});
  std::array<std::uint8_t, 1'232> buffer;
  const auto next = [&]() -> Octets {
    if (!wait_for(listener->fd(), POLLIN)) return {};
    const auto received = listener->receive(buffer);
    if (!received) return {};
    Octets reply = to_octets(Bytes{buffer}.first(received->size));
    Octets acknowledgement = reply;
    acknowledgement[2] |= 0x80;
    listener->send_to(acknowledgement, received->peer);
    return reply;
  };
  ASSERT_FALSE(next().empty());  // at start: the secondary may have missed something
  const std::int64_t before_ms = clock_.steady_ms();
  block({"xau.example"});
  const Octets notify = next();
  std::cout << "commit to NOTIFY: " << clock_.steady_ms() - before_ms << " ms\n";
  const auto message = dns::parse_message(notify);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->header.opcode(), dns::opcode_notify);
  EXPECT_EQ(message->question->name, test_zone().name);
  EXPECT_EQ(*dns::parse_soa_serial(message->answers[0].rdata), 2U);
  const std::array keys{key_};
  EXPECT_EQ(dns::check_request(notify, keys, clock_.now_ms() / ms_per_second).status,
            dns::TsigStatus::ok);
}

TEST_F(PrimaryTest, KnowsWhatAFollowerTook) {
  // A worker notes it after the last octet was sent: the peer may have it a moment earlier.
  const auto becomes = [&](FollowerState wanted) {
    for (int look = 0; look < 2'000; ++look) {
      const auto record = primary_->progress().record();
      for (const auto& zone : record.followers.at(0).zones) {
        if (zone.zone != &test_zone()) continue;
        if (standing_of(zone, record.at_ms).state == wanted) return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return false;
  };
  block({"xau.example"});
  EXPECT_TRUE(becomes(FollowerState::never));
  EXPECT_EQ(ask(dns::type_soa).header.rcode(), dns::rcode_noerror);
  EXPECT_TRUE(becomes(FollowerState::unknown));
  Secondary secondary;
  transfer(secondary);
  EXPECT_TRUE(becomes(FollowerState::current));
  block({"moi.example"});
  EXPECT_TRUE(becomes(FollowerState::behind));
  transfer(secondary);
  EXPECT_TRUE(becomes(FollowerState::current));
}

TEST_F(PrimaryTest, EachFollowerHasACatalogOfItsOwn) {
  AccessRule rule{.name = "by-key", .key = key_.name, .zones = {"orders-phishing", "pass"}};
  allow(rule);
  const auto catalog = [&](std::uint16_t qtype) {
    TestConnection connection{primary_->address()};
    Octets query = test_query(catalog_zone().name, qtype);
    EXPECT_TRUE(dns::sign_request(query, key_, clock_.now_ms() / ms_per_second).has_value());
    connection.send(query);
    return dns::parse_message(connection.receive().value_or(Octets{})).value_or(dns::Message{});
  };
  EXPECT_EQ(catalog(dns::type_soa).header.rcode(), dns::rcode_refused);  // it was given none
  rule.catalog_serial = 77;
  allow(rule);
  EXPECT_EQ(*dns::parse_soa_serial(catalog(dns::type_soa).answers.at(0).rdata), 77U);
  const auto whole = catalog(dns::type_axfr);
  ASSERT_EQ(whole.answers.size(), 6U);  // SOA, NS, version, two members, SOA
  EXPECT_EQ(whole.answers[3].owner.to_text(), "pass.zones.catalog.khien.");
  EXPECT_EQ(whole.answers[4].type, dns::type_ptr);
}

TEST_F(PrimaryTest, ConnectionsAreBounded) {
  std::vector<std::unique_ptr<TestConnection>> connections;
  for (std::size_t i = 0; i < connections_per_client_max; ++i) {
    connections.push_back(std::make_unique<TestConnection>(primary_->address()));
    connections.back()->send(test_query(test_zone().name, dns::type_soa));
    ASSERT_TRUE(connections.back()->receive().has_value()) << i;
  }
  TestConnection one_more{primary_->address()};
  EXPECT_FALSE(one_more.receive().has_value());
  connections.clear();
}

TEST_F(PrimaryTest, AnOversizedQueryClosesTheConnection) {
  TestConnection connection{primary_->address()};
  const Octets length{static_cast<std::uint8_t>((query_size_max + 1) >> 8),
                      static_cast<std::uint8_t>((query_size_max + 1) & 0xFF)};
  connection.send_raw(length);
  EXPECT_FALSE(connection.receive().has_value());
}

TEST_F(PrimaryTest, SeveralQueriesOnOneConnection) {
  allow_loopback();
  block({"xau.example"});
  TestConnection connection{primary_->address()};
  for (const std::uint16_t qtype : {dns::type_soa, dns::type_axfr, dns::type_soa}) {
    connection.send(test_query(test_zone().name, qtype));
    const std::size_t wanted = qtype == dns::type_axfr ? 4 : 1;
    std::size_t records = 0;
    while (records < wanted) {
      const auto reply = connection.receive();
      ASSERT_TRUE(reply.has_value());
      records += dns::parse_message(*reply)->answers.size();
    }
    EXPECT_EQ(records, wanted);
  }
}

}  // namespace
}  // namespace khien::publish
