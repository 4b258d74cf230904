// A release in stages with real resolvers (ADR 0307): three Unbounds, one in each ring, behind one
// primary; and khien-dnsd's own engine as a fourth. Each must refuse the name as soon as its stage
// has it, none before, and all must let it through again as soon as it is lifted.
#include "publish/publication_control.h"
#include "resolver/service.h"
#include "source_relay.h"
#include "zone_followers.h"

namespace khien::publish {
namespace {

constexpr std::int64_t not_yet_ms = 1'500;  // a change reaches an Unbound within some 100 ms

Hand somebody(const std::string& id) { return {.place = Hand::Place::account, .who = id}; }

class StagedRelease : public ZoneFollowers {
 protected:
  struct Resolver {
    std::string name;
    Ring ring;
    const char* source;
    net::SocketAddress address;
    std::unique_ptr<SourceRelay> relay = {};
  };

  void SetUp() override {
    unbound_ = find_program("unbound");
    if (!unbound_) GTEST_SKIP() << "unbound is not installed";
    const auto folder = folder_.path() / "gated";
    gate_ = std::move(*Gate::open(
        {.folder = folder,
         .good_name = [](std::string_view name, Scope, Basis) -> std::optional<GoodName> {
           if (!name.starts_with("tot")) return std::nullopt;
           return GoodName{.name = std::string{name}, .why = "popular"};
         }},
        clock_));
    zones_ = std::move(*ZoneSet::open({.folder = folder, .gate = gate_.get()}, clock_, rng_));
    auto primary = Primary::start({.listen = *net::SocketAddress::parse("127.0.0.1:0")}, *zones_,
                                  clock_, rng_, metrics_);
    ASSERT_TRUE(primary.has_value()) << primary.error().message;
    primary_ = std::move(*primary);
    control_.emplace(*zones_, *gate_, clock_);
    control_->set_followers([this] { return primary_->progress().record(); });
    key_ = *make_key("dnsd.key", rng_);
    dnsd_ = free_address();
    follow();
  }
  void TearDown() override {
    service_.reset();
    ZoneFollowers::TearDown();
    resolvers_.clear();
    primary_.reset();
  }

  void follow() {
    Access access{.keys = {key_}, .rules = {}};
    for (const auto& [name, ring, source] : {std::tuple{"own", Ring::own, "127.0.0.2"},
                                             std::tuple{"partner", Ring::partner, "127.0.0.3"},
                                             std::tuple{"all", Ring::all, "127.0.0.4"}}) {
      Resolver resolver{.name = name, .ring = ring, .source = source, .address = free_address()};
      resolver.relay = std::make_unique<SourceRelay>(source, primary_->address().port);
      access.rules.push_back({.name = name,
                              .addresses = {*net::Prefix::parse(source)},
                              .zones = {"orders-phishing", "feeds-phishing"},
                              .ring = ring,
                              .notify = {resolver.address}});
      resolvers_.push_back(std::move(resolver));
    }
    access.rules.push_back(
        {.name = "khien-dnsd", .key = key_.name, .ring = Ring::own, .notify = {dnsd_}});
    ASSERT_TRUE(assign_catalog_serials(access, folder_.path() / "catalogs.state", 1).has_value());
    ASSERT_TRUE(primary_->set_access(std::move(access)).has_value());
    for (const Resolver& resolver : resolvers_) start_unbound(resolver);
    start_dnsd();
  }

  /// Each asks for every zone there is of phishing: what it may not take it is refused.
  void start_unbound(const Resolver& resolver) {
    std::string zones;
    for (const char* id :
         {"orders-phishing", "feeds-phishing", "trial-own-phishing", "trial-partner-phishing"}) {
      zones += std::string{"rpz:\n  name: \""} + id + ".rpz.khien.\"\n  primary: 127.0.0.1@" +
               std::to_string(resolver.relay->port()) + "\n  allow-notify: 127.0.0.1\n";
    }
    const auto config = write(
        resolver.name + ".conf",
        "server:\n  directory: \"" + folder_.path().string() +
            "\"\n  chroot: \"\"\n  username: \"\"\n  pidfile: \"\"\n  use-syslog: no\n"
            "  logfile: \"\"\n  do-daemonize: no\n  interface: 127.0.0.1@" +
            port_text(resolver.address) +
            "\n  num-threads: 1\n  do-not-query-localhost: no\n  module-config: \"respip "
            "iterator\"\n  access-control: 127.0.0.0/8 allow\nremote-control:\n  control-enable: "
            "no\nforward-zone:\n  name: \".\"\n  forward-addr: 127.0.0.1@" +
            port_text(upstream_.address()) + "\n" + zones);
    start(resolver.name, {*unbound_, "-d", "-c", config});
  }

