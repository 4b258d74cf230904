// The same RPZ zones in khien-dnsd, Unbound and BIND, all following one Knot DNS by AXFR, NOTIFY
// and IXFR: every situation is asked of the three and compared, rcode and records. Where they
// differ, the table says why. Triggers on name servers are not among them: the others resolve name
// servers themselves, which a forwarder cannot (ADR 0603).
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iostream>

#include "dns/message.h"
#include "dns/rdata.h"
#include "dns/writer.h"
#include "net/socket.h"
#include "publish/test_servers.h"
#include "publish/testing.h"
#include "resolver/service.h"

namespace khien {
namespace {

constexpr std::int64_t wait_max_ms = 30'000;
constexpr int answer_wait_ms = 3'000;

/// All names that exist, and what they are without any policy.
const char* const world_text = R"($ORIGIN test.
@ 300 SOA ns.test. x.test. 1 60 10 86400 30
@ 300 NS ns.test.
ns 300 A 127.0.0.1
ok 300 A 192.0.2.1
ok 300 TXT ok
chan 300 A 192.0.2.1
www.chan 300 A 192.0.2.1
rong 300 A 192.0.2.1
a.duoi 300 A 192.0.2.1
duoi 300 A 192.0.2.1
tha.duoi 300 A 192.0.2.2
sau.tha.duoi 300 A 192.0.2.2
im 300 A 192.0.2.1
tcp 300 A 192.0.2.1
data 300 A 192.0.2.1
data 300 MX 10 ok.test.
x.cay 300 A 192.0.2.1
dan 300 A 192.0.2.1
a.dan-cay 300 A 192.0.2.1
vuon 300 A 192.0.2.90
*.vuon 300 A 192.0.2.91
ip-chan 300 A 192.0.2.66
ip-rong 300 A 192.0.2.67
ip-tha 300 A 192.0.2.68
ip-data 300 A 192.0.2.69
ip-nhieu 300 A 198.51.100.1
ip-nhieu 300 A 192.0.2.66
ip-sau 300 AAAA 2001:db8:66::1
theo-chan 300 CNAME chan.test.
theo-ip 300 CNAME ip-chan.test.
theo-data 300 CNAME data.test.
hai-vung 300 A 192.0.2.67
hai-vung-ten 300 A 192.0.2.1
moi 300 A 192.0.2.1
thoi 300 A 192.0.2.1
)";

const char* const first_zone = R"($ORIGIN mot.rpz.
@ 60 SOA ns.rpz. x.rpz. 1 60 10 86400 30
@ 60 NS ns.rpz.
chan.test 60 CNAME .
*.chan.test 60 CNAME .
rong.test 60 CNAME *.
*.duoi.test 60 CNAME .
tha.duoi.test 60 CNAME rpz-passthru.
im.test 60 CNAME rpz-drop.
tcp.test 60 CNAME rpz-tcp-only.
data.test 20 A 192.0.2.80
data.test 20 A 192.0.2.81
data.test 20 TXT chan
*.cay.test 20 A 192.0.2.82
dan.test 20 CNAME vuon.test.
*.dan-cay.test 20 CNAME *.vuon.test.
32.66.2.0.192.rpz-ip 60 CNAME .
24.0.2.0.192.rpz-ip 60 CNAME rpz-passthru.
32.67.2.0.192.rpz-ip 60 CNAME *.
32.69.2.0.192.rpz-ip 20 A 192.0.2.80
48.zz.66.db8.2001.rpz-ip 60 CNAME .
thoi.test 60 CNAME .
)";

const char* const second_zone = R"($ORIGIN hai.rpz.
@ 60 SOA ns.rpz. x.rpz. 1 60 10 86400 30
@ 60 NS ns.rpz.
hai-vung.test 60 CNAME .
hai-vung-ten.test 60 A 192.0.2.83
rong.test 60 CNAME .
tha.duoi.test 60 CNAME .
chi-hai.test 20 A 192.0.2.85
)";

struct Situation {
  const char* name;
  const char* type = "A";
  const char* ours = nullptr;             ///< what khien-dnsd must say
  const char* why_not_unbound = nullptr;  ///< why Unbound says something else, if it does
  const char* why_not_bind = nullptr;
};

constexpr const char* chain_kept =
    "it keeps the chain in front of what the policy says; we answer for the name that was asked";
constexpr const char* name_first =
    "it answers for a name before it looks at an earlier zone's addresses";

