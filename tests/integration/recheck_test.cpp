// A recheck against a real authoritative server, and pages of a real web server: what it sees of
// names that live, are dead, parked, sinkholed or filtered, and of pages that are there or gone;
// and that no address which such a name answers with is kept anywhere.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <map>

#include "base/random.h"
#include "base/testing/temporary_folder.h"
#include "cases/lift_proposal.h"
#include "cases/testing/desk.h"
#include "feeds/schema.h"
#include "http/router.h"
#include "http/server.h"
#include "publish/test_servers.h"
#include "recheck/asker.h"
#include "recheck/engine.h"
#include "recheck/page_looker.h"
#include "recheck/schema.h"

namespace khien::recheck {
namespace {

constexpr std::int64_t wait_max_ms = 30'000;
constexpr std::string_view shown_address = "192.0.2.66";  // of every living name
constexpr std::string_view site_address = "127.0.0.66";   // of the one with pages

/// Knot with one zone for each domain, so that it answers for NS as a resolver would.
class RecheckReal : public cases::testing::Desk {
 protected:
  [[nodiscard]] std::vector<store::ModuleMigrations> modules() const override {
    auto all = Desk::modules();
    all.push_back({"feeds", feeds::migrations()});
    all.push_back({"recheck", migrations()});
    return all;
  }
  void SetUp() override {
    const auto knot = publish::find_program("knotd");
    if (!knot) GTEST_SKIP() << "Knot DNS is not installed (tools/packages.sh test)";
    Desk::SetUp();
    if (IsSkipped()) return;
    write_zone("example", "ns1.goc.example.", "");
    write_zone("tot.example", "ns1.tot.example.", "");
    write_zone("song.example", "ns1.song.example.", "www A 192.0.2.66\n");
    write_zone("do-xe.example", "ns1.sedoparking.com.", "");
    write_zone("trang.example", "ns1.trang.example.", "", site_address);
    write_zone("thu-giu.example", "ns1.microsoftinternetsafety.net.", "");
    start(*knot);
  }
  void TearDown() override {
    server_.reset();
    Desk::TearDown();
  }

  void write_zone(const std::string& zone, const std::string& server, const std::string& more,
                  std::string_view address = shown_address) {
    std::ofstream{folder() / (zone + ".zone")} << "$ORIGIN " << zone << ".\n$TTL 60\n@ SOA "
                                               << server << " admin.example. 1 60 60 60 60\n@ NS "
                                               << server << "\n@ A " << address << "\n"
                                               << more;
    zones_ += "  - domain: " + zone + ".\n    file: " + zone + ".zone\n";
  }
  void start(const std::string& knot) {
    address_ = publish::free_address();
    const auto at = folder().string();
    std::ofstream{folder() / "knot.conf"}
        << "server:\n  listen: 127.0.0.1@" << address_.port << "\n  rundir: " << at
        << "\n  background-workers: 1\n  udp-workers: 1\n  tcp-workers: 1\ndatabase:\n  storage: "
        << at << "\ntemplate:\n  - id: default\n    storage: " << at
        << "\n    zonefile-load: whole\nzone:\n"
        << zones_;
    server_ = std::make_unique<publish::TestProcess>(
        std::vector<std::string>{knot, "-c", (folder() / "knot.conf").string()},
        folder() / "knot.log");
    ASSERT_GE(publish::time_until(address_, *dns::Name::from_text("song.example."), 0, wait_max_ms),
              0);
  }
  /// The asker's own clock is real: the server is. Looks carry the desk's time.
  Look look_at(std::string_view name) {
    auto look = asker().look(name);
    look.at_ms = clock.now_ms();
    return look;
  }
  Asker asker(std::string control = "tot.example") {
    return Asker{
        {.resolvers = {address_}, .control = std::move(control)}, suffixes, real_, system_};
  }
  Operators operators() {
    const std::filesystem::path shipped{KHIEN_SOURCE_DIR "/data"};
    return Operators::load(std::span{&shipped, 1}).value();
  }