  /// As `khien-dnsd --trial own` sets itself up.
  void start_dnsd() {
    resolver::ServiceOptions options{.listen = {dnsd_}, .upstreams = {upstream_.address()}};
    options.secondary = resolver::SecondaryOptions{
        .primary = primary_->address(),
        .key = key_,
        .zones = {{.name = test_zone().name, .source = *policy::parse_source("orders-phishing")}}};
    options.rpz.push_back({.zone = {.name = "trial-own-phishing.rpz.khien.",
                                    .category = Category::phishing,
                                    .on_trial = true},
                           .primary = {}});
    auto service = resolver::Service::open(std::move(options), clock_, rng_);
    ASSERT_TRUE(service.has_value()) << service.error().message;
    service_ = std::move(*service);
    service_->start();
  }

  void order(std::string_view name, std::string_view source, ChangeKind kind = ChangeKind::add) {
    const std::vector<Change> changes{{.kind = kind,
                                       .zone = "orders-phishing",
                                       .name = name,
                                       .source = source,
                                       .scope = Scope::domain,
                                       .sequence = 7}};
    ASSERT_TRUE(zones_->apply(changes).has_value());
  }
  PublicationControl::Released both(
      const std::function<Result<PublicationControl::Released>(const Hand&)>& act) {
    EXPECT_EQ(act(somebody("an")), PublicationControl::Released::waits_for_other);
    const auto done = act(somebody("binh"));
    EXPECT_TRUE(done.has_value()) << (done ? "" : done.error().message);
    return done.value_or(PublicationControl::Released::waits_for_other);
  }
  PublicationControl::Released released(std::int64_t id) {
    return both([&](const Hand& hand) {
      return control_->release({.id = id, .course = Course::in_stages}, hand);
    });
  }
  PublicationControl::Released advanced(std::int64_t id) {
    return both([&](const Hand& hand) { return control_->advance(id, hand); });
  }

  /// The first `count` resolvers refuse the name soon, the others go on answering.
  void expect_blocked_at(std::size_t count, const char* name) {
    for (std::size_t i = 0; i < resolvers_.size(); ++i) {
      if (i < count) {
        EXPECT_TRUE(answers(resolvers_[i].address, test_name(name), dns::rcode_nxdomain))
            << resolvers_[i].name;
      } else {
        EXPECT_EQ(
            time_until(resolvers_[i].address, test_name(name), dns::rcode_nxdomain, not_yet_ms), -1)
            << resolvers_[i].name;
      }
    }
    const int rcode = count == 0 ? dns::rcode_noerror : dns::rcode_nxdomain;
    EXPECT_TRUE(answers(dnsd_, test_name(name), rcode)) << "khien-dnsd";
  }
  void expect_resolved_everywhere(const char* name) {
    for (const Resolver& resolver : resolvers_) {
      EXPECT_TRUE(answers(resolver.address, test_name(name), dns::rcode_noerror)) << resolver.name;
    }
    EXPECT_TRUE(answers(dnsd_, test_name(name), dns::rcode_noerror)) << "khien-dnsd";
  }
  /// Every follower of the stage has its serial, as the person sees it who goes on.
  void expect_taken_by(const std::string& name) {
    const auto trials = control_->status().trials;
    ASSERT_EQ(trials.size(), 1U);
    for (const auto& follower : *trials[0].followers) {
      EXPECT_TRUE(follower.has_it) << follower.name;
    }
    EXPECT_EQ(trials[0].followers->front().name, name);
  }

  std::optional<std::string> unbound_;
  std::unique_ptr<Gate> gate_;
  std::optional<PublicationControl> control_;
  std::vector<Resolver> resolvers_;
  net::SocketAddress dnsd_;
  std::unique_ptr<resolver::Service> service_;
};

TEST_F(StagedRelease, ReachesOurOwnThenThePartnerThenAllAndALiftTakesItOutAtAnyStage) {
  order("xau.example", "order:1");  // all are there, and follow
  expect_blocked_at(3, "xau.example");
  order("tot1.example", "order:2");
  order("tot2.example", "order:3");
  const auto id = gate_->held().front().id;
  expect_blocked_at(0, "tot1.example");

  ASSERT_EQ(released(id), PublicationControl::Released::on_trial);
  expect_blocked_at(1, "tot1.example");
  expect_taken_by("own");
  ASSERT_EQ(advanced(id), PublicationControl::Released::on_trial);
  expect_blocked_at(2, "tot1.example");
  expect_taken_by("partner");
  EXPECT_TRUE(control_->empty_stages(test_zone()).empty());

  // At the partner's stage one of the two is lifted: it goes everywhere, the other stays.
  order("tot2.example", "order:3", ChangeKind::remove);
  expect_resolved_everywhere("tot2.example");
  expect_blocked_at(2, "tot1.example");

  ASSERT_EQ(advanced(id), PublicationControl::Released::served);
  expect_blocked_at(3, "tot1.example");
  ASSERT_EQ(gate_->notices(10).size(), 1U);  // now the database may say so
  EXPECT_EQ(gate_->notices(10)[0].kind, NoticeKind::published);
  order("tot1.example", "order:2", ChangeKind::remove);
  expect_resolved_everywhere("tot1.example");
}

}  // namespace
}  // namespace khien::publish
