// khien-dnsd's service while it runs: what SIGHUP reads again, and its signs of life.
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "dns/writer.h"
#include "policy/test_names.h"
#include "probe/judge.h"
#include "resolver/service.h"
#include "resolver/transfer_key.h"

namespace khien {
namespace {

const auto loopback = *net::SocketAddress::parse("127.0.0.1:0");

class DnsdReload : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::path{testing::TempDir()} / ("dnsd-reload-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    write("xau.example\n");
    resolver::ServiceOptions options{.listen = {loopback}, .upstreams = {loopback}};
    options.lists.push_back(
        {.source = *policy::source_of(Basis::feeds, Category::phishing), .path = list()});
    auto service = resolver::Service::open(std::move(options), clock_, rng_);
    ASSERT_TRUE(service.has_value()) << service.error().message;
    service_ = std::move(*service);
    service_->start();
  }
  void TearDown() override {
    service_.reset();
    std::filesystem::remove_all(folder_);
  }
  std::filesystem::path list() const { return folder_ / "phishing.txt"; }
  /// As a careful updater does: beside it, then renamed over it.
  void write(std::string_view text) {
    const auto beside = folder_ / "new";
    std::ofstream{beside} << text;
    std::filesystem::rename(beside, list());
  }
  bool blocked(std::string_view name) {
    const auto seen = probe::ask({.resolver = service_->addresses().front(),
                                  .name = *dns::Name::from_text(name),
                                  .transport = probe::Transport::udp},
                                 clock_, rng_);
    return seen && probe::says_blocked(*seen);
  }