// clang-format off
const std::vector<Situation> situations{
    {"ok.test", "A", "NOERROR ok.test. A 192.0.2.1"},
    {"ok.test", "TXT", "NOERROR ok.test. TXT \"ok\""},
    {"chan.test", "A", "NXDOMAIN"},
    {"CHAN.test", "TXT", "NXDOMAIN"},
    {"www.chan.test", "A", "NXDOMAIN"},
    {"rong.test", "A", "NOERROR"},
    {"duoi.test", "A", "NOERROR duoi.test. A 192.0.2.1"},
    {"a.duoi.test", "A", "NXDOMAIN"},
    {"tha.duoi.test", "A", "NOERROR tha.duoi.test. A 192.0.2.2"},
    {"sau.tha.duoi.test", "A", "NOERROR sau.tha.duoi.test. A 192.0.2.2"},
    {"im.test", "A", "none"},
    {"tcp.test", "A", "TC"},
    {"data.test", "A", "NOERROR data.test. A 192.0.2.80 data.test. A 192.0.2.81"},
    {"data.test", "TXT", "NOERROR data.test. TXT \"chan\""},
    {"data.test", "MX", "NOERROR"},
    {"x.cay.test", "A", "NOERROR x.cay.test. A 192.0.2.82"},
    {"x.cay.test", "AAAA", "NOERROR"},
    {"dan.test", "A", "NOERROR dan.test. CNAME vuon.test. vuon.test. A 192.0.2.90"},
    {"dan.test", "AAAA", "NOERROR dan.test. CNAME vuon.test."},
    {"a.dan-cay.test", "A",
     "NOERROR a.dan-cay.test. CNAME a.dan-cay.test.vuon.test. a.dan-cay.test.vuon.test. A 192.0.2.91"},
    {"ip-chan.test", "A", "NXDOMAIN"},
    {"ip-rong.test", "A", "NOERROR"},
    {"ip-tha.test", "A", "NOERROR ip-tha.test. A 192.0.2.68"},
    {"ip-data.test", "A", "NOERROR ip-data.test. A 192.0.2.80"},
    {"ip-nhieu.test", "A", "NXDOMAIN"},
    {"ip-sau.test", "AAAA", "NXDOMAIN"},
    {"theo-chan.test", "A", "NXDOMAIN", chain_kept, chain_kept},
    {"theo-ip.test", "A", "NXDOMAIN", chain_kept, chain_kept},
    {"theo-data.test", "A", "NOERROR theo-data.test. A 192.0.2.80 theo-data.test. A 192.0.2.81",
     chain_kept, chain_kept},
    {"hai-vung.test", "A", "NOERROR", name_first},
    {"hai-vung-ten.test", "A", "NOERROR hai-vung-ten.test. A 192.0.2.1", name_first},
    {"chi-hai.test", "A", "NOERROR chi-hai.test. A 192.0.2.85"},
    {"la.test", "A", "NXDOMAIN"},
};
// clang-format on

class RpzConsumers : public testing::Test {
 protected:
  void TearDown() override {
    processes_.clear();
    service_.reset();
    if (!HasFailure()) return;
    for (const char* log : {"knot.log", "unbound.log", "bind.log"}) {
      std::ifstream file{folder_.path() / log};
      std::string line;
      for (int i = 0; i < 60 && std::getline(file, line); ++i) {
        std::cout << "  " << log << ": " << line << "\n";
      }
    }
  }

  void write(const std::string& name, const std::string& text) {
    std::ofstream{folder_.path() / name} << text;
  }
  void start(std::vector<std::string> command, const std::string& log) {
    processes_.push_back(std::make_unique<publish::TestProcess>(command, folder_.path() / log));
  }
  [[nodiscard]] std::string dir() const { return folder_.path().string(); }
  static std::string port_of(const net::SocketAddress& address) {
    return std::to_string(address.port);
  }

  void start_knot(const std::string& program, const std::vector<net::SocketAddress>& followers) {
    write("test.zone", world_text);
    write("mot.zone", first_zone);
    write("hai.zone", second_zone);
    std::string remotes;
    std::string names;
    for (std::size_t i = 0; i < followers.size(); ++i) {
      const std::string id = "f" + std::to_string(i);
      remotes += "  - id: " + id + "\n    address: 127.0.0.1@" + port_of(followers[i]) + "\n";
      names += (i == 0 ? "" : ", ") + id;
    }
    const auto zone = [&](const std::string& id) {
      return "  - domain: " + id + ".rpz\n    file: " + id +
             ".zone\n    acl: local\n    notify: [" + names + "]\n" +
             "    zonefile-load: difference\n    journal-content: changes\n";
    };
    write("knot.conf", "server:\n  rundir: \"" + dir() + "\"\n  listen: 127.0.0.1@" +
                           port_of(knot_) + "\ndatabase:\n  storage: \"" + dir() +
                           "/knot\"\nremote:\n" + remotes +
                           "acl:\n  - id: local\n    address: 127.0.0.1\n    action: transfer\n"
                           "template:\n  - id: default\n    storage: \"" +
                           dir() + "\"\nzone:\n  - domain: test\n    file: test.zone\n" +
                           zone("mot") + zone("hai"));
    std::filesystem::create_directories(folder_.path() / "knot");
    start({program, "-c", dir() + "/knot.conf"}, "knot.log");
  }

