// What khiend makes of its command line where a mistake would show only later, in somebody's mail.
#include "options.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "own_addresses.h"
#include "recheck/page_looker.h"

namespace khien::khiend {
namespace {

Result<std::optional<Options>> read(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "khiend");
  return read_options(static_cast<int>(arguments.size()), arguments.data());
}
std::string refusal(std::vector<const char*> arguments) {
  const auto options = read(std::move(arguments));
  return options ? "" : options.error().message;
}

TEST(DnsTlsOptions, TakeTheirOwnCertificateOrThatOfTheWebServer) {
  EXPECT_FALSE((*read({}))->dns_tls.has_value());
  const auto own =
      read({"--dns-tls-listen", "192.0.2.1", "--dns-tls-cert", "z.pem", "--dns-tls-key", "z.key"});
  ASSERT_TRUE(own.has_value()) << own.error().message;
  EXPECT_EQ((*own)->dns_tls->listen.port, 853);
  EXPECT_EQ((*own)->dns_tls->files.key, "z.key");
  const auto shared =
      read({"--dns-tls-listen", "192.0.2.1:8853", "--tls-cert", "w.pem", "--tls-key", "w.key"});
  ASSERT_TRUE(shared.has_value()) << shared.error().message;
  EXPECT_EQ((*shared)->dns_tls->files.certificate, "w.pem");
  EXPECT_NE(refusal({"--dns-tls-listen", "192.0.2.1"}).find("--dns-tls-cert"), std::string::npos);
  EXPECT_NE(refusal({"--dns-tls-cert", "z.pem", "--dns-tls-key", "z.key"}).find("belongs to"),
            std::string::npos);
  EXPECT_NE(refusal({"--dns-tls-listen", "x y", "--tls-cert", "a", "--tls-key", "b"})
                .find("--dns-tls-listen"),
            std::string::npos);
}

TEST(RecheckOptions, OurselvesAreNeverContacted) {
  const auto options = read({"--listen", "0.0.0.0:8080", "--dns-listen", "203.0.113.5:53"});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  const auto never = never_contacted(**options);
  const auto holds = [&never](std::string_view address) {
    const auto ip = net::IpAddress::parse(address).value();
    return std::ranges::any_of(never, [&ip](const net::Prefix& own) { return own.contains(ip); });
  };
  EXPECT_TRUE(holds("203.0.113.5")) << "where zones are served";
  EXPECT_TRUE(holds("127.0.0.1")) << "an interface of this machine";
  EXPECT_FALSE(holds("203.0.113.6"));
}

TEST(StageListsOption, IsOffUntilItIsGivenAndBelongsToThePublisher) {
  EXPECT_EQ((*read({}))->stage_lists_above, 0U);
  EXPECT_EQ((*read({"--stage-lists-above", "5000"}))->stage_lists_above, 5'000U);
  EXPECT_NE(refusal({"--stage-lists-above", "5000", "--roles", "api"}).find("role publisher"),
            std::string::npos);
  EXPECT_NE(refusal({"--stage-lists-above", "-1"}), "");
}

TEST(RecheckOptions, AskOnlyWhoFiltersNothing) {
  EXPECT_TRUE((*read({}))->recheck.resolvers.empty());
  const auto options = read({"--recheck-resolver", "192.0.2.53", "--recheck-resolver",
                             "[2001:db8::53]:5353", "--recheck-list-budget", "0"});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  ASSERT_EQ((*options)->recheck.resolvers.size(), 2U);
  EXPECT_EQ((*options)->recheck.resolvers[0].port, 53);
  EXPECT_EQ((*options)->recheck.list_budget, 0);
  EXPECT_EQ((*options)->recheck.control, "chinhphu.vn");
  EXPECT_NE(refusal({"--recheck-resolver", "192.0.2.53", "--verify", "192.0.2.53"})
                .find("blocks what it should look at"),
            std::string::npos);
  EXPECT_NE(refusal({"--recheck-resolver", "x"}).find("--recheck-resolver"), std::string::npos);
  EXPECT_NE(refusal({"--recheck-list-budget", "3001"}).find("0 to 3000"), std::string::npos);
  EXPECT_NE(refusal({"--recheck-control", "Tot.Example."}).find("lower case"), std::string::npos);
  EXPECT_FALSE((*options)->recheck.pages) << "nobody contacts a listed site unasked";
  const auto pages = read({"--recheck-resolver", "192.0.2.53", "--recheck-pages", "on",
                           "--recheck-user-agent", "Mozilla/5.0"});
  ASSERT_TRUE(pages.has_value()) << pages.error().message;
  EXPECT_TRUE((*pages)->recheck.pages);
  EXPECT_EQ((*pages)->recheck.user_agent, "Mozilla/5.0");
  EXPECT_NE(refusal({"--recheck-pages", "on"}).find("needs --recheck-resolver"), std::string::npos);
  EXPECT_NE(refusal({"--recheck-pages", "yes"}).find("on or off"), std::string::npos);
  EXPECT_NE(refusal({"--recheck-user-agent", "a\r\nCookie: b"}).find("one line"),
            std::string::npos);
  EXPECT_NE(refusal({"--recheck-user-agent", ""}).find("one line"), std::string::npos);
  const std::string too_long(recheck::user_agent_size_max + 1, 'x');
  EXPECT_NE(refusal({"--recheck-user-agent", too_long.c_str()}).find("one line"),
            std::string::npos);
  std::vector<const char*> many;
  for (int i = 0; i < 5; ++i) {
    many.push_back("--recheck-resolver");
    many.push_back("192.0.2.53");
  }
  EXPECT_NE(refusal(many).find("at most 4"), std::string::npos);
}

TEST(MailOptions, MakeAServerOrNone) {
  EXPECT_FALSE((*read({}))->mail.has_value());
  const auto options = read({"--smtp", "smtp://127.0.0.1:25", "--smtp-from", "khien@tinh.example",
                             "--public-url", "https://khien.tinh.example/"});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  ASSERT_TRUE((*options)->mail.has_value());
  EXPECT_EQ((*options)->mail->from, "khien@tinh.example");
  EXPECT_EQ((*options)->public_url, "https://khien.tinh.example");
}

TEST(MailOptions, RefuseWhatWouldSendNoGoodMail) {
  const auto* const url = "--public-url=https://khien.tinh.example";
  EXPECT_EQ(refusal({"--smtp", "smtp://127.0.0.1:25"}),
            "--smtp needs --public-url: mail links to it");
  EXPECT_NE(refusal({url, "--smtp", "smtp://mail.example:25"}).find("without encryption"),
            std::string::npos);
  EXPECT_NE(refusal({url, "--smtp", "smtp://127.0.0.1:25", "--smtp-from", "nobody"})
                .find("not a mail address"),
            std::string::npos);
  EXPECT_EQ(refusal({"--smtp-password-file", "/nowhere"}),
            "--smtp-password-file belongs to --smtp");
  EXPECT_NE(
      refusal({url, "--smtp", "smtps://u@mail.example:465", "--smtp-password-file", "/nowhere"})
          .find("/nowhere"),
      std::string::npos);
}

TEST(PairOptions, NeedPostgresqlAndThePublisher) {
  EXPECT_TRUE((*read({}))->pair.empty());
  const auto pair = read({"--pair", "a", "--database", "postgresql:///khien"});
  ASSERT_TRUE(pair.has_value()) << pair.error().message;
  EXPECT_EQ((*pair)->pair, "a");
  EXPECT_NE(refusal({"--pair", "a"}).find("PostgreSQL"), std::string::npos);
  EXPECT_NE(refusal({"--pair", "a", "--database", "postgresql:///khien", "--roles", "api"})
                .find("publisher"),
            std::string::npos);
}

}  // namespace
}  // namespace khien::khiend
