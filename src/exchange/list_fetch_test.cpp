// Against a server of ours over TLS that gives out whatever a test wants, good or hostile.
#include "exchange/list_fetch.h"

#include <gtest/gtest.h>

#include <map>

#include "base/file.h"
#include "base/guarded.h"
#include "base/random.h"
#include "base/testing/temporary_folder.h"
#include "http/testing/tls_server.h"

namespace khien::exchange {
namespace {

class ListFetchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    http::Route route{.path = "/lists/{file}", .permission = "public"};
    route.handler = [this](const http::Request& request) {
      auto files = files_.lock();
      auto asked = std::string{request.parameter("file")};
      if (const auto version = request.query_value("version")) {
        asked += "?" + std::string{*version};
      }
      const auto found = files->find(asked);
      if (found == files->end()) return http::respond(410, "text/plain", "gone");
      return http::respond(200, "text/plain", found->second);
    };
    server_ = std::make_unique<http::testing::TlsServer>(authority_, std::vector{route});
  }
  void TearDown() override { server_.reset(); }

  struct Offer {
    std::string text;
    std::string version = "17-00ff";
    std::string file = "orders.domains";
    InstantMs made_at_ms = 0;  // since the clock's now
    InstantMs lives_ms = ms_per_day;
  };
  /// The signature, and the list under its version alone, as khiend gives it out.
  void offer(const Offer& given) {
    const auto made_at_ms = clock_.now_ms() + given.made_at_ms;
    auto files = files_.lock();
    files->clear();
    (*files)["orders.domains.minisig"] =
        sign_minisign(key_, crypto::Blake2b{}.update(given.text).finish(),
                      to_trusted_comment({.file = given.file,
                                          .version = given.version,
                                          .serial = 17,
                                          .made_at_ms = made_at_ms,
                                          .expires_at_ms = made_at_ms + given.lives_ms}));
    (*files)["orders.domains?" + given.version] = given.text;
  }
  ListFetch wanted() {
    return {.url = server_->url("/lists/orders.domains"),
            .folder = folder_,
            .key = MinisignPublicKey{key_.public_key()},
            .ca_file = authority_.certificate()};
  }
  /// "replaced", "unchanged", or why not.
  std::string fetch() {
    const auto done = fetch_list(wanted(), clock_);
    if (!done) return done.error().reason.empty() ? "failed" : done.error().reason;
    return *done == ListFetched::replaced ? "replaced" : "unchanged";
  }
  std::string kept() {
    const auto read = read_signed_list(folder_ / "orders.domains", wanted().key, clock_.now_ms());
    return read ? read->text : read.error().message;
  }
  std::size_t file_count() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator{folder_}) ++count;
    return count;
  }

  ManualClock clock_;
  SystemRng rng_;
  crypto::Ed25519Key key_ = crypto::Ed25519Key::generate(rng_);
  TemporaryFolder temporary_;
  const std::filesystem::path& folder_ = temporary_.path();
  http::testing::Authority authority_;
  Guarded<std::map<std::string, std::string>> files_;
  std::unique_ptr<http::testing::TlsServer> server_;
};

TEST_F(ListFetchTest, TakesTheEditionThatItsSignatureNames) {
  offer({.text = "xau.example\n"});
  EXPECT_EQ(fetch(), "replaced");
  EXPECT_EQ(kept(), "xau.example\n");
  EXPECT_EQ(fetch(), "unchanged");
  clock_.advance(ms_per_minute);
  offer({.text = "moi.example\n", .version = "18-00ff"});
  EXPECT_EQ(fetch(), "replaced");
  EXPECT_EQ(kept(), "moi.example\n");
  EXPECT_EQ(file_count(), 2U);
}

TEST_F(ListFetchTest, WhatIsBadLeavesWhatIsThere) {
  offer({.text = "xau.example\n"});
  ASSERT_EQ(fetch(), "replaced");
  offer({.text = "tot.example\n", .version = "18-00ff"});
  (*files_.lock())["orders.domains?18-00ff"] = "khac.example\n";
  EXPECT_EQ(fetch(), "bad_signature");
  offer({.text = "tot.example\n", .version = "18-00ff", .file = "feeds.domains"});
  EXPECT_EQ(fetch(), "other_list");
  offer({.text = "tot.example\n", .version = "18-00ff", .lives_ms = 0});
  EXPECT_EQ(fetch(), "list_expired");
  offer({.text = "tot.example\n", .version = "16-00ff", .made_at_ms = -ms_per_minute});
  EXPECT_EQ(fetch(), "list_older");
  offer({.text = "tot.example\n", .version = "../../../etc/passwd"});
  EXPECT_EQ(fetch(), "failed") << "no such version is asked for";
  (*files_.lock())["orders.domains.minisig"] = std::string(minisign_text_max + 1, 'x');
  EXPECT_EQ(fetch(), "body_too_large");
  files_.lock()->clear();
  EXPECT_EQ(fetch(), "failed");
  EXPECT_EQ(kept(), "xau.example\n");
  EXPECT_EQ(file_count(), 2U) << "nothing half fetched is left";
}

TEST_F(ListFetchTest, AnAddressNamesAList) {
  for (const std::string_view bad :
       {"http://khien.example/lists/orders.domains", "https://khien.example/lists/",
        "https://khien.example/lists/orders.domains?version=1", "https://khien.example/..",
        "orders.domains", ""}) {
    auto asked = wanted();
    asked.url = bad;
    EXPECT_FALSE(fetched_path(asked).has_value()) << bad;
  }
  EXPECT_EQ(fetched_path(wanted()).value(), folder_ / "orders.domains");
}

}  // namespace
}  // namespace khien::exchange