  /// Looks through every column of every table for the address that the living names answered with.
  void expect_no_address_kept(std::string_view kept = shown_address) {
    const bool sqlite = GetParam() == store::Engine::sqlite;
    auto tables = look([&](store::Executor& ex) {
      return ex.query(sqlite ? "SELECT name FROM sqlite_master WHERE type = 'table'"
                             : "SELECT table_name FROM information_schema.tables "
                               "WHERE table_schema = current_schema()");
    });
    ASSERT_TRUE(tables.has_value());
    EXPECT_GT(tables->size(), 30U);
    for (const auto& table : *tables) {
      const auto name = table.text(0);
      // The whole row as one text; octets are not addresses of DNS in any table but would show too.
      auto hits = look([&](store::Executor& ex) {
        return ex.query_one(row_text(ex, name, sqlite), {"%" + std::string{kept} + "%"});
      });
      ASSERT_TRUE(hits.has_value()) << name << ": " << hits.error().message;
      EXPECT_EQ((*hits)->integer(0), 0) << name << " holds what a listed name resolved to";
    }
  }
  /// SQL that counts rows of `table` with a text in any column; names come from the schema.
  std::string row_text(store::Executor& ex, const std::string& table, bool sqlite) {
    if (!sqlite) {
      return "SELECT count(*) FROM \"" + table + "\" AS t WHERE CAST(t AS TEXT) LIKE $1";
    }
    auto columns = ex.query("SELECT name FROM pragma_table_info('" + table + "')");
    EXPECT_TRUE(columns.has_value());
    std::string all = "''";
    for (const auto& column : *columns) {
      all += " || COALESCE(CAST(\"" + column.text(0) + "\" AS TEXT), '')";
    }
    return "SELECT count(*) FROM \"" + table + "\" WHERE " + all + " LIKE $1";
  }

