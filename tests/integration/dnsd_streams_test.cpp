// khien-dnsd's DoT and DoH with clients of other people: kdig (GnuTLS), curl and nghttp (OpenSSL
// and nghttp2), openssl s_client, Unbound as a forwarder over TLS. Each is skipped where it is not
// installed. Certificates are made for the test; everything stays on loopback.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <thread>

#include "codec/base64.h"
#include "net/testing/certificate.h"
#include "resolver/service.h"
#include "resolver/test_engine.h"

namespace khien {
namespace {

constexpr std::int64_t wait_max_ms = 30'000;
const auto loopback = *net::SocketAddress::parse("127.0.0.1:0");

/// What `command` prints, both ways.
std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return "cannot run " + command;
  std::string out;
  std::array<char, 4'096> piece;
  while (const auto size = std::fread(piece.data(), 1, piece.size(), pipe)) {
    out.append(piece.data(), size);
  }
  ::pclose(pipe);
  return out;
}

/// Why a test must be skipped; empty if `program` is there.
std::string missing(const std::string& program) {
  if (!output_of("command -v " + program).empty()) return "";
  return program + " is not installed (packaging/apt/test.txt)";
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// A program that runs while this lives.
class Process {
 public:
  explicit Process(const std::vector<std::string>& command) : pid_(::fork()) {
    if (pid_ != 0) return;
    std::vector<char*> argv;
    for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));  // NOLINT
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_;
};

class DnsdStreams : public testing::Test {
 protected:
  void SetUp() override {
    const auto list = folder_.path() / "phishing.txt";
    std::ofstream{list} << "blocked.example\n";
    auto service = resolver::Service::open(
        {.listen = {loopback},
         .upstreams = {loopback},
         .lists = {{.source = *policy::source_of(Basis::feeds, Category::phishing), .path = list}},
         .block = {.base_url = "http://khien.test"},
         .streams = {.dot = {loopback},
                     .doh = {loopback},
                     .tls = {.certificate = folder_.certificate(), .key = folder_.key()},
                     .doh_paths = {"/dns-query", "/lop-1"},
                     .threads = 2}},
        clock_, rng_);
    ASSERT_TRUE(service.has_value()) << service.error().message;
    service_ = std::move(*service);
    service_->start();
    dot_port_ = std::to_string(service_->dot_addresses().front().port);
    doh_port_ = std::to_string(service_->doh_addresses().front().port);
    ca_ = folder_.certificate().string();
  }
  std::string kdig(const std::string& options, const std::string& port) {
    return output_of("kdig @127.0.0.1 -p " + port + " +timeout=10 +retry=0 +norec +tls-ca=" + ca_ +
                     " +tls-hostname=server.test " + options + " blocked.example A");
  }
  std::string curl(const std::string& options) {
    return output_of("curl -sS -i --max-time 10 --http2 --cacert " + ca_ +
                     " --resolve server.test:" + doh_port_ + ":127.0.0.1 " + options);
  }
  std::string url(const std::string& rest) {
    return "'https://server.test:" + doh_port_ + rest + "'";
  }
  std::filesystem::path query_file() {
    const auto path = folder_.path() / "query";
    const auto query = resolver::packet_of({.name = "blocked.example.", .id = 0});
    std::ofstream{path, std::ios::binary} << as_text(query);
    return path;
  }
  /// The value of a metric with its labels; -1 if there is none.
  std::int64_t metric(std::string_view name) {
    const std::string text = service_->status_page("/metrics").body;
    const auto at = text.find("\n" + std::string{name} + " ");
    return at == std::string::npos ? -1 : std::stoll(text.substr(at + name.size() + 2));
  }