  std::filesystem::path folder_;
  SystemClock clock_;
  SystemRng rng_;
  std::unique_ptr<resolver::Service> service_;
};

TEST_F(DnsdReload, TakesAListThatChanged) {
  EXPECT_TRUE(blocked("xau.example"));
  EXPECT_EQ(service_->reload(), 0U);  // the same file: nothing happens
  write("moi.example\nmoi-hon.example\n");
  EXPECT_EQ(service_->reload(), 0U);
  EXPECT_TRUE(blocked("moi.example"));
  EXPECT_FALSE(blocked("xau.example"));
  const std::string metrics = service_->status_page("/metrics").body;
  for (const auto* const line :
       {"part=\"lists\",outcome=\"changed\"} 1", "part=\"lists\",outcome=\"same\"} 1"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line;
  }
}

TEST_F(DnsdReload, AListThatIsGoneLeavesTheLastOne) {
  std::filesystem::remove(list());
  EXPECT_EQ(service_->reload(), 1U);
  EXPECT_TRUE(blocked("xau.example"));
  EXPECT_NE(service_->status_page("/metrics").body.find("part=\"lists\",outcome=\"failed\"} 1"),
            std::string::npos);
}

/// A service with secrets in files, and what only who has them can say to it.
class DnsdSecrets : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_);
    write("cookies", hex('a'));
    write("key", key_text("mot", "bW90bW90bW90bW90bW90bQ=="));
    resolver::ServiceOptions options{.listen = {loopback}, .upstreams = {loopback}};
    options.cookie_secret_file = folder_ / "cookies";
    options.cookie_secrets = resolver::read_cookie_secrets(options.cookie_secret_file).value();
    resolver::SecondaryOptions secondary;
    // Another address than ours, where nobody listens: only the key makes a NOTIFY good.
    secondary.primary = *net::SocketAddress::parse("127.0.0.2:9");
    secondary.key_file = folder_ / "key";
    secondary.key = resolver::read_key(secondary.key_file).value();
    secondary.zones = {{.name = zone_, .source = policy::source_named("orders-phishing")}};
    options.secondary = std::move(secondary);
    auto service = resolver::Service::open(std::move(options), clock_, rng_);
    ASSERT_TRUE(service.has_value()) << service.error().message;
    service_ = std::move(*service);
    service_->start();
    socket_.emplace(net::UdpSocket::bind({.address = loopback}).value());
  }
  void TearDown() override {
    service_.reset();
    std::filesystem::remove_all(folder_);
  }
  static std::string hex(char digit) { return std::string(32, digit) + "\n"; }
  static std::string key_text(std::string_view name, std::string_view secret) {
    return "key \"" + std::string{name} + "\" { algorithm hmac-sha256; secret \"" +
           std::string{secret} + "\"; };\n";
  }
  void write(const std::string& name, std::string_view text) {
    std::ofstream{folder_ / "new"} << text;
    std::filesystem::rename(folder_ / "new", folder_ / name);
  }
  Octets ask(Bytes query) {
    Octets answer(dns::message_size_max);
    pollfd one{.fd = socket_->fd(), .events = POLLIN, .revents = 0};
    if (!socket_->send_to(query, service_->addresses().front())) return {};
    if (::poll(&one, 1, 30'000) != 1) return {};
    const auto received = socket_->receive(answer);
    answer.resize(received ? received->size : 0);
    return answer;
  }
  /// Whether the service knows a cookie that was made with the secret of `digit`.
  bool knows_cookie(char digit) {
    const auto known = [&] {
      const std::string page = service_->status_page("/metrics").body;
      const std::string name = "khien_dnsd_cookies_total{result=\"known\"} ";
      const auto at = page.find(name);
      return at == std::string::npos ? -1 : std::stol(page.substr(at + name.size()));
    };
    const auto secrets = resolver::parse_cookie_secrets(hex(digit)).value();
    const auto cookie = resolver::Cookies{secrets, clock_}.answer(
        Octets(resolver::client_cookie_size, 7), Octets{127, 0, 0, 1});
    Octets query(512);
    dns::MessageWriter writer{query, query.size()};
    writer.begin(1, 0);
    EXPECT_TRUE(writer.add_question(zone_, dns::type_a, dns::class_in));
    query.resize(writer.size());
    dns::store_u16(query, 10, 1);  // ARCOUNT
    query.push_back(0);
    dns::append_u16(query, dns::type_opt);
    dns::append_u16(query, 1'232);
    query.resize(query.size() + 4);
    dns::append_u16(query, static_cast<std::uint16_t>(4 + cookie.octets.size()));
    dns::append_u16(query, 10);  // RFC 7873
    dns::append_u16(query, static_cast<std::uint16_t>(cookie.octets.size()));
    query.insert(query.end(), cookie.octets.begin(), cookie.octets.end());
    const auto before = known();
    EXPECT_FALSE(ask(query).empty());
    return known() != before;
  }
  /// Whether a NOTIFY that is signed with the key file of now is believed.
  std::uint16_t notify_rcode(const dns::TsigKey& key) {
    Octets query(512);
    dns::MessageWriter writer{query, query.size()};
    writer.begin(2, dns::opcode_flags(dns::opcode_notify) | dns::flag_aa);
    EXPECT_TRUE(writer.add_question(zone_, dns::type_soa, dns::class_in));
    query.resize(writer.size());
    EXPECT_TRUE(dns::sign_request(query, key, clock_.now_ms() / ms_per_second).has_value());
    const Octets answer = ask(query);
    return answer.size() < dns::header_size ? std::uint16_t{0xFFFF}
                                            : dns::parse_header(answer)->rcode();
  }
  bool shows(std::string_view line) {
    return service_->status_page("/metrics").body.find(line) != std::string::npos;
  }

  const std::filesystem::path folder_ =
      std::filesystem::path{testing::TempDir()} / ("dnsd-secrets-" + std::to_string(getpid()));
  const dns::Name zone_ = *dns::Name::from_text("orders-phishing.rpz.khien.");
  SystemClock clock_;
  SystemRng rng_;
  std::unique_ptr<resolver::Service> service_;
  std::optional<net::UdpSocket> socket_;
};

// The way that docs/dnsd/answers.md says: the new secret in front of the old one, then alone.
TEST_F(DnsdSecrets, TakesCookieSecretsThatChanged) {
  EXPECT_TRUE(knows_cookie('a'));
  EXPECT_FALSE(knows_cookie('b'));
  write("cookies", hex('b') + hex('a'));
  EXPECT_EQ(service_->reload(), 0U);
  EXPECT_TRUE(knows_cookie('a'));
  EXPECT_TRUE(knows_cookie('b'));
  write("cookies", hex('b'));
  EXPECT_EQ(service_->reload(), 0U);
  EXPECT_FALSE(knows_cookie('a'));
  EXPECT_TRUE(knows_cookie('b'));
  EXPECT_TRUE(shows("part=\"cookie_secrets\",outcome=\"changed\"} 2"));
  write("cookies", hex('c') + "no secret\n");
  EXPECT_EQ(service_->reload(), 1U);
  EXPECT_TRUE(knows_cookie('b'));
  EXPECT_FALSE(knows_cookie('c'));
  EXPECT_TRUE(shows("part=\"cookie_secrets\",outcome=\"failed\"} 1"));
}

TEST_F(DnsdSecrets, TakesATransferKeyThatChanged) {
  const auto first = resolver::read_key(folder_ / "key").value();
  EXPECT_EQ(notify_rcode(first), dns::rcode_noerror);
  EXPECT_EQ(service_->reload(), 0U);
  EXPECT_TRUE(shows("part=\"transfer_keys\",outcome=\"same\"} 1"));
  write("key", key_text("hai", "aGFpaGFpaGFpaGFpaGFpaA=="));
  const auto second = resolver::read_key(folder_ / "key").value();
  EXPECT_EQ(notify_rcode(second), dns::rcode_refused);  // not before it is told
  EXPECT_EQ(service_->reload(), 0U);
  EXPECT_EQ(notify_rcode(second), dns::rcode_noerror);
  EXPECT_EQ(notify_rcode(first), dns::rcode_refused);
  EXPECT_TRUE(shows("part=\"transfer_keys\",outcome=\"changed\"} 1"));
  write("key", "key \"ba\" {");
  EXPECT_EQ(service_->reload(), 1U);
  EXPECT_EQ(notify_rcode(second), dns::rcode_noerror);
  std::filesystem::remove(folder_ / "key");
  EXPECT_EQ(service_->reload(), 1U);
  EXPECT_EQ(notify_rcode(second), dns::rcode_noerror);
}

// Bounded, not timed: the threads go round several times a second, so this ends at once.
TEST_F(DnsdReload, ShowsSignsOfLife) {
  int tries = 0;
  while (!service_->alive() && ++tries < 1'000) {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  EXPECT_TRUE(tries < 1'000);
  service_->stop();
  (void)service_->alive();
  EXPECT_FALSE(service_->alive());
}

}  // namespace
}  // namespace khien
