// send_mail() against a real SMTP server (aiosmtpd, Debian package python3-aiosmtpd) on loopback.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "base/file.h"
#include "notice/mail.h"

namespace khien::notice {
namespace {

std::uint16_t free_port() {
  const FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ::bind(socket.get(), generic, size);
  ::getsockname(socket.get(), generic, &size);
  return ntohs(address.sin_port);
}

class MailServerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::system("/usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null") != 0) {
      GTEST_SKIP() << "needs the package python3-aiosmtpd";
    }
    std::string name = testing::TempDir() + "khien-mail-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    const auto listen = "127.0.0.1:" + std::to_string(port_);
    const auto box = (folder_ / "box").string();
    server_ = ::fork();
    if (server_ == 0) {
      ::execl("/usr/bin/python3", "python3", "-m", "aiosmtpd", "-n", "-l", listen.c_str(), "-c",
              "aiosmtpd.handlers.Mailbox", box.c_str(), nullptr);
      ::_exit(127);
    }
  }
  void TearDown() override {
    if (server_ > 0) {
      ::kill(server_, SIGTERM);
      ::waitpid(server_, nullptr, 0);
    }
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  /// Sends until the server has come up, for at most ten seconds.
  Result<void> send(const MailServer& server, const Mail& mail) {
    for (int i = 0; i < 100; ++i) {
      auto sent = send_mail(server, mail, clock_, rng_);
      if (sent || sent.error().code == ErrorCode::denied) return sent;
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
    return fail(ErrorCode::timeout, "the mail server did not come up");
  }
  MailServer server() {
    return parse_mail_server("smtp://127.0.0.1:" + std::to_string(port_), "khien@tinh.example")
        .value();
  }

  std::uint16_t port_ = free_port();
  pid_t server_ = -1;
  std::filesystem::path folder_;
  SystemClock clock_;
  SystemRng rng_;
};

TEST_F(MailServerTest, DeliversTheMessageAsItWasWritten) {
  const auto sent = send(server(), {.to = "binh@tinh.example",
                                    .subject = "Lệnh chặn chờ chữ ký của bạn",
                                    .text = "Chào bạn.\n"});
  ASSERT_TRUE(sent.has_value()) << sent.error().message;
  std::filesystem::path found;
  for (const auto& entry : std::filesystem::directory_iterator{folder_ / "box" / "new"}) {
    found = entry.path();
  }
  ASSERT_FALSE(found.empty());
  const auto text = to_text(read_file(found, 100'000).value());
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