  void start_unbound(const std::string& program) {
    std::string zones;
    for (const char* zone : {"mot", "hai"}) {
      zones += std::string{"rpz:\n  name: \""} + zone + ".rpz.\"\n  primary: 127.0.0.1@" +
               port_of(knot_) + "\n  allow-notify: 127.0.0.1\n";
    }
    write("unbound.conf",
          "server:\n  directory: \"" + dir() +
              "\"\n  chroot: \"\"\n  username: \"\"\n  pidfile: \"\"\n  use-syslog: no\n"
              "  logfile: \"\"\n  do-daemonize: no\n  interface: 127.0.0.1@" +
              port_of(unbound_) +
              "\n  num-threads: 1\n  do-not-query-localhost: no\n"
              "  module-config: \"respip iterator\"\n  access-control: 127.0.0.0/8 allow\n"
              "  local-zone: \"test.\" nodefault\n"
              "remote-control:\n  control-enable: no\n"
              "forward-zone:\n  name: \".\"\n  forward-addr: 127.0.0.1@" +
              port_of(knot_) + "\n" + zones);
    start({program, "-d", "-c", dir() + "/unbound.conf"}, "unbound.log");
  }

  void start_bind(const std::string& program) {
    std::string zones;
    for (const char* zone : {"mot", "hai"}) {
      zones += std::string{"zone \""} + zone + ".rpz\" { type secondary; file \"" + zone +
               ".db\";\n  primaries { 127.0.0.1 port " + port_of(knot_) +
               "; }; allow-query { none; }; };\n";
    }
    write("named.conf",
          "options {\n  directory \"" + dir() +
              "\"; pid-file none; lock-file none; session-keyfile none;\n  listen-on port " +
              port_of(bind_) +
              " { 127.0.0.1; }; listen-on-v6 { none; };\n"
              "  dnssec-validation no; recursion yes; allow-recursion { any; };\n"
              "  empty-zones-enable no; forward only; forwarders { 127.0.0.1 port " +
              port_of(knot_) +
              "; };\n  response-policy { zone \"mot.rpz\"; zone \"hai.rpz\"; }\n"
              "    min-update-interval 0 qname-wait-recurse no nsip-enable no nsdname-enable no;\n"
              "};\ncontrols { };\n" +
              zones);
    start({program, "-g", "-n", "1", "-c", dir() + "/named.conf"}, "bind.log");
  }

  void start_khien() {
    resolver::ServiceOptions options{.listen = {khien_}, .upstreams = {knot_}};
    for (const char* name : {"mot.rpz.", "hai.rpz."}) {
      options.rpz.push_back(
          {.zone = {.name = name, .category = Category::malware}, .primary = {.address = knot_}});
    }
    auto service = resolver::Service::open(std::move(options), clock_, rng_);
    ASSERT_TRUE(service.has_value()) << service.error().message;
    service_ = std::move(*service);
    service_->start();
  }