  const net::testing::CertificateFolder folder_;
  const SystemClock clock_;
  SystemRng rng_;
  std::unique_ptr<resolver::Service> service_;
  std::string dot_port_;
  std::string doh_port_;
  std::string ca_;
};

TEST_F(DnsdStreams, AnswerKdigOverTls) {
  if (const auto why = missing("kdig"); !why.empty()) GTEST_SKIP() << why;
  const auto out = kdig("+tls +padding +ednsopt=11", dot_port_);
  EXPECT_TRUE(holds(out, "NXDOMAIN")) << out;
  EXPECT_TRUE(holds(out, "category=phishing")) << out;
  EXPECT_TRUE(holds(out, "Received 468 B")) << out;
  EXPECT_EQ(metric("khien_dnsd_encrypted_queries_total{transport=\"dot\"}"), 1);
}

TEST_F(DnsdStreams, AnswerKdigOverHttps) {
  if (const auto why = missing("kdig"); !why.empty()) GTEST_SKIP() << why;
  for (const auto* way : {"+https", "+https-get", "+https=server.test/lop-1"}) {
    const auto out = kdig(way, doh_port_);
    EXPECT_TRUE(holds(out, "NXDOMAIN")) << way << "\n" << out;
    EXPECT_TRUE(holds(out, "HTTP/2")) << way << "\n" << out;
  }
}

TEST_F(DnsdStreams, AnswerCurlWithTheRightStatusAndFields) {
  if (const auto why = missing("curl"); !why.empty()) GTEST_SKIP() << why;
  const std::string post = "--data-binary @" + query_file().string() + " -H 'content-type: ";
  const auto good = curl(post + "application/dns-message' -o - " + url("/dns-query"));
  EXPECT_TRUE(holds(good, "HTTP/2 200")) << good;
  EXPECT_TRUE(holds(good, "content-type: application/dns-message")) << good;
  EXPECT_TRUE(holds(good, "cache-control: max-age=30")) << good;  // blocked_ttl_s
  EXPECT_TRUE(holds(curl(post + "text/plain' " + url("/dns-query")), "HTTP/2 415"));
  EXPECT_TRUE(holds(curl(url("/other")), "HTTP/2 404"));
  EXPECT_TRUE(holds(curl("-X DELETE " + url("/dns-query")), "HTTP/2 405"));
  EXPECT_TRUE(holds(curl(url("/dns-query?dns=!")), "HTTP/2 400"));
  const auto large = folder_.path() / "large";
  std::ofstream{large} << std::string(100'000, 'x');
  EXPECT_TRUE(holds(curl("-H 'content-type: application/dns-message' --data-binary @" +
                         large.string() + " " + url("/dns-query")),
                    "HTTP/2 413"));
}

TEST_F(DnsdStreams, AnswerNghttpWithManyRequestsAtOnce) {
  if (const auto why = missing("nghttp"); !why.empty()) GTEST_SKIP() << why;
  const auto query = codec::base64url(resolver::packet_of({.name = "blocked.example.", .id = 0}));
  const auto out = output_of("timeout 20 nghttp -nsy -m 50 'https://127.0.0.1:" + doh_port_ +
                             "/dns-query?dns=" + query + "'");
  std::size_t answered = 0;
  for (auto at = out.find(" 200 "); at != std::string::npos; at = out.find(" 200 ", at + 1)) {
    ++answered;
  }
  EXPECT_EQ(answered, 50U) << out;
}

TEST_F(DnsdStreams, ResumeSessionsOfOpenssl) {
  if (const auto why = missing("openssl"); !why.empty()) GTEST_SKIP() << why;
  const auto session = (folder_.path() / "session").string();
  for (const auto* version : {"-tls1_2", "-tls1_3"}) {
    const std::string client = "openssl s_client -connect 127.0.0.1:" + dot_port_ +
                               " -servername server.test -alpn dot -CAfile " + ca_ + " " + version;
    // Something must be read for the ticket of TLS 1.3 to be seen: the server closes on octets that
    // are no query.
    const std::string say = "printf '\\377\\377' | timeout 20 " + client + " -ign_eof";
    const auto first = output_of(say + " -sess_out " + session);
    EXPECT_TRUE(holds(first, "Verify return code: 0 (ok)")) << first;
    EXPECT_TRUE(holds(first, "ALPN protocol: dot")) << first;
    const auto second = output_of(say + " -sess_in " + session);
    EXPECT_TRUE(holds(second, "Reused, TLSv1")) << second;
  }
  EXPECT_EQ(metric("khien_dnsd_tls_handshakes_total{result=\"resumed\"}"), 2);
}

TEST_F(DnsdStreams, RefuseOldVersionsOfTls) {
  if (const auto why = missing("openssl"); !why.empty()) GTEST_SKIP() << why;
  const auto out = output_of("echo | timeout 20 openssl s_client -connect 127.0.0.1:" + dot_port_ +
                             " -tls1_1 -cipher 'DEFAULT:@SECLEVEL=0'");
  EXPECT_FALSE(holds(out, "Cipher is ECDHE")) << out;
}

TEST_F(DnsdStreams, ShowANewCertificateAfterItsFilesChanged) {
  if (const auto why = missing("openssl"); !why.empty()) GTEST_SKIP() << why;
  net::testing::write_certificate(folder_.path(), {.names = "DNS:new.test"});
  const std::string look = "echo | timeout 20 openssl s_client -connect 127.0.0.1:" + dot_port_ +
                           " 2>/dev/null | openssl x509 -noout -ext subjectAltName";
  std::string out;
  const auto until_ms = clock_.steady_ms() + wait_max_ms;
  while (!holds(out, "new.test") && clock_.steady_ms() < until_ms) out = output_of(look);
  EXPECT_TRUE(holds(out, "new.test")) << out;
  EXPECT_EQ(metric("khien_dnsd_tls_reloads_total"), 1);
}

TEST_F(DnsdStreams, ServeUnboundAsItsForwarder) {
  if (const auto why = missing("unbound"); !why.empty()) GTEST_SKIP() << why;
  if (const auto why = missing("kdig"); !why.empty()) GTEST_SKIP() << why;
  const auto port = net::UdpSocket::bind({.address = loopback}).value().local_address().port;
  const auto config = folder_.path() / "unbound.conf";
  std::ofstream{config} << "server:\n  interface: 127.0.0.1@" << port
                        << "\n  do-daemonize: no\n  username: \"\"\n  chroot: \"\"\n"
                           "  directory: \""
                        << folder_.path().string()
                        << "\"\n  pidfile: \"\"\n  use-syslog: no\n  module-config: \"iterator\"\n"
                           "  do-not-query-localhost: no\n  local-zone: \"example.\" nodefault\n"
                           "  tls-cert-bundle: \""
                        << ca_ << "\"\nremote-control:\n  control-enable: no\n"
                        << "forward-zone:\n  name: \".\"\n  forward-tls-upstream: yes\n"
                        << "  forward-addr: 127.0.0.1@" << dot_port_ << "#server.test\n";
  const Process unbound{{"unbound", "-d", "-c", config.string()}};
  const std::string ask =
      "kdig @127.0.0.1 -p " + std::to_string(port) + " +timeout=2 +retry=0 blocked.example A";
  std::string out;
  const auto until_ms = clock_.steady_ms() + wait_max_ms;
  while (!holds(out, "NXDOMAIN") && clock_.steady_ms() < until_ms) out = output_of(ask);
  EXPECT_TRUE(holds(out, "NXDOMAIN")) << out;
  EXPECT_GE(metric("khien_dnsd_encrypted_queries_total{transport=\"dot\"}"), 1);
}

}  // namespace
}  // namespace khien
