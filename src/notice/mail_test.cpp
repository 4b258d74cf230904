#include "notice/mail.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "codec/base64.h"
#include "text/mail_address.h"

namespace khien::notice {
namespace {

MailServer server() {
  return parse_mail_server("smtp://127.0.0.1:2525", "khien@tinh.example").value();
}

TEST(MailServer, ReadsTheThreeForms) {
  const auto tls = parse_mail_server("smtps://u:p:w@mail.example:465", "k@x.example");
  ASSERT_TRUE(tls.has_value());
  EXPECT_EQ(tls->security, MailSecurity::tls);
  EXPECT_EQ(tls->user, "u");
  EXPECT_EQ(tls->password, "p:w");
  EXPECT_EQ(tls->host, "mail.example");
  EXPECT_EQ(tls->port, 465);
  EXPECT_EQ(parse_mail_server("smtp+starttls://mail.example:587", "k@x.example")->security,
            MailSecurity::starttls);
}

TEST(MailServer, RefusesPlainTextToAnotherMachineAndWhatIsMalformed) {
  for (const char* url : {"smtp://mail.example:25", "http://127.0.0.1:25", "smtp://127.0.0.1",
                          "smtp://127.0.0.1:0", "smtp://127.0.0.1:25x", "smtp://u@127.0.0.1:25"}) {
    EXPECT_FALSE(parse_mail_server(url, "k@x.example").has_value()) << url;
  }
  EXPECT_FALSE(parse_mail_server("smtp://127.0.0.1:25", "not an address").has_value());
}

TEST(MailServer, TakesThePasswordFromAFile) {
  const auto path = std::filesystem::path{testing::TempDir()} / "khien-mail-password";
  ASSERT_TRUE(write_file_atomically(path, as_bytes("p:w d\n"), FileAccess::owner).has_value());
  const auto server = load_mail_server("smtps://u@mail.example:465", "k@x.example", path);
  ASSERT_TRUE(server.has_value()) << server.error().message;
  EXPECT_EQ(server->user, "u");
  EXPECT_EQ(server->password, "p:w d");
  EXPECT_EQ(server->host, "mail.example");
  for (const char* url : {"smtps://u:p@mail.example:465", "smtps://mail.example:465"}) {
    EXPECT_FALSE(load_mail_server(url, "k@x.example", path).has_value()) << url;
  }
  ASSERT_TRUE(write_file_atomically(path, as_bytes("\n"), FileAccess::owner).has_value());
  EXPECT_FALSE(load_mail_server("smtps://u@mail.example:465", "k@x.example", path).has_value());
  EXPECT_FALSE(load_mail_server("smtps://u@m.example:465", "k@x.example", "/nowhere").has_value());
  std::filesystem::remove(path);
}

TEST(WriteMessage, EncodesVietnameseInSubjectAndText) {
  SeededRng rng{1};
  const auto message = write_message(server(),
                                     {.to = "binh@tinh.example",
                                      .subject = "Lệnh chặn chờ chữ ký của bạn: ngan-hang.example",
                                      .text = "Chào bạn,\nxin ký.\n"},
                                     1'767'225'600'000, rng);
  ASSERT_TRUE(message.has_value());
  EXPECT_NE(message->find("Date: Thu, 01 Jan 2026 00:00:00 +0000\r\n"), std::string::npos);
  EXPECT_NE(message->find(codec::base64(as_bytes("Chào bạn,\r\nxin ký.\r\n"))), std::string::npos);
  for (std::size_t at = 0, end; (end = message->find("\r\n", at)) != std::string::npos;
       at = end + 2) {
    EXPECT_LE(end - at, 78U);  // RFC 5322 section 2.1.1
  }
  EXPECT_EQ(std::count(message->begin(), message->end(), '\n'),
            std::count(message->begin(), message->end(), '\r'));
}

TEST(WriteMessage, RefusesHeaderInjectionAndWhatIsTooLong) {
  SeededRng rng{1};
  const Mail good{.to = "a@b.example", .subject = "s", .text = "t"};
  for (Mail mail : {Mail{"a@b.example\r\nBcc: x@y.example", "s", "t"}, Mail{"", "s", "t"},
                    Mail{"a@b@c.example", "s", "t"}, Mail{"a@b.example", "s\r\nX: y", "t"},
                    Mail{"a@b.example", std::string(mail_subject_size_max + 1, 's'), "t"},
                    Mail{"a@b.example", "s", std::string(mail_text_size_max + 1, 't')},
                    Mail{std::string(text::mail_address_size_max, 'a') + "@b.example", "s", "t"}}) {
    EXPECT_FALSE(write_message(server(), mail, 0, rng).has_value());
  }
  EXPECT_TRUE(write_message(server(), good, 0, rng).has_value());
}

}  // namespace
}  // namespace khien::notice