  /// "NOERROR" and the records; "TC"; "none" if nothing comes.
  std::string ask(const net::SocketAddress& server, const std::string& name,
                  const std::string& type) {
    auto socket = net::UdpSocket::bind({.address = *net::SocketAddress::parse("127.0.0.1:0")});
    if (!socket) return "no socket";
    Octets query(512);
    dns::MessageWriter writer{query, query.size()};
    writer.begin(static_cast<std::uint16_t>(rng_.below(65'536)), dns::flag_rd);
    EXPECT_TRUE(
        writer.add_question(publish::test_name(name), *dns::type_from_text(type), dns::class_in));
    query.resize(writer.size());
    if (!socket->send_to(query, server)) return "cannot send";
    pollfd one{.fd = socket->fd(), .events = POLLIN, .revents = 0};
    if (::poll(&one, 1, answer_wait_ms) != 1) return "none";
    Octets answer(dns::message_size_max);
    const auto received = socket->receive(answer);
    if (!received) return "none";
    const auto message = dns::parse_message(Bytes{answer}.first(received->size));
    if (!message) return "cannot be read";
    if (message->header.has(dns::flag_tc)) return "TC";
    std::vector<std::string> records;
    for (const dns::Record& record : message->answers) {
      records.push_back(" " + record.owner.lower().to_text() + " " +
                        dns::type_to_text(record.type) + " " +
                        dns::rdata_to_text(record.type, record.rdata));
    }
    // Aliases stand in their order; addresses of one name in any.
    std::ranges::stable_sort(records, {}, [](const std::string& text) {
      return text.find(" CNAME ") != std::string::npos ? std::string{} : text;
    });
    const std::uint16_t rcode = message->header.rcode();
    std::string text = rcode == dns::rcode_noerror    ? "NOERROR"
                       : rcode == dns::rcode_nxdomain ? "NXDOMAIN"
                                                      : "rcode " + std::to_string(rcode);
    for (const std::string& record : records) text += record;
    return text;
  }

  bool becomes(const net::SocketAddress& server, const std::string& name,
               const std::string& wanted) {
    const std::int64_t start_ms = clock_.steady_ms();
    while (clock_.steady_ms() - start_ms < wait_max_ms) {
      if (ask(server, name, "A") == wanted) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    return false;
  }

  TemporaryFolder folder_;
  SystemClock clock_;
  SystemRng rng_;
  net::SocketAddress knot_ = publish::free_address();
  net::SocketAddress unbound_ = publish::free_address();
  net::SocketAddress bind_ = publish::free_address();
  net::SocketAddress khien_ = publish::free_address();
  std::vector<std::unique_ptr<publish::TestProcess>> processes_;
  std::unique_ptr<resolver::Service> service_;
};

TEST_F(RpzConsumers, SayTheSameOfTheSameZones) {
  const auto knot = publish::find_program("knotd");
  const auto knotc = publish::find_program("knotc");
  if (!knot || !knotc) GTEST_SKIP() << "knotd is not installed (package knot)";
  struct Peer {
    std::string who;
    net::SocketAddress address;
    const char* Situation::* why;
  };
  std::vector<Peer> peers;
  start_knot(*knot, {khien_, unbound_, bind_});
  ASSERT_TRUE(becomes(knot_, "ok.test", "NOERROR ok.test. A 192.0.2.1"));
  if (const auto program = publish::find_program("unbound")) {
    start_unbound(*program);
    peers.push_back({"Unbound", unbound_, &Situation::why_not_unbound});
  }
  if (const auto program = publish::find_program("named")) {
    start_bind(*program);
    peers.push_back({"BIND", bind_, &Situation::why_not_bind});
  }
  start_khien();
  peers.insert(peers.begin(), {"khien-dnsd", khien_, nullptr});
  // Both zones are there, in each.
  for (const Peer& peer : peers) {
    ASSERT_TRUE(becomes(peer.address, "chan.test", "NXDOMAIN")) << peer.who;
    ASSERT_TRUE(becomes(peer.address, "chi-hai.test", "NOERROR chi-hai.test. A 192.0.2.85"))
        << peer.who;
  }
  for (const Situation& situation : situations) {
    for (const Peer& peer : peers) {
      const std::string got = ask(peer.address, situation.name, situation.type);
      const char* why = peer.why == nullptr ? nullptr : situation.*peer.why;
      if (why == nullptr) {
        EXPECT_EQ(got, situation.ours) << peer.who << " " << situation.name;
      } else {
        EXPECT_NE(got, situation.ours) << peer.who << " does not differ any more: " << why;
        std::cout << peer.who << " differs for " << situation.name << ": " << got << " (" << why
                  << ")\n";
      }
    }
  }

  // IXFR: one record goes, one comes, and one changes its kind.
  std::string changed = first_zone;
  const auto replace = [&](const std::string& from, const std::string& to) {
    const auto at = changed.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    changed.replace(at, from.size(), to);
  };
  replace("x.rpz. 1 60", "x.rpz. 2 60");
  replace("thoi.test 60 CNAME .\n", "moi.test 60 CNAME .\n");
  replace("rong.test 60 CNAME *.", "rong.test 60 A 192.0.2.84");
  write("mot.zone", changed);
  const auto reloaded =
      publish::run_command({*knotc, "-c", dir() + "/knot.conf", "zone-reload"}, folder_.path());
  ASSERT_TRUE(reloaded.good) << reloaded.text;
  for (const Peer& peer : peers) {
    EXPECT_TRUE(becomes(peer.address, "moi.test", "NXDOMAIN")) << peer.who;
    EXPECT_TRUE(becomes(peer.address, "thoi.test", "NOERROR thoi.test. A 192.0.2.1")) << peer.who;
    EXPECT_TRUE(becomes(peer.address, "rong.test", "NOERROR rong.test. A 192.0.2.84")) << peer.who;
  }
  const std::string metrics = service_->status_page("/metrics").body;
  EXPECT_NE(metrics.find("khien_dnsd_transfers_total{outcome=\"changes\"} 1"), std::string::npos)
      << metrics;
}

}  // namespace
}  // namespace khien
