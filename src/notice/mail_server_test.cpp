// send_mail() against a real SMTP server (aiosmtpd, Debian package python3-aiosmtpd) on loopback.
#include <gtest/gtest.h>

#include "notice/testing/smtp_server.h"

namespace khien::notice {
namespace {

using testing::free_port;

class MailServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::SmtpServer::is_installed()) GTEST_SKIP() << "needs the package python3-aiosmtpd";
    smtp_ = std::make_unique<testing::SmtpServer>();
  }
  Result<void> send(const MailServer& server, const Mail& mail) {
    return testing::SmtpServer::send(server, mail, clock_, rng_);
  }
  MailServer server() { return smtp_->address(); }

  std::unique_ptr<testing::SmtpServer> smtp_;
  SystemClock clock_;
  SystemRng rng_;
};

TEST_F(MailServerTest, DeliversTheMessageAsItWasWritten) {
  const auto sent = send(server(), {.to = "binh@tinh.example",
                                    .subject = "Lệnh chặn chờ chữ ký của bạn",
                                    .text = "Chào bạn.\n"});
  ASSERT_TRUE(sent.has_value()) << sent.error().message;
  const auto messages = smtp_->messages();
  ASSERT_EQ(messages.size(), 1U);
  const auto& text = messages.front();
  EXPECT_NE(text.find("X-RcptTo: binh@tinh.example"), std::string::npos) << text;
  EXPECT_NE(text.find("Subject: =?UTF-8?B?"), std::string::npos);
  EXPECT_NE(text.find("Q2jDoG8gYuG6oW4uDQo="), std::string::npos) << text;  // Chào bạn.
}

TEST_F(MailServerTest, RefusesToSendInTheClearWhereTlsIsDemanded) {
  ASSERT_TRUE(send(server(), {.to = "a@tinh.example", .subject = "s", .text = "t"}).has_value());
  auto demanding = server();
  demanding.security = MailSecurity::starttls;
  const auto sent =
      send_mail(demanding, {.to = "a@tinh.example", .subject = "s", .text = "t"}, clock_, rng_);
  ASSERT_FALSE(sent.has_value());
}

// One SMTP server by the book, as small as it can be: it refuses everybody's sign-in, and the
// recipient "gone@tinh.example" for good.
constexpr auto refusing_server = R"(
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    peer, _ = server.accept()
    lines = peer.makefile("rwb", buffering=0)
    lines.write(b"220 mail.example\r\n")
    for line in lines:
        word = line.upper()
        if word.startswith(b"EHLO"): lines.write(b"250-mail.example\r\n250 AUTH PLAIN\r\n")
        elif word.startswith(b"AUTH"): lines.write(b"535 5.7.8 no\r\n")
        elif word.startswith(b"RCPT TO:<GONE@"): lines.write(b"550 5.1.1 no such mailbox\r\n")
        elif word.startswith(b"RCPT TO:<FULL@"): lines.write(b"452 4.2.2 mailbox full\r\n")
        elif word.startswith(b"QUIT"): lines.write(b"221 bye\r\n"); break
        else: lines.write(b"250 ok\r\n")
    peer.close()
)";

TEST_F(MailServerTest, TellsWhatIsFinalFromWhatMayPassAndFromOurOwnSignIn) {
  auto refusing = server();
  refusing.port = free_port();
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/usr/bin/python3", "python3", "-c", refusing_server,
            std::to_string(refusing.port).c_str(), nullptr);
    ::_exit(127);
  }
  const auto gone = send(refusing, {.to = "gone@tinh.example", .subject = "s", .text = "t"});
  ASSERT_FALSE(gone.has_value());
  EXPECT_EQ(gone.error().code, ErrorCode::denied) << gone.error().message;
  EXPECT_EQ(gone.error().message, "mail server refused with 550");
  const auto full =
      send_mail(refusing, {.to = "full@tinh.example", .subject = "s", .text = "t"}, clock_, rng_);
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().code, ErrorCode::unavailable) << full.error().message;
  refusing.user = "khien";
  refusing.password = "wrong";
  const auto sign_in =
      send_mail(refusing, {.to = "a@tinh.example", .subject = "s", .text = "t"}, clock_, rng_);
  ASSERT_FALSE(sign_in.has_value());
  EXPECT_EQ(sign_in.error().code, ErrorCode::unavailable) << sign_in.error().message;
  EXPECT_EQ(sign_in.error().reason, "mail_sign_in");
  EXPECT_EQ(sign_in.error().message, "mail server refused the sign-in with 535");
  ::kill(child, SIGTERM);
  ::waitpid(child, nullptr, 0);
}

TEST_F(MailServerTest, AServerThatIsAwayMayBeTriedAgain) {
  auto away = server();
  away.port = free_port();
  const auto sent =
      send_mail(away, {.to = "a@tinh.example", .subject = "s", .text = "t"}, clock_, rng_);
  ASSERT_FALSE(sent.has_value());
  EXPECT_EQ(sent.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace khien::notice
