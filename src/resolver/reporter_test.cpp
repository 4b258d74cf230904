// When reports are made, repeated, dropped and what stands in them; with a clock moved by hand and
// a khiend that is a function.
#include "resolver/reporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "base/log.h"
#include "codec/json.h"
#include "policy/name_key.h"
#include "policy/test_names.h"

namespace khien::resolver {
namespace {

using codec::Json;
using testing::HasSubstr;

const policy::Source orders = policy::source_named("orders-phishing");

class ReporterTest : public ::testing::Test {
 protected:
  ReporterTest() { set_log_level(LogLevel::error); }
  ~ReporterTest() override { std::filesystem::remove(key_file_); }

  void SetUp() override {
    write_key("chia-khoa-cua-may-nay");
    auto reporter = Reporter::open(
        {.url = *ReportUrl::parse("http://127.0.0.1:1/x"), .key_file = key_file_}, clock_, rng_,
        metrics_, [this](std::string_view body, std::string_view key) -> Result<int> {
          bodies_.emplace_back(body);
          keys_.emplace_back(key);
          if (status_ == 0) return fail(ErrorCode::unavailable, "nobody there");
          return status_;
        });
    ASSERT_TRUE(reporter.has_value()) << reporter.error().message;
    reporter_ = std::move(*reporter);
    for (RuleTally& worker : workers_) reporter_->add_worker(worker);
  }
  void write_key(std::string_view key) {
    std::ofstream{key_file_} << key << "\n";
    std::filesystem::permissions(
        key_file_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  void count(std::size_t worker, std::string_view name, int times) {
    const policy::NameKey key{policy::wire_of(name), hash_key_};
    for (int i = 0; i < times; ++i) workers_[worker].add(orders, key.hash(0), key.name());
  }
  /// Lets `ms` pass as the thread would: it does what is due, workers go on.
  void pass(std::int64_t ms) {
    const std::int64_t end_ms = clock_.steady_ms() + ms;
    while (true) {
      const std::int64_t wait_ms = reporter_->step();
      for (RuleTally& worker : workers_) {
        if (!stands_still_) worker.hand_over_if_asked();
      }
      if (clock_.steady_ms() == end_ms) return;
      clock_.advance(std::min(std::max<std::int64_t>(wait_ms, 1), end_ms - clock_.steady_ms()));
    }
  }
  Json report(std::size_t number) const {
    return Json::parse(bodies_.at(number), {.size_max = 1U << 20}).value();
  }
  static constexpr std::int64_t interval_ms = 5 * ms_per_minute;
  static constexpr std::int64_t moment_ms = 1'000;  // for workers to answer

  std::filesystem::path key_file_ =
      std::filesystem::path{testing::TempDir()} / ("report-key-" + std::to_string(::getpid()));
  ManualClock clock_;
  SeededRng rng_{1};
  Metrics metrics_;
  policy::HashKey hash_key_ = policy::HashKey::random(rng_);
  std::array<RuleTally, 2> workers_;
  bool stands_still_ = false;
  int status_ = 204;
  std::vector<std::string> bodies_;
  std::vector<std::string> keys_;
  std::unique_ptr<Reporter> reporter_;
};

TEST_F(ReporterTest, TellsTheSumOfAllWorkersEachInterval) {
  count(0, "xau.example", 6);
  count(1, "xau.example", 5);
  count(1, "hiem.example", 9);
  pass(interval_ms - moment_ms);
  EXPECT_TRUE(bodies_.empty());
  pass(2 * moment_ms);
  ASSERT_EQ(bodies_.size(), 1U);
  EXPECT_EQ(keys_[0], "chia-khoa-cua-may-nay");
  const Json report = this->report(0);
  EXPECT_EQ(report.integer_at("version").value(), 1);
  EXPECT_EQ(report.text_at("id")->size(), 32U);
  EXPECT_EQ(report.text_at("from").value(), "2026-01-01T00:00:00Z");
  EXPECT_THAT(report.text_at("to").value(), testing::StartsWith("2026-01-01T00:05:0"));
  EXPECT_EQ(report.find("rules")->dump(),
            R"([{"source":"orders-phishing","name":"xau.example","hits":11}])");
  EXPECT_EQ(report.integer_at("rules_left_out").value(), 0);
  EXPECT_EQ(report.find("new_names")->dump(), "[]");
  EXPECT_EQ(report.integer_at("new_names_dropped").value(), 0);
  EXPECT_EQ(report.members().size(), 8U);  // and nothing else

  // What stayed below waits, and is told once it is enough; what was told is counted anew.
  count(0, "hiem.example", 1);
  count(0, "xau.example", 1);
  pass(interval_ms + moment_ms);
  ASSERT_EQ(bodies_.size(), 2U);
  EXPECT_EQ(this->report(1).find("rules")->dump(),
            R"([{"source":"orders-phishing","name":"hiem.example","hits":10}])");
  EXPECT_EQ(this->report(1).text_at("from").value(), report.text_at("to").value());
  EXPECT_NE(this->report(1).text_at("id").value(), report.text_at("id").value());
}

TEST_F(ReporterTest, RepeatsAReportAsItIsUntilItIsTaken) {
  status_ = 503;
  count(0, "xau.example", 10);
  pass(interval_ms + moment_ms);
  ASSERT_EQ(bodies_.size(), 1U);
  EXPECT_THAT(reporter_->problem(), HasSubstr("it answered 503"));
  count(0, "xau.example", 30);
  pass(report_retry_first_ms);
  ASSERT_EQ(bodies_.size(), 2U);
  status_ = 0;
  pass(2 * report_retry_first_ms);
  ASSERT_EQ(bodies_.size(), 3U);
  EXPECT_THAT(reporter_->problem(), HasSubstr("nobody there"));
  status_ = 200;  // it had been taken before
  pass(4 * report_retry_first_ms);
  ASSERT_EQ(bodies_.size(), 4U);
  EXPECT_EQ(bodies_[0], bodies_[3]);
  EXPECT_EQ(reporter_->problem(), "");
  // Meanwhile sums went on.
  status_ = 204;
  pass(interval_ms);
  ASSERT_EQ(bodies_.size(), 5U);
  EXPECT_THAT(bodies_[4], HasSubstr("\"hits\":30"));
}

TEST_F(ReporterTest, TriesMoreAndMoreSlowly) {
  status_ = 503;
  pass(interval_ms + moment_ms);
  pass(ms_per_hour);
  // 10, 20, 40, 80, 160, 320 s, then each ten minutes.
  const std::size_t within_hour = bodies_.size();
  EXPECT_GE(within_hour, 10U);
  EXPECT_LE(within_hour, 13U);
  pass(10 * ms_per_day);
  EXPECT_LE(bodies_.size() - within_hour, 10U * 24 * 6 + 1);
  // khiend takes no span of more than 26 hours.
  status_ = 204;
  const std::size_t repeated = bodies_.size();
  pass(report_retry_max_ms + ms_per_minute + moment_ms);
  ASSERT_GT(bodies_.size(), repeated + 1);
  EXPECT_EQ(bodies_[repeated], bodies_[0]);
  EXPECT_THAT(report(repeated + 1).text_at("from").value(), testing::StartsWith("2026-01-09T2"));
  EXPECT_THAT(report(repeated + 1).text_at("to").value(), testing::StartsWith("2026-01-11T0"));
}

TEST_F(ReporterTest, DropsWhatIsNeverTaken) {
  status_ = 400;
  count(0, "xau.example", 10);
  pass(interval_ms + moment_ms);
  ASSERT_EQ(bodies_.size(), 1U);
  EXPECT_THAT(reporter_->problem(), HasSubstr("400"));
  EXPECT_THAT(metrics_.exposition(),
              HasSubstr("khien_dnsd_reports_total{outcome=\"dropped\"} 1\n"));
  status_ = 204;
  pass(interval_ms + moment_ms);
  ASSERT_EQ(bodies_.size(), 2U);
  EXPECT_EQ(report(1).find("rules")->dump(), "[]");
  EXPECT_EQ(reporter_->problem(), "");
}

TEST_F(ReporterTest, SaysThatTheKeyIsRefusedAndTakesAnotherOne) {
  status_ = 401;
  pass(interval_ms + moment_ms);
  EXPECT_THAT(reporter_->problem(), HasSubstr("401, our key is not known there or revoked"));
  EXPECT_THAT(metrics_.exposition(), HasSubstr("khien_dnsd_report_refused 1\n"));
  EXPECT_FALSE(reporter_->reload().value());  // the same
  write_key("mot-chia-khoa-khac");
  EXPECT_TRUE(reporter_->reload().value());
  status_ = 204;
  pass(report_retry_first_ms);
  EXPECT_EQ(keys_.back(), "mot-chia-khoa-khac");
  EXPECT_EQ(bodies_.front(), bodies_.back());
  EXPECT_EQ(reporter_->problem(), "");
  EXPECT_THAT(metrics_.exposition(), HasSubstr("khien_dnsd_report_refused 0\n"));
}

TEST_F(ReporterTest, KeepsTheOldKeyWhereTheNewOneIsBad) {
  for (const std::string_view key : {"", "ngan", "co dau cach o giua", "hai\ndong-trong-mot-tep"}) {
    write_key(key);
    EXPECT_EQ(reporter_->reload().error().code, ErrorCode::malformed) << key;
  }
  write_key(std::string(report_key_size_max + 1, 'a'));
  EXPECT_FALSE(reporter_->reload().has_value());
  pass(interval_ms + moment_ms);
  EXPECT_EQ(keys_.back(), "chia-khoa-cua-may-nay");
}

TEST_F(ReporterTest, AWorkerThatStandsStillHoldsUpNoReport) {
  count(0, "xau.example", 10);
  stands_still_ = true;
  pass(interval_ms + report_collect_wait_ms + 6 * moment_ms * 2);
  ASSERT_EQ(bodies_.size(), 1U);
  EXPECT_EQ(report(0).find("rules")->dump(), "[]");
  stands_still_ = false;
  pass(interval_ms + 2 * moment_ms);
  ASSERT_EQ(bodies_.size(), 2U);
  EXPECT_THAT(bodies_[1], HasSubstr("\"hits\":10"));
}

TEST_F(ReporterTest, TellsNewNamesAndHowManyWereDropped) {
  std::uint64_t dropped = 5;
  std::vector<NewName> fresh{{.name = "la.example", .networks = 40}};
  reporter_->set_new_names(
      {.take = [&] { return std::exchange(fresh, {}); }, .dropped_total = [&] { return dropped; }});
  pass(interval_ms + moment_ms);
  EXPECT_EQ(report(0).find("new_names")->dump(), R"([{"name":"la.example","networks":40}])");
  EXPECT_EQ(report(0).integer_at("new_names_dropped").value(), 5);
  pass(interval_ms + moment_ms);
  EXPECT_EQ(report(1).find("new_names")->dump(), "[]");
  EXPECT_EQ(report(1).integer_at("new_names_dropped").value(), 0);
}

TEST_F(ReporterTest, NewNamesThatFindNoRoomGoBack) {
  std::vector<NewName> fresh;
  for (std::size_t i = 0; i < new_names_taken_max; ++i) {
    fresh.push_back({.name = std::string(200, 'a') + std::to_string(i), .networks = 10});
  }
  reporter_->set_new_names({.take = [&] { return std::exchange(fresh, {}); },
                            .put_back = [&](auto names) { fresh = std::move(names); }});
  std::size_t told = 0;
  for (std::size_t i = 0; told < new_names_taken_max && i < 20; ++i) {
    pass(interval_ms + moment_ms);
    ASSERT_EQ(bodies_.size(), i + 1);
    EXPECT_LE(bodies_[i].size(), 1U << 20);
    told += report(i).array_at("new_names")->size();
    EXPECT_EQ(told + fresh.size(), new_names_taken_max);
  }
  EXPECT_EQ(told, new_names_taken_max);
  EXPECT_GT(bodies_.size(), 2U);
}

TEST_F(ReporterTest, NewNamesThatWereNotToldGoBackAtTheEnd) {
  std::vector<NewName> fresh{{.name = "la.example", .networks = 40}};
  reporter_->set_new_names({.take = [&] { return std::exchange(fresh, {}); },
                            .put_back = [&](auto names) { fresh = std::move(names); }});
  status_ = 503;
  pass(interval_ms + moment_ms);
  ASSERT_TRUE(fresh.empty());
  std::stop_source stop;
  stop.request_stop();
  reporter_->run(stop.get_token());
  ASSERT_EQ(fresh.size(), 1U);
  EXPECT_EQ(fresh[0].name, "la.example");
  EXPECT_EQ(fresh[0].networks, 40U);
}

// The most that can be told at once fits into what khiend takes.
TEST_F(ReporterTest, AFullReportKeepsItsSize) {
  const std::string label(60, 'a');
  const std::string tail = "." + label + "." + label + "." + label.substr(0, 50) + ".vn";
  std::vector<NewName> fresh;
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 2'000; ++i) {
      count(0, "t" + std::to_string(round * 2'000 + i) + tail, 10);
      fresh.push_back(
          {.name = std::to_string(round * 2'000 + i) + tail, .networks = 4'000'000'000});
    }
    pass(ms_per_minute);
  }
  reporter_->set_new_names(
      {.take = [&] { return std::exchange(fresh, {}); }, .put_back = [](const auto&) {}});
  pass(ms_per_minute + moment_ms);
  ASSERT_EQ(bodies_.size(), 1U);
  EXPECT_LE(bodies_[0].size(), 1U << 20);
  EXPECT_GT(bodies_[0].size(), 900U * 1'000);
}

TEST_F(ReporterTest, ForgetsAfterADayWhatIsTooLittleToTell) {
  count(0, "hiem.example", 9);
  pass(ms_per_day + 2 * interval_ms);
  std::int64_t left_out = 0;
  for (std::size_t i = 0; i < bodies_.size(); ++i) {
    left_out += report(i).integer_at("rules_left_out").value();
    EXPECT_THAT(bodies_[i], testing::Not(HasSubstr("hiem")));
  }
  EXPECT_EQ(left_out, 9);
}

TEST_F(ReporterTest, NeverTellsASpanBackwards) {
  clock_.step_wall(-ms_per_hour);
  pass(interval_ms + moment_ms);
  EXPECT_LT(report(0).text_at("from").value(), report(0).text_at("to").value());
}

}  // namespace
}  // namespace khien::resolver
