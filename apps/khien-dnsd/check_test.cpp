#include "check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "bound_ports.h"
#include "net/socket.h"
#include "net/testing/certificate.h"

namespace khien::dnsd {
namespace {

using Level = Finding::Level;
using testing::HasSubstr;

const auto loopback = net::SocketAddress::parse("127.0.0.1:0").value();

class Check : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::path{testing::TempDir()} / ("dnsd-check-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    options_.service.listen = {*net::SocketAddress::parse("127.0.0.1:0")};
    options_.service.upstreams = {*net::SocketAddress::parse("192.0.2.53:53")};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path file(const std::string& name, std::string_view text) {
    std::ofstream{folder_ / name} << text;
    return folder_ / name;
  }
  /// What `check` finds, as the only finding or the first that is not good.
  Finding found(void (*check)(const Options&, Findings&)) {
    Findings findings;
    check(options_, findings);
    for (const Finding& finding : findings) {
      if (finding.level != Level::good) return finding;
    }
    return findings.empty() ? Finding{.item = "nothing", .says = ""} : findings.front();
  }

  std::filesystem::path folder_;
  Options options_;
};

TEST_F(Check, ADnstapFileThatWouldNotBeWritten) {
  EXPECT_EQ(found(check_telemetry).item, "nothing");
  const InstantMs now_ms = SystemClock{}.now_ms();
  options_.service.tap =
      resolver::TapOptions{.file = folder_ / "tap", .until_ms = now_ms + 600'000};
  EXPECT_EQ(found(check_telemetry).level, Level::good);
  options_.service.tap->file = file("there", "x");
  EXPECT_EQ(found(check_telemetry).level, Level::doubtful);
  options_.service.tap->until_ms = now_ms - 1;
  EXPECT_THAT(found(check_telemetry).says, HasSubstr("is over"));
  options_.service.tap->until_ms = now_ms + 2 * ms_per_day;
  EXPECT_EQ(found(check_telemetry).level, Level::wrong);
}

TEST_F(Check, ASuffixListThatIsNone) {
  options_.service.new_names = resolver::SeenNamesOptions{.suffix_list = file("list", "com\n")};
  EXPECT_EQ(found(check_telemetry).level, Level::wrong);
  options_.service.new_names->suffix_list =
      std::filesystem::path{KHIEN_SOURCE_DIR} / "data/psl/public_suffix_list.dat";
  EXPECT_EQ(found(check_telemetry).level, Level::good);
}

TEST_F(Check, APortThatSomebodyElseHolds) {
  const auto udp = net::UdpSocket::bind({.address = loopback}).value();
  options_.service.listen = {udp.local_address()};
  const auto finding = found(check_ports);
  EXPECT_EQ(finding.level, Level::wrong);
  EXPECT_THAT(finding.item, HasSubstr("UDP"));
  EXPECT_THAT(finding.says, HasSubstr("in use by"));
  EXPECT_THAT(finding.says,
              HasSubstr("ss -lunp sport = :" + std::to_string(udp.local_address().port)));
}

TEST_F(Check, AFreePortIsGood) {
  const auto address = net::UdpSocket::bind({.address = loopback})->local_address();
  options_.service.listen = {address};
  EXPECT_EQ(found(check_ports).level, Level::good);
}

TEST_F(Check, PortsAreSeenForBothFamiliesAndKinds) {
  const auto six = net::SocketAddress::parse("[::1]:0").value();
  auto tcp = net::TcpListener::listen({.address = loopback}).value();
  EXPECT_TRUE(port_holder(PortKind::tcp, tcp.local_address()).has_value());
  EXPECT_FALSE(port_holder(PortKind::udp, tcp.local_address()).has_value());
  const net::SocketAddress any{.ip = {}, .port = tcp.local_address().port};
  EXPECT_TRUE(port_holder(PortKind::tcp, any).has_value());
  const auto udp = net::UdpSocket::bind({.address = six});
  if (!udp) GTEST_SKIP() << "no IPv6 here";
  EXPECT_TRUE(port_holder(PortKind::udp, udp->local_address()).has_value());
}

TEST_F(Check, AnAddressOfNoInterface) {
  options_.service.listen = {*net::SocketAddress::parse("192.0.2.1:5300")};
  EXPECT_THAT(found(check_ports).says, HasSubstr("no interface has this address"));
}

TEST_F(Check, WhoMayAsk) {
  EXPECT_EQ(found(check_clients).level, Level::good);
  options_.service.listen = {*net::SocketAddress::parse("0.0.0.0:53")};
  EXPECT_EQ(found(check_clients).level, Level::doubtful);
  EXPECT_THAT(found(check_clients).says, HasSubstr("private networks only"));
  options_.allow_from_given = true;
  options_.service.allow_from = {*net::Prefix::parse("198.51.100.0/24")};
  EXPECT_EQ(found(check_clients).level, Level::good);
  options_.service.allow_from.push_back(*net::Prefix::parse("::/0"));
  EXPECT_THAT(found(check_clients).says, HasSubstr("open resolver"));
}

TEST_F(Check, AnUpstreamThatIsUs) {
  EXPECT_EQ(found(check_upstreams).level, Level::good);
  options_.service.listen = {*net::SocketAddress::parse("127.0.0.1:5300")};
  options_.service.upstreams = {*net::SocketAddress::parse("127.0.0.1:5301"),
                                *net::SocketAddress::parse("127.0.0.1:5300")};
  EXPECT_EQ(found(check_upstreams).level, Level::wrong);
  EXPECT_THAT(found(check_upstreams).says, HasSubstr("where we listen ourselves"));
  options_.service.listen = {*net::SocketAddress::parse("0.0.0.0:5301")};
  EXPECT_EQ(found(check_upstreams).level, Level::wrong);
  options_.service.listen = {*net::SocketAddress::parse("0.0.0.0:53")};
  EXPECT_EQ(found(check_upstreams).level, Level::good);
}

TEST_F(Check, ListsWithTheLinesThatAreBad) {
  const auto source = *policy::source_of(Basis::feeds, Category::phishing);
  options_.service.lists = {{.source = source, .path = file("good", "# names\nxau.example\n\n")}};
  EXPECT_EQ(found(check_lists).level, Level::good);
  options_.service.lists[0].path =
      file("some", "xau.example\ncom\nmoi.example\n192.0.2.1\nfine.example\nb\xC3\xA1.example\n");
  const auto some = found(check_lists);
  EXPECT_EQ(some.level, Level::doubtful);
  EXPECT_THAT(some.says, HasSubstr("6 lines, of which 3"));
  EXPECT_THAT(some.says, HasSubstr("line 2, line 4, line 6"));
  options_.service.lists[0].path = file("none", "<html>\n");
  EXPECT_EQ(found(check_lists).level, Level::wrong);
  options_.service.lists[0].path = folder_ / "absent";
  EXPECT_EQ(found(check_lists).level, Level::wrong);
  EXPECT_THAT(found(check_lists).says, HasSubstr("absent"));
}

TEST_F(Check, ThePolicyDocumentWithThePlaceOfItsMistake) {
  options_.service.policies = folder_ / "absent.json";
  EXPECT_EQ(found(check_policies).level, Level::wrong);
  options_.service.policies =
      file("led.json", R"({"version": 1, "policies": {"p": {"action": "sinkhole"}},
      "networks": [{"name": "n", "policy": "p", "prefixes": ["192.0.2.0/24"]}]})");
  EXPECT_EQ(found(check_policies).level, Level::wrong);
  EXPECT_THAT(found(check_policies).says, HasSubstr("/policies/p/action: "));
  options_.service.block.sinkhole_v4 = net::IpAddress::v4({192, 0, 2, 80});
  EXPECT_EQ(found(check_policies).level, Level::good);
  EXPECT_EQ(found(check_policies).says, "1 networks, 1 prefixes");
}

TEST_F(Check, KeysThatOthersMayRead) {
  EXPECT_EQ(found(check_keys).item, "nothing");
  options_.tsig_key =
      file("dnsd.key", "key \"khien-dnsd\" { algorithm hmac-sha256; secret \"aGVsbG8=\"; };\n");
  ::chmod(options_.tsig_key.c_str(), 0640);
  EXPECT_EQ(found(check_keys).level, Level::good);
  ::chmod(options_.tsig_key.c_str(), 0644);
  EXPECT_EQ(found(check_keys).level, Level::wrong);
  EXPECT_THAT(found(check_keys).says, HasSubstr("chmod o="));
  options_.tsig_key = file("broken.key", "key");
  EXPECT_EQ(found(check_keys).level, Level::wrong);
  options_.tsig_key = folder_ / "absent";
  EXPECT_EQ(found(check_keys).level, Level::wrong);
}

TEST_F(Check, CookieSecretsThatEverybodyMayRead) {
  EXPECT_EQ(found(check_cookies).item, "nothing");
  const std::string secret(32, 'a');
  auto& path = options_.service.cookie_secret_file;
  path = file("cookies", secret + "\n");
  ::chmod(path.c_str(), 0640);
  EXPECT_EQ(found(check_cookies).level, Level::good);
  ::chmod(path.c_str(), 0644);
  EXPECT_EQ(found(check_cookies).level, Level::wrong);
  EXPECT_THAT(found(check_cookies).says, HasSubstr("chmod o="));
  ::chmod(path.c_str(), 0640);
  (void)file("cookies", secret + "\n" + secret + "\n");
  EXPECT_EQ(found(check_cookies).level, Level::doubtful);
  (void)file("cookies", "no secret\n");
  EXPECT_EQ(found(check_cookies).level, Level::wrong);
}

TEST_F(Check, ACertificateAndItsKey) {
  EXPECT_EQ(found(check_certificate).item, "nothing");
  constexpr long day_s = 24 * 3'600;
  auto& streams = options_.service.streams;
  streams.dot = {loopback};
  EXPECT_EQ(found(check_certificate).level, Level::wrong);  // none given
  const auto write = [&](long not_after_s) {
    net::testing::write_certificate(folder_,
                                    {.not_before_s = -2 * day_s, .not_after_s = not_after_s});
    streams.tls = {.certificate = folder_ / "cert.pem", .key = folder_ / "key.pem"};
    ::chmod(streams.tls.key.c_str(), 0600);
  };
  write(90 * day_s);
  EXPECT_EQ(found(check_certificate).level, Level::good) << found(check_certificate).says;
  ::chmod(streams.tls.key.c_str(), 0644);
  EXPECT_EQ(found(check_certificate).level, Level::wrong);
  EXPECT_THAT(found(check_certificate).says, HasSubstr("chmod o="));
  write(5 * day_s + 60);
  EXPECT_EQ(found(check_certificate).level, Level::doubtful);
  EXPECT_THAT(found(check_certificate).says, HasSubstr("ends in 5 days"));
  write(-60);
  EXPECT_EQ(found(check_certificate).level, Level::doubtful);
  EXPECT_THAT(found(check_certificate).says, HasSubstr("is over"));
  // A certificate that was replaced without its key.
  const auto beside = folder_ / "other";
  std::filesystem::create_directories(beside);
  net::testing::write_certificate(beside);
  streams.tls.certificate = beside / "cert.pem";
  EXPECT_EQ(found(check_certificate).level, Level::wrong);
  EXPECT_THAT(found(check_certificate).says, HasSubstr("key"));
  streams.tls.certificate = file("rubbish.pem", "rubbish");
  EXPECT_EQ(found(check_certificate).level, Level::wrong);
}

TEST_F(Check, MoreConnectionsThanOpenFiles) {
  options_.service.streams.threads = 1;
  options_.service.streams.limits.connections_max = 1;
  EXPECT_EQ(found(check_descriptors).level, Level::good);
  options_.service.streams.limits.connections_max = std::size_t{1} << 40;
  EXPECT_EQ(found(check_descriptors).level, Level::doubtful);
  EXPECT_THAT(found(check_descriptors).says, HasSubstr("LimitNOFILE"));
}

TEST_F(Check, AListenerOfThePoliciesThatNobodyListensOn) {
  options_.service.listen = {*net::SocketAddress::parse("127.0.0.1:5300")};
  options_.service.policies =
      file("policies.json", R"({"version": 1, "policies": {"p": {}}, "networks": [
             {"name": "a", "policy": "p", "listeners": ["127.0.0.1:5300"]},
             {"name": "b", "policy": "p", "listeners": ["127.0.0.1:8853"]}]})");
  EXPECT_EQ(found(check_policies).level, Level::doubtful);
  EXPECT_THAT(found(check_policies).says, HasSubstr("127.0.0.1:8853"));
  options_.service.streams.dot = {*net::SocketAddress::parse("127.0.0.1:8853")};
  EXPECT_EQ(found(check_policies).level, Level::good);
}

