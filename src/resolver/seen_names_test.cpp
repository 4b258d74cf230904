#include "resolver/seen_names.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "base/testing/full_disk.h"

namespace khien::resolver {
namespace {

constexpr policy::HashKey name_key{.a = 3, .b = 5};

/// Labels as they are, also those that no host name has.
Octets wire_of(std::string_view text) {
  Octets out;
  while (!text.empty()) {
    const std::string_view label = text.substr(0, text.find('.'));
    out.push_back(static_cast<std::uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
    text.remove_prefix(std::min(label.size() + 1, text.size()));
  }
  out.push_back(0);
  return out;
}

class SeenNamesTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path{testing::TempDir()} / ("seen-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    open({.learning_ms = 0});
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void open(SeenNamesOptions options) {
    options.folder = folder_;
    seen_.reset();
    auto seen = SeenNames::open(std::move(options), clock_, rng_, metrics_);
    ASSERT_TRUE(seen.has_value()) << seen.error().message;
    seen_ = std::move(*seen);
    ring_ = &seen_->add_ring();
  }
  /// Networks first..last ask for `name`, 10.0.first.1 and so on.
  void ask(std::string_view name, std::uint32_t first, std::uint32_t last) {
    const policy::NameKey key{wire_of(name), name_key};
    for (std::uint32_t i = first; i < last; ++i) {
      const auto network = ring_->network_of(policy::AddressKey::v4(0x0A00'0001 + (i << 8)));
      ASSERT_TRUE(ring_->push(network, key));
      if (i % 1'000 == 999) seen_->poll();
    }
    seen_->poll();
  }
  std::vector<std::string> told() {
    std::vector<std::string> names;
    for (const NewName& name : seen_->take()) names.push_back(name.name);
    std::ranges::sort(names);
    return names;
  }
  double metric(std::string_view name) {
    const std::string all = metrics_.exposition();
    const auto at = all.find("\n" + std::string{name} + " ");
    return at == std::string::npos ? -1 : std::stod(all.substr(at + name.size() + 2));
  }
  using Names = std::vector<std::string>;

  std::filesystem::path folder_;
  ManualClock clock_;
  SeededRng rng_{1};
  Metrics metrics_;
  std::unique_ptr<SeenNames> seen_;
  SeenRing* ring_ = nullptr;
};

TEST_F(SeenNamesTest, TellsAtKAndNotBelow) {
  ask("www.moi.example", 0, 9);
  EXPECT_EQ(told(), Names{});
  ask("moi.example", 3, 9);  // the same networks again
  EXPECT_EQ(told(), Names{});
  ask("mail.moi.example", 9, 10);
  const auto names = seen_->take();
  ASSERT_EQ(names.size(), 1U);
  EXPECT_EQ(names[0].name, "moi.example");
  EXPECT_GE(names[0].networks, 10U);
  EXPECT_EQ(told(), Names{});
  ask("www.moi.example", 0, 500);  // known now
  EXPECT_EQ(told(), Names{});
}

// For every k that may be chosen, whatever the hashes.
TEST_F(SeenNamesTest, NeverTellsBelowK) {
  for (const std::uint32_t k : {2U, 3U, 10U, 64U, 100U}) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    open({.networks_min = k, .learning_ms = 0});
    for (int name = 0; name < 30; ++name) {
      const std::string text = "ten" + std::to_string(name) + ".example";
      for (int repeat = 0; repeat < 3; ++repeat) ask(text, 0, k - 1);
      ASSERT_TRUE(seen_->take().empty()) << text << ", k " << k;
      ask(text, k - 1, k);
      const auto names = seen_->take();
      ASSERT_EQ(names.size(), 1U) << text << ", k " << k;
      EXPECT_GE(names[0].networks, k);
    }
  }
}

TEST_F(SeenNamesTest, RefusesKOutsideItsLimits) {
  for (const std::uint32_t k : {0U, 1U, 101U}) {
    EXPECT_FALSE(SeenNames::open({.networks_min = k}, clock_, rng_, metrics_).has_value()) << k;
  }
}

TEST_F(SeenNamesTest, TheEstimateIsThatOfTheTimeItIsTold) {
  ask("cho.example", 0, 400);
  const auto names = seen_->take();
  ASSERT_EQ(names.size(), 1U);
  EXPECT_NEAR(names[0].networks, 400, 80);
}

TEST_F(SeenNamesTest, WhatWasPutBackIsToldAgainWithWhatCameMeanwhile) {
  ask("cho.example", 0, 40);
  auto names = seen_->take();
  ASSERT_EQ(names.size(), 1U);
  const auto before = names[0].networks;
  seen_->put_back(std::move(names));
  ask("cho.example", 40, 41);
  names = seen_->take();
  ASSERT_EQ(names.size(), 1U);
  EXPECT_EQ(names[0].networks, before);
  seen_->put_back(std::move(names));
  ask("cho.example", 0, 400);
  EXPECT_NEAR(seen_->take().at(0).networks, 400, 80);
}

TEST_F(SeenNamesTest, TakesNoMoreThanOneReportHolds) {
  for (int i = 0; i < 5; ++i) ask("ten" + std::to_string(i) + ".example", 0, 10);
  EXPECT_EQ(seen_->take(3).size(), 3U);
  EXPECT_EQ(seen_->take(3).size(), 2U);
}

TEST_F(SeenNamesTest, ADayIsTheWindow) {
  ask("cham.example", 0, 9);
  clock_.advance(seen_window_ms - 1);
  ask("nhanh.example", 0, 9);
  clock_.advance(1);
  ask("cham.example", 9, 10);  // a day later: the first of a new day
  ask("nhanh.example", 9, 10);
  EXPECT_EQ(told(), Names{"nhanh.example"});
  ask("cham.example", 0, 8);
  EXPECT_EQ(told(), Names{});
  ask("cham.example", 20, 21);
  EXPECT_EQ(told(), Names{"cham.example"});
}

TEST_F(SeenNamesTest, ForgetsWhatADayDidNotBringToK) {
  for (int i = 0; i < 2'000; ++i) ask("ten" + std::to_string(i) + ".example", 0, 1);
  EXPECT_EQ(metric("khien_dnsd_new_names_candidates"), 2'000);
  clock_.advance(seen_window_ms);
  for (int i = 0; i < 10; ++i) seen_->poll();
  EXPECT_EQ(metric("khien_dnsd_new_names_candidates"), 0);
}

// A flood of names that one network each asks for does not drive out what others ask for.
TEST_F(SeenNamesTest, AFullTableGivesUpWhatFewestAskedFor) {
  open({.learning_ms = 0, .candidates_max = 64});
  ask("that.example", 0, 9);
  for (int i = 0; i < 1'000; ++i) ask("rac" + std::to_string(i) + ".example", 50, 51);
  EXPECT_EQ(metric("khien_dnsd_new_names_candidates"), 64);
  EXPECT_EQ(metric("khien_dnsd_new_names_dropped_total{why=\"candidates\"}"), 1'001 - 64);
  EXPECT_EQ(seen_->dropped(), 1'001U - 64U);
  ask("that.example", 9, 10);
  EXPECT_EQ(told(), Names{"that.example"});
}

TEST_F(SeenNamesTest, AFullQueueDropsAndTheNameComesLater) {
  open({.learning_ms = 0, .waiting_max = 2});
  for (int i = 0; i < 3; ++i) ask("ten" + std::to_string(i) + ".example", 0, 10);
  EXPECT_EQ(metric("khien_dnsd_new_names_waiting"), 2);
  EXPECT_EQ(metric("khien_dnsd_new_names_dropped_total{why=\"waiting\"}"), 1);
  auto names = seen_->take();
  EXPECT_EQ(names.size(), 2U);
  ask("ten2.example", 10, 11);
  EXPECT_EQ(metric("khien_dnsd_new_names_waiting"), 1);
  seen_->put_back(std::move(names));  // for one of them there is room
  EXPECT_EQ(metric("khien_dnsd_new_names_waiting"), 2);
  EXPECT_EQ(metric("khien_dnsd_new_names_dropped_total{why=\"waiting\"}"), 2);
}

TEST_F(SeenNamesTest, AFullRingDropsAndCounts) {
  const policy::NameKey key{wire_of("day.example"), name_key};
  std::size_t pushed = 0;
  for (std::uint32_t i = 0; i < seen_ring_size + 100; ++i) {
    if (ring_->push(ring_->network_of(policy::AddressKey::v4(i << 8)), key)) ++pushed;
  }
  EXPECT_EQ(pushed, seen_ring_size);
  seen_->poll();
  EXPECT_EQ(metric("khien_dnsd_new_names_dropped_total{why=\"ring\"}"), 100);
  EXPECT_EQ(metric("khien_dnsd_new_names_observed_total"), double{seen_ring_size});
  EXPECT_TRUE(ring_->push(1, key));
}

TEST_F(SeenNamesTest, LearnsInItsFirstDayAndTellsNobody) {
  open({});
  ask("cu.example", 0, 10);
  EXPECT_EQ(told(), Names{});
  EXPECT_EQ(metric("khien_dnsd_new_names_learnt_total"), 1);
  clock_.advance(ms_per_day);
  ask("cu.example", 0, 20);
  ask("moi.example", 0, 10);
  EXPECT_EQ(told(), Names{"moi.example"});
}

TEST_F(SeenNamesTest, KnowsAfterARestartWhatItToldAndHowLongItLearns) {
  ask("cu.example", 0, 10);
  EXPECT_EQ(told(), Names{"cu.example"});
  ask("cho.example", 0, 10);  // nobody took it
  ASSERT_TRUE(seen_->save().has_value());
  open({});  // the learning period is over: it stands in the file
  ask("cu.example", 0, 10);
  ask("cho.example", 0, 10);
  EXPECT_EQ(told(), Names{"cho.example"});

  std::filesystem::remove_all(folder_);
  std::filesystem::create_directories(folder_);
  open({});
  seen_->poll();  // writes the empty file at once
  clock_.advance(ms_per_day / 2);
  open({});
  clock_.advance(ms_per_day / 2 - 1);
  ask("hoc.example", 0, 10);
  EXPECT_EQ(told(), Names{});
  clock_.advance(1);
  ask("moi.example", 0, 10);
  EXPECT_EQ(told(), Names{"moi.example"});
}

TEST_F(SeenNamesTest, WhatIsPutBackIsNewAfterARestart) {
  ask("cho.example", 0, 10);
  seen_->put_back(seen_->take());
  ASSERT_TRUE(seen_->save().has_value());
  open({.learning_ms = 0});
  ask("cho.example", 0, 10);
  EXPECT_EQ(told(), Names{"cho.example"});
}

TEST_F(SeenNamesTest, ADamagedFileIsBegunAnew) {
  ask("cu.example", 0, 10);
  EXPECT_EQ(told(), Names{"cu.example"});
  ASSERT_TRUE(seen_->save().has_value());
  auto octets = read_file(folder_ / "seen.khien", seen_file_size_max).value();
  octets[octets.size() / 2] ^= 1;
  std::ofstream{folder_ / "seen.khien", std::ios::binary} << as_text(octets);
  open({});
  EXPECT_EQ(metric("khien_dnsd_new_names_known"), 0);
  ask("hoc.example", 0, 10);  // and learns again
  EXPECT_EQ(told(), Names{});
  EXPECT_EQ(metric("khien_dnsd_new_names_learnt_total"), 1);
}

TEST_F(SeenNamesTest, AFullDiskIsCountedAndTriedAgain) {
  ask("cu.example", 0, 10);
  EXPECT_EQ(told(), Names{"cu.example"});
  {
    const FullDisk full{0};
    EXPECT_FALSE(seen_->save().has_value());
  }
  EXPECT_EQ(metric("khien_dnsd_new_names_save_failures_total"), 1);
  ASSERT_TRUE(seen_->save().has_value());
  open({});
  EXPECT_EQ(metric("khien_dnsd_new_names_known"), 1);
}

TEST(RegistrableName, IsTheSuffixAndOneLabel) {
  const auto suffixes = text::PublicSuffixList::load(std::filesystem::path{KHIEN_SOURCE_DIR} /
                                                     "data/psl/public_suffix_list.dat");
  ASSERT_TRUE(suffixes.has_value());
  const auto of = [&](std::string_view name) {
    return registrable_name(*suffixes, wire_of(name)).value_or("");
  };
  EXPECT_EQ(of("a.b.ngan-hang.com.vn"), "ngan-hang.com.vn");
  EXPECT_EQ(of("_dmarc.shop.example"), "shop.example");
  EXPECT_EQ(of("nguoi.github.io"), "nguoi.github.io");
  EXPECT_EQ(of("com.vn"), "");
  EXPECT_EQ(of("vn"), "");
  // Addresses, and what means something in one network alone.
  for (const auto* const name : {"1.2.0.192.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa", "may-in.lan",
                                 "pc.local", "a.home.arpa", "x.internal", "y.corp"}) {
    EXPECT_EQ(of(name), "") << name;
  }
}

TEST(RegistrableName, LooksPastLabelsThatNoHostNameHas) {
  const auto suffixes = text::PublicSuffixList::built_in();
  ASSERT_TRUE(suffixes.has_value());
  EXPECT_EQ(registrable_name(*suffixes, wire_of("\x01\xff.shop.com")), "shop.com");
  EXPECT_EQ(registrable_name(*suffixes, wire_of("www.sh/op.com")), std::nullopt);
  EXPECT_EQ(registrable_name(*suffixes, wire_of("")), std::nullopt);
}

// A ring holds the last labels alone, whatever stands before them; the registrable name survives.
TEST(RegistrableName, SurvivesTheRing) {
  const auto suffixes = text::PublicSuffixList::built_in();
  ASSERT_TRUE(suffixes.has_value());
  SeenRing ring{name_key, 1, 64};
  const std::string label(63, 'a');
  const std::string many = "1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.";
  for (const std::string& name :
       {many + "shop.com.vn", label + "." + label + "." + label + ".shop.com.vn",
        label + "." + label + ".com.vn", std::string{"shop.com.vn"}}) {
    ASSERT_TRUE(ring.push(1, policy::NameKey{wire_of(name), name_key}));
    ring.drain([&](const SeenRing::Observation& seen) {
      EXPECT_LE(seen.wire().size(), seen_name_size_max);
      EXPECT_EQ(registrable_name(*suffixes, seen.wire()), suffixes->registrable_domain(name));
    });
  }
}

}  // namespace
}  // namespace khien::resolver
