// What the contract tests of this module share: a database with its tables, people, a list file.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>

#include "cases/impact.h"
#include "cases/schema.h"
#include "feeds/runner.h"
#include "feeds/schema.h"
#include "feeds/subscriptions.h"
#include "ledger/schema.h"
#include "store/testing/engine_fixture.h"

namespace khien::feeds {

inline const cases::ImpactData& data() {
  static const auto loaded = [] {
    const std::filesystem::path shipped{KHIEN_SOURCE_DIR "/data"};
    return cases::ImpactData::load(std::span{&shipped, 1}, {});
  }();
  return *loaded;
}

class FeedContractTest : public store::testing::EngineTest {
 protected:
  [[nodiscard]] std::vector<store::ModuleMigrations> modules() const override {
    return {{.module = "ledger", .migrations = ledger::migrations()},
            {.module = "cases", .migrations = cases::migrations()},
            {.module = "feeds", .migrations = migrations()}};
  }

  FeedDraft draft(std::string source = "danh-sach.txt") {
    return {.name = "Danh sách mẫu",
            .source = std::move(source),
            .category = Category::phishing,
            .scope = cases::Scope::domain,
            .entries_max = 1'000,
            .valid_until_ms = clock_.now_ms() + 30 * ms_per_day,
            .reason = "Nguồn đã được kiểm tra"};
  }

  Result<Feed> propose(const FeedDraft& wanted) {
    return db().transact(
        [&](store::Transaction& tx) { return propose_feed(tx, context_, wanted, "analyst"); });
  }

  template <typename F>
  Result<Feed> move(F what, const Feed& feed, std::string actor) {
    return db().transact([&](store::Transaction& tx) {
      return what(tx, context_,
                  Move{.id = feed.id,
                       .version = feed.version,
                       .actor = std::move(actor),
                       .reason = "lý do"});
    });
  }

  Feed active(const FeedDraft& wanted) {
    auto feed = move(approve_feed, *propose(wanted), "leader");
    EXPECT_TRUE(feed.has_value());
    return *feed;
  }

  Feed now(const Feed& feed) {
    return *db().read([&](store::Executor& executor) { return find_feed(executor, feed.id); });
  }

  Result<FeedRun> run(const Feed& feed) {
    return run_feed({.database = db(),
                     .context = context_,
                     .impact = data(),
                     .feed_folder = folder(),
                     .fetch = fetch_},
                    feed.id);
  }

  void write(const std::string& text) {
    std::ofstream{folder() / "danh-sach.txt", std::ios::binary} << text;
  }

  /// The names of the popularity list, which no feed of a crime may block.
  static std::string good_names(int count) {
    std::ifstream file{KHIEN_SOURCE_DIR "/data/popularity/majestic-10k.txt"};
    std::string list;
    for (std::string line; count > 0 && std::getline(file, line);) {
      if (line.starts_with('#')) continue;
      list += line + "\n";
      --count;
    }
    return list;
  }

  std::int64_t leaves(const std::string& type) {
    auto row = db().read([&](store::Executor& executor) {
      return executor.query_one("SELECT count(*) FROM ledger_leaf WHERE entry LIKE $1",
                                {"%\"type\":\"" + type + "\"%"});
    });
    return row ? (*row)->integer(0) : -1;
  }

  ManualClock clock_;
  SeededRng rng_{3};
  Context context_{clock_, rng_};
  Fetch fetch_ = [](const http::FetchRequest&, const http::FetchSink&) -> Result<http::Fetched> {
    return fail(ErrorCode::unavailable, "no network in tests");
  };
};

}  // namespace khien::feeds