TEST_F(Check, TheSnapshotAndItsFolder) {
  EXPECT_EQ(found(check_snapshot).item, "nothing");
  options_.service.snapshot_folder = folder_ / "new";
  EXPECT_THAT(found(check_snapshot).says, HasSubstr("will be made"));
  options_.service.snapshot_folder = folder_ / "a" / "b";
  EXPECT_EQ(found(check_snapshot).level, Level::wrong);
  options_.service.snapshot_folder = folder_;
  EXPECT_EQ(found(check_snapshot).level, Level::good);
  file("rules.snapshot", "damaged");
  EXPECT_EQ(found(check_snapshot).level, Level::wrong);
  EXPECT_THAT(found(check_snapshot).says, HasSubstr("away"));
}

TEST_F(Check, TheUser) {
  options_.user = "nobody";
  EXPECT_EQ(found(check_user).level, Level::good);
  options_.user = "no-such-user";
  EXPECT_EQ(found(check_user).level, Level::wrong);
}

TEST_F(Check, AnythingWrongIsExitCode78) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(print_findings({{Level::good, "a", "b"}, {Level::doubtful, "c", "d"}}), 0);
  EXPECT_EQ(print_findings({{Level::good, "a", "b"}, {Level::wrong, "c", "d"}}), 78);
  EXPECT_EQ(testing::internal::GetCapturedStdout(),
            "ok      a: b\nlook    c: d\nok      a: b\nWRONG   c: d\n");
}

