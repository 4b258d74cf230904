#include "resolver/list_watch.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/log.h"
#include "policy/test_names.h"

namespace khien::resolver {
namespace {

const policy::Source fraud = policy::source_named("feeds-fraud");
const policy::Source malware = policy::source_named("feeds-malware");

class ListWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    set_log_level(LogLevel::error);
    folder_ = std::filesystem::temp_directory_path() /
              ("khien-lists-" + std::to_string(SystemRng{}.next_u64()));
    std::filesystem::create_directories(folder_);
    write(first_, "scam.example\nshop.test\n");
    write(second_, "virus.example\n");
  }
  void TearDown() override {
    std::filesystem::remove_all(folder_);
    set_log_level(LogLevel::info);
  }

  // Each time another size or time of change, however fast the test is.
  void write(const std::string& name, const std::string& text) {
    std::ofstream{folder_ / name, std::ios::binary | std::ios::trunc} << text;
    const auto time = std::filesystem::last_write_time(folder_ / name);
    std::filesystem::last_write_time(folder_ / name, time + std::chrono::seconds{++writes_});
  }
  void start() {
    watch_.reset();
    store_ = std::make_unique<RuleStore>(folder_ / "snapshot", clock_, rng_, metrics_);
    std::filesystem::create_directories(folder_ / "snapshot");
    watch_ = std::make_unique<ListWatch>(
        std::vector<ListFile>{{.source = fraud, .path = folder_ / first_},
                              {.source = malware, .path = folder_ / second_}},
        *store_, metrics_);
    loaded_ = watch_->load();
  }
  bool blocks(std::string_view name) {
    const Octets wire = policy::wire_of(name);
    return store_->rules().find(policy::NameKey{wire, store_->key()}, {}).blocks();
  }
  std::int64_t count(std::string_view outcome) {
    return metrics_
        .counter("khien_dnsd_list_reloads_total", "", "outcome=\"" + std::string{outcome} + "\"")
        .value();
  }

  const std::string first_ = "fraud.txt";
  const std::string second_ = "malware.txt";
  int writes_ = 0;
  std::filesystem::path folder_;
  ManualClock clock_;
  SeededRng rng_{4};
  Metrics metrics_;
  std::unique_ptr<RuleStore> store_;
  std::unique_ptr<ListWatch> watch_;
  Result<void> loaded_;
};

TEST_F(ListWatchTest, ReadsTheFilesAndThenTheSnapshot) {
  start();
  ASSERT_TRUE(loaded_.has_value());
  EXPECT_TRUE(blocks("www.scam.example"));
  EXPECT_TRUE(blocks("virus.example"));
  const auto digest = store_->rules().base->digest();
  EXPECT_NE(digest, crypto::Sha256Digest{});
  start();
  ASSERT_TRUE(loaded_.has_value());
  EXPECT_TRUE(blocks("virus.example"));
  EXPECT_EQ(store_->rules().base->digest(), digest);
}

TEST_F(ListWatchTest, AChangedFileIsReadOnceItIsStill) {
  start();
  write(first_, "new.example\n");
  (void)watch_->look();  // it may still be written
  EXPECT_FALSE(blocks("new.example"));
  write(first_, "new.example\nother.example\n");
  (void)watch_->look();
  EXPECT_FALSE(blocks("new.example"));
  (void)watch_->look();
  EXPECT_TRUE(blocks("new.example"));
  EXPECT_TRUE(blocks("other.example"));
  EXPECT_FALSE(blocks("scam.example"));
  EXPECT_TRUE(blocks("virus.example"));
  EXPECT_EQ(count("loaded"), 1);
  write(second_, "worm.example\n");
  (void)watch_->reload();  // asked for
  EXPECT_TRUE(blocks("worm.example"));
  EXPECT_FALSE(blocks("virus.example"));
  EXPECT_TRUE(blocks("new.example"));
  start();
  EXPECT_TRUE(blocks("worm.example"));
}

TEST_F(ListWatchTest, ABadFileLeavesTheLastGoodRulesAndSaysWhy) {
  start();
  const std::vector<std::string> bad{"<!doctype html>\n<html>\n<body>\nnot found\n</html>\n", "",
                                     "# empty\n", std::string(100'000, '\xff'),
                                     "0.0.0.0 a.example\n0.0.0.0 b.example\n"};
  std::int64_t refused = 0;
  for (const std::string& text : bad) {
    write(first_, text);
    EXPECT_FALSE(watch_->reload().has_value());
    EXPECT_TRUE(blocks("scam.example")) << text;
    EXPECT_NE(watch_->error().find(first_), std::string::npos) << text;
    EXPECT_EQ(count("refused"), ++refused);
    (void)watch_->look();  // not tried again by itself
    (void)watch_->look();
    EXPECT_EQ(count("refused"), refused);
  }
  std::filesystem::remove(folder_ / first_);
  (void)watch_->look();
  (void)watch_->look();
  EXPECT_EQ(count("refused"), refused + 1);  // told once
  EXPECT_TRUE(blocks("scam.example"));
  write(first_, "good.example\n");
  EXPECT_TRUE(watch_->reload().value());
  EXPECT_FALSE(watch_->reload().value());  // nothing more to do
  EXPECT_TRUE(blocks("good.example"));
  EXPECT_EQ(watch_->error(), "");
}

TEST_F(ListWatchTest, ABadFileAtTheStartLeavesTheRulesOfItsLastGoodState) {
  start();
  write(first_, "<html>\n<a>\n");
  start();
  ASSERT_TRUE(loaded_.has_value());
  EXPECT_TRUE(blocks("scam.example"));
  EXPECT_NE(watch_->error(), "");
  std::filesystem::remove_all(folder_ / "snapshot");
  start();
  EXPECT_FALSE(loaded_.has_value());
}

TEST_F(ListWatchTest, LinesAreReadAcrossBlocksAndUpToTheirLimit) {
  std::string text;
  for (int i = 0; i < 60'000; ++i) text += "so-" + std::to_string(i) + ".example\n";
  text += std::string(300'000, 'x') + ".example\n";  // longer than a block: one bad line
  text += "last.example";
  write(first_, text);
  start();
  ASSERT_TRUE(loaded_.has_value());
  EXPECT_EQ(store_->rules().base->name_count(), 60'002U);  // and virus.example
  for (int i = 0; i < 60'000; i += 7) {
    ASSERT_TRUE(blocks("so-" + std::to_string(i) + ".example")) << i;
  }
  EXPECT_TRUE(blocks("last.example"));
}

}  // namespace
}  // namespace khien::resolver