  std::string zones_;
  net::SocketAddress address_;
  std::unique_ptr<publish::TestProcess> server_;
  SystemClock real_;
  SystemRng system_;
  Metrics metrics_;
};
INSTANTIATE_TEST_SUITE_P(Engines, RecheckReal, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(RecheckReal, SeesWhatThereIs) {
  auto asks = asker();
  const auto alive = asks.look("www.song.example");
  EXPECT_EQ(alive.outcome, LookOutcome::exists);
  EXPECT_EQ(alive.servers, std::vector<std::string>{"ns1.song.example"});
  EXPECT_EQ(alive.primary, "ns1.song.example");
  EXPECT_EQ(asks.look("dang-nhap.song.example").outcome, LookOutcome::no_name);
  EXPECT_EQ(asks.look("www.chet.example").outcome, LookOutcome::no_domain);
  EXPECT_TRUE(asks.check().has_value());
  EXPECT_EQ(asker("chet.example").check().error().reason, "recheck_resolver");
  // Outside its zones the server refuses: nothing was told.
  EXPECT_EQ(asks.look("ngoai.test").outcome, LookOutcome::failed);
  Asker silent{
      {.resolvers = {publish::free_address()}, .control = "tot.example", .timeout_ms = 200},
      suffixes,
      real_,
      system_};
  EXPECT_EQ(silent.look("song.example").outcome, LookOutcome::failed);
}

TEST_P(RecheckReal, ProposesOverDaysAndKeepsNoAddress) {
  const auto known = operators();
  Engine engine{{.database = db(),
                 .cases = context,
                 .operators = known,
                 .look = [this](std::string_view name) { return look_at(name); },
                 .check = [this] { return asker().check(); },
                 .metrics = metrics_}};
  std::map<std::string, cases::OrderId> orders;
  for (const char* name :
       {"www.song.example", "chet.example", "do-xe.example", "thu-giu.example"}) {
    orders[name] = approved(*reported(std::string{"https://"} + name).case_id, name).id;
  }
  publish_all();
  for (int day = 0; day < 5; ++day) {
    const auto counts = engine.run_round();
    ASSERT_TRUE(counts.has_value()) << counts.error().message;
    EXPECT_EQ(counts->silent, 0);
    clock.advance(ms_per_day);
    sweep_now();
  }
  const auto found = [&](const char* name) -> std::string {
    auto open = look([&](store::Executor& ex) { return cases::open_proposal(ex, orders[name]); });
    return *open ? std::string{cases::to_string((*open)->finding)} : "";
  };
  EXPECT_EQ(found("www.song.example"), "");
  EXPECT_EQ(found("chet.example"), "dead");
  EXPECT_EQ(found("do-xe.example"), "parked");
  EXPECT_EQ(found("thu-giu.example"), "sinkholed");
  expect_no_address_kept();
}

/// With a web server at the address of trang.example, which only the test's own reach contacts.
class RecheckPages : public RecheckReal {
 protected:
  void SetUp() override {
    RecheckReal::SetUp();
    if (IsSkipped()) return;
    std::vector<http::Route> routes;
    routes.push_back({.path = "/qua",
                      .handler =
                          [this](const http::Request&) {
                            ++asked_;
                            return http::respond(status_, "text/html", "<p>quà</p>");
                          },
                      .permission = "public"});
    site_ = http::Server::start(
                {.listen = {{.address = net::SocketAddress::parse(site_address, 0).value()}}},
                http::Router::build(std::move(routes)).value(), real_, metrics_)
                .value();
    const auto page =
        "http://trang.example:" + std::to_string(site_->addresses().front().port) + "/qua?ma=1";
    order_ = approved(*reported(page).case_id, "trang.example").id;
    publish_all();
  }
  void TearDown() override {
    if (site_) site_->stop();
    RecheckReal::TearDown();
  }
  /// A round each 29 hours, as long as `hours`.
  void pass(int hours, http::FetchReach reach = http::FetchReach::any, bool looks = true) {
    auto asks = asker();
    PageLooker pages{{.timeout_ms = 2'000, .reach = reach},
                     [&](std::string_view host) { return asks.addresses_of(host); },
                     suffixes,
                     real_};
    Engine engine{{.database = db(),
                   .cases = context,
                   .operators = known_,
                   .look = [this](std::string_view name) { return look_at(name); },
                   .check = [this] { return asker().check(); },
                   .metrics = metrics_}};
    Engine with_pages{
        {.database = db(),
         .cases = context,
         .operators = known_,
         .look = [this](std::string_view name) { return look_at(name); },
         .check = [this] { return asker().check(); },
         .metrics = metrics_,
         .look_at_pages = [&](const std::vector<std::string>& all) { return pages.look(all); }}};
    for (int hour = 0; hour < hours; hour += 29) {
      const auto counts = (looks ? with_pages : engine).run_round();
      ASSERT_TRUE(counts.has_value()) << counts.error().message;
      clock.advance(look_at_pages_again_ms);
      sweep_now();
    }
  }
  std::string finding() {
    auto open = look([&](store::Executor& ex) { return cases::open_proposal(ex, order_); });
    return *open ? std::string{cases::to_string((*open)->finding)} : "";
  }

  std::atomic<int> asked_ = 0;
  std::atomic<int> status_ = 200;
  std::unique_ptr<http::Server> site_;
  Operators known_ = operators();
  cases::OrderId order_;
};
INSTANTIATE_TEST_SUITE_P(Engines, RecheckPages, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(RecheckPages, GoneOverDaysIsProposedAndLapsesWhereNobodyActs) {
  pass(24 * 3);
  EXPECT_EQ(finding(), "");
  EXPECT_GT(asked_, 0);
  status_ = 404;
  pass(24 * 6);
  EXPECT_EQ(finding(), "") << "not yet a week";
  pass(24 * 3);
  EXPECT_EQ(finding(), "content_gone");
  expect_no_address_kept(site_address);
  pass(24 * 15);
  EXPECT_EQ(order_of(order_).state, cases::OrderState::lapsed);
  const auto asked = asked_.load();
  pass(24 * 10);
  EXPECT_EQ(asked_, asked) << "what is over is not contacted";
}

TEST_P(RecheckPages, APageThatIsBackWithdraws) {
  status_ = 410;
  pass(24 * 9);
  ASSERT_EQ(finding(), "content_gone");
  status_ = 200;
  pass(29);
  EXPECT_EQ(finding(), "");
  EXPECT_TRUE(cases::is_in_force(order_of(order_).state));
}

// The site's owner points his name at the inside of our network.
TEST_P(RecheckPages, AnAddressThatIsNotPublicIsNotContacted) {
  status_ = 404;
  pass(24 * 12, http::FetchReach::public_only);
  EXPECT_EQ(asked_, 0);
  EXPECT_EQ(finding(), "");
  auto known = look([&](store::Executor& ex) { return history_of(ex, order_); });
  ASSERT_TRUE(known.has_value());
  ASSERT_EQ(known->looks.back().pages.size(), 1U);
  EXPECT_EQ(known->looks.back().pages[0].outcome, PageOutcome::unreachable);
}

TEST_P(RecheckPages, NobodyIsContactedWhereTheOperatorDidNotSaySo) {
  status_ = 404;
  pass(24 * 12, http::FetchReach::any, false);
  EXPECT_EQ(asked_, 0);
  EXPECT_EQ(finding(), "");
}

}  // namespace
}  // namespace khien::recheck