TEST_F(Check, TheKeyAndTheAuthoritiesForReports) {
  EXPECT_EQ(found(check_reports).item, "nothing");
  const auto key = file("report.key", "chia-khoa-cua-may-nay\n");
  ::chmod(key.c_str(), 0640);
  options_.service.report = resolver::ReportOptions{
      .url = *resolver::ReportUrl::parse("https://khiend.example/x"), .key_file = key};
  EXPECT_EQ(found(check_reports).level, Level::good);
  ::chmod(key.c_str(), 0644);
  EXPECT_THAT(found(check_reports).says, HasSubstr("everybody may read it"));
  options_.service.report->key_file = file("bad.key", "hai tu\n");
  EXPECT_THAT(found(check_reports).says, HasSubstr("khienctl resolver add"));
  options_.service.report->key_file = folder_ / "none";
  EXPECT_EQ(found(check_reports).level, Level::wrong);
  ::chmod(key.c_str(), 0640);
  options_.service.report->key_file = key;
  options_.service.report->authorities = folder_ / "none.pem";
  EXPECT_EQ(found(check_reports).level, Level::wrong);
  EXPECT_THAT(found(check_reports).item, HasSubstr("--report-to https://khiend.example/x"));
}

}  // namespace
}  // namespace khien::dnsd
