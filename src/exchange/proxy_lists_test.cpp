#include "exchange/proxy_lists.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/random.h"
#include "base/testing/temporary_folder.h"

namespace khien::exchange {
namespace {

class ProxyListsTest : public testing::Test {
 protected:
  /// Writes a signed list, made now and good for a day.
  void put(const std::string& name, std::string_view text) {
    sign(name, text, key_);
    ASSERT_TRUE(write_file_atomically(folder_ / name, as_bytes(text), FileAccess::owner));
  }
  void sign(const std::string& name, std::string_view text, const crypto::Ed25519Key& key) {
    const auto signature =
        sign_minisign(key, crypto::Blake2b{}.update(text).finish(),
                      to_trusted_comment({.file = name,
                                          .made_at_ms = clock_.now_ms(),
                                          .expires_at_ms = clock_.now_ms() + ms_per_day}));
    ASSERT_TRUE(write_file_atomically(folder_ / (name + ".minisig"), as_bytes(signature),
                                      FileAccess::owner));
  }
  std::unique_ptr<ProxyLists> lists(std::initializer_list<std::string> names) {
    ProxyLists::Options options{.files = {}, .key = MinisignPublicKey{key_.public_key()}};
    for (const auto& name : names) options.files.push_back(folder_ / name);
    auto made = std::make_unique<ProxyLists>(
        std::move(options), clock_, [this](const std::string& said) { said_.push_back(said); });
    made->refresh();
    return made;
  }
  static std::string verdict(ProxyLists& lists, std::string_view target) {
    const auto answer = lists.ask(target);
    return answer.verdict == ProxyVerdict::listed    ? "listed " + answer.list
           : answer.verdict == ProxyVerdict::unknown ? "unknown " + answer.list
                                                     : "no";
  }

  ManualClock clock_;
  SystemRng rng_;
  crypto::Ed25519Key key_ = crypto::Ed25519Key::generate(rng_);
  TemporaryFolder temporary_;
  const std::filesystem::path& folder_ = temporary_.path();
  std::vector<std::string> said_;
};

TEST_F(ProxyListsTest, NamesAndAddressesAreFound) {
  put("orders.domains",
      "# Objections: https://khien.example/object\nxau.example\nrong.example\n*.rong.example\n");
  put("trang.urls", "https://chung.example/lua-dao\n");
  const auto all = lists({"orders.domains", "trang.urls"});
  EXPECT_TRUE(said_.empty()) << said_.front();
  EXPECT_EQ(verdict(*all, "https://xau.example/a"), "listed orders");
  EXPECT_EQ(verdict(*all, "xau.example:443"), "listed orders");
  EXPECT_EQ(verdict(*all, "http://www.xau.example/"), "no") << "exactly the name";
  EXPECT_EQ(verdict(*all, "http://www.rong.example/"), "listed orders");
  EXPECT_EQ(verdict(*all, "https://chung.example/lua-dao/x"), "listed trang");
  EXPECT_EQ(verdict(*all, "https://chung.example/"), "no");
  EXPECT_EQ(verdict(*all, "!"), "no");
  EXPECT_EQ(all->ask("xau.example").objections, "https://khien.example/object");
}

TEST_F(ProxyListsTest, WithoutAGoodListItDoesNotKnow) {
  const auto all = lists({"orders.domains"});
  EXPECT_EQ(verdict(*all, "tot.example"), "unknown orders");
  ASSERT_EQ(said_.size(), 1U);
  all->refresh();
  EXPECT_EQ(said_.size(), 1U) << "said once";
  put("orders.domains", "xau.example\n");
  all->refresh();
  EXPECT_EQ(verdict(*all, "tot.example"), "no");
}

TEST_F(ProxyListsTest, AGoodListIsFoundInBesideOneThatIsMissing) {
  put("orders.domains", "xau.example\n");
  const auto all = lists({"feeds.domains", "orders.domains"});
  EXPECT_EQ(verdict(*all, "xau.example"), "listed orders");
  EXPECT_EQ(verdict(*all, "tot.example"), "unknown feeds");
}

TEST_F(ProxyListsTest, ABadListLeavesTheLastGoodOne) {
  put("orders.domains", "xau.example\n");
  const auto all = lists({"orders.domains"});
  sign("orders.domains", "tot.example\n", crypto::Ed25519Key::generate(rng_));
  ASSERT_TRUE(write_file_atomically(folder_ / "orders.domains", as_bytes("tot.example\n"),
                                    FileAccess::owner));
  all->refresh();
  EXPECT_EQ(verdict(*all, "xau.example"), "listed orders");
  EXPECT_EQ(verdict(*all, "tot.example"), "no");
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_NE(said_[0].find("the last good one stays"), std::string::npos) << said_[0];
  std::filesystem::remove(folder_ / "orders.domains");
  all->refresh();
  EXPECT_EQ(verdict(*all, "xau.example"), "listed orders");
  put("orders.domains", "moi.example\n");
  all->refresh();
  EXPECT_EQ(verdict(*all, "xau.example"), "no") << "lifted";
  EXPECT_EQ(verdict(*all, "moi.example"), "listed orders");
}

TEST_F(ProxyListsTest, AnOlderListIsNotTakenBack) {
  put("orders.domains", "lan-truoc.example\n");
  std::filesystem::create_directory(folder_ / "old");
  for (const auto* name : {"orders.domains", "orders.domains.minisig"}) {
    std::filesystem::copy_file(folder_ / name, folder_ / "old" / name);
  }
  clock_.advance(ms_per_hour);
  put("orders.domains", "lan-nay.example\n");
  const auto all = lists({"orders.domains"});
  for (const auto* name : {"orders.domains", "orders.domains.minisig"}) {
    std::filesystem::rename(folder_ / "old" / name, folder_ / name);
  }
  all->refresh();
  EXPECT_EQ(verdict(*all, "lan-nay.example"), "listed orders");
  EXPECT_EQ(verdict(*all, "lan-truoc.example"), "no");
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_NE(said_[0].find("older"), std::string::npos);
}

TEST_F(ProxyListsTest, AListThatIsOverIsNotObeyedAnyMore) {
  put("orders.domains", "xau.example\n");
  const auto all = lists({"orders.domains"});
  clock_.advance(ms_per_day);
  EXPECT_EQ(verdict(*all, "xau.example"), "unknown orders") << "a block needs an end";
  all->refresh();
  all->refresh();
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_NE(said_[0].find("is over since"), std::string::npos);
  put("orders.domains", "xau.example\n");
  all->refresh();
  EXPECT_EQ(verdict(*all, "xau.example"), "listed orders");
}

TEST_F(ProxyListsTest, AListOfAddressesIsRefusedWhole) {
  put("trang.urls", "https://chung.example/a\nhttps://chung.example/?token=1\n");
  const auto all = lists({"trang.urls"});
  EXPECT_EQ(verdict(*all, "https://chung.example/a"), "unknown trang");
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_NE(said_[0].find("line 2"), std::string::npos) << said_[0];
}

}  // namespace
}  // namespace khien::exchange
