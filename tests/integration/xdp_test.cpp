// khien-dnsd on AF_XDP over a veth pair, in the driver and in the generic path: the kernel at the
// other end checks every checksum, since clients are ordinary sockets. Needs root.
#include <bpf/libbpf.h>
#include <net/if.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>

#include "net/xdp_socket.h"
#include "resolver/service.h"
#include "resolver/test_worker.h"
#include "veth.h"

namespace khien::resolver {
namespace {

net::SocketAddress address(std::string_view text) {
  return net::SocketAddress::parse(text).value();
}

/// Of the XDP program on the server's end; 0 for none.
std::uint32_t program_id(const VethPair& wire) {
  return wire.at_server([] {
    std::uint32_t id = 0;
    const unsigned index = ::if_nametoindex(VethPair::server_interface);
    EXPECT_EQ(::bpf_xdp_query_id(static_cast<int>(index), 0, &id), 0);
    return id;
  });
}

class Xdp : public testing::TestWithParam<net::XdpMode> {
 protected:
  explicit Xdp(unsigned queues = 1) : wire_(queues) {}
  void SetUp() override {
    if (wire_.why_not()) GTEST_SKIP() << *wire_.why_not();
    std::ofstream{list_} << "scam.example\n";
  }
  void TearDown() override {
    service_.reset();
    std::filesystem::remove(list_);
  }

  ServiceOptions options(SocketKind kind = SocketKind::xdp) const {
    return {.listen = {address("192.0.2.2:53"), address("[2001:db8::2]:53")},
            .xdp = {.kind = kind, .interface = VethPair::server_interface, .mode = GetParam()},
            .lists = {{.source = policy::source_named("feeds-fraud"), .path = list_}}};
  }
  Result<std::unique_ptr<Service>> open(ServiceOptions options) {
    return wire_.at_server([&] {
      if (!upstream_) upstream_ = std::make_unique<TestUpstream>();
      options.upstreams = {upstream_->address()};
      return Service::open(std::move(options), clock_, rng_);
    });
  }
  void serve(ServiceOptions options) {
    auto service = open(std::move(options));
    ASSERT_TRUE(service.has_value()) << service.error().message;
    service_ = std::move(*service);
    start();
  }
  void start() {
    wire_.at_server([&] {
      service_->start();
      return 0;
    });
  }
  TestClient client(bool v4, std::uint16_t port = 53) {
    return wire_.at_client([&] {
      return v4 ? TestClient{{.ip = net::IpAddress::parse("192.0.2.2").value(), .port = port},
                             address("192.0.2.1:0")}
                : TestClient{{.ip = net::IpAddress::parse("2001:db8::2").value(), .port = port},
                             address("[2001:db8::1]:0")};
    });
  }
  std::uint64_t taken_by_kernel(bool v4) {
    return wire_.at_server([&] { return kernel_count(v4 ? "Udp" : "Udp6", "InDatagrams"); });
  }
  std::uint64_t metric(const std::string& name) {
    const std::string text = service_->status_page("/metrics").body;
    const auto at = text.find("\nkhien_dnsd_" + name + " ");
    return at == std::string::npos ? 0 : std::stoull(text.substr(at + 13 + name.size()));
  }
  void expect_blocked(Bytes answer) {
    ASSERT_GE(answer.size(), dns::header_size);
    EXPECT_EQ(dns::parse_header(answer)->rcode(), dns::rcode_nxdomain);
  }

  VethPair wire_;
  SystemClock clock_;
  SystemRng rng_;
  std::filesystem::path list_ =
      std::filesystem::path{testing::TempDir()} / fmt::format("xdp-{}.txt", ::getpid());
  std::unique_ptr<TestUpstream> upstream_;
  std::unique_ptr<Service> service_;
};

INSTANTIATE_TEST_SUITE_P(Modes, Xdp, testing::Values(net::XdpMode::native, net::XdpMode::generic),
                         [](const auto& mode) { return std::string{to_string(mode.param)}; });

TEST_P(Xdp, AnswersWithoutTheKernel) {
  serve(options());
  for (const bool v4 : {true, false}) {
    TestClient stub = client(v4);
    const std::uint64_t before = taken_by_kernel(v4);
    for (std::uint16_t id = 1; id <= 100; ++id) {
      const Octets answer = stub.ask(packet_of({.name = "www.scam.example", .id = id}));
      ASSERT_FALSE(answer.empty()) << (v4 ? "v4" : "v6") << " query " << id;
      expect_blocked(answer);
      EXPECT_EQ(dns::load_u16(answer, 0), id);
    }
    EXPECT_EQ(taken_by_kernel(v4), before);
  }
  EXPECT_EQ(wire_.at_client([] {
    return kernel_count("Udp", "InCsumErrors") + kernel_count("Udp6", "InCsumErrors");
  }),
            0U);
  EXPECT_EQ(metric("queries_total{transport=\"udp\"}"), 200U);
  EXPECT_EQ(metric("dropped_total{why=\"frame\"}"), 0U);
}

// First the answer comes late, from the upstream; then at once, from the cache.
TEST_P(Xdp, ForwardsAndCaches) {
  serve(options());
  for (const bool v4 : {true, false}) {
    TestClient stub = client(v4);
    const std::string name = v4 ? "shop.example" : "bank.example";
    for (int round = 0; round < 2; ++round) {
      const Octets answer = stub.ask(packet_of({.name = name}));
      ASSERT_FALSE(answer.empty()) << name << round;
      EXPECT_EQ(dns::parse_header(answer)->answer_count, 1);
    }
  }
  EXPECT_EQ(metric("upstream_answers_total"), 2U);
  EXPECT_EQ(metric("cache_total{result=\"hit\"}"), 2U);
}

TEST_P(Xdp, ServesTheInterfacesAddressesForAWildcard) {
  ServiceOptions wildcard = options();
  wildcard.listen = {address("0.0.0.0:53"), address("[::]:53")};
  serve(wildcard);
  for (const bool v4 : {true, false}) {
    const std::uint64_t before = taken_by_kernel(v4);
    expect_blocked(client(v4).ask(packet_of({.name = "scam.example"})));
    EXPECT_EQ(taken_by_kernel(v4), before);
  }
}

// A query longer than a frame comes in fragments: the kernel puts them together, and the worker's
// kernel socket answers.
TEST_P(Xdp, LeavesFragmentsToTheKernel) {
  serve(options());
  for (const bool v4 : {true, false}) {
    Octets query = packet_of({.name = "scam.example"});
    constexpr std::size_t size = 1'500;  // and the heads: more than the MTU
    constexpr std::uint16_t padding = 12;
    const std::size_t octets = size - query.size() - 4;
    query[query.size() - 2] = static_cast<std::uint8_t>((octets + 4) >> 8);
    query[query.size() - 1] = static_cast<std::uint8_t>(octets + 4);
    dns::append_u16(query, padding);
    dns::append_u16(query, static_cast<std::uint16_t>(octets));
    query.resize(size);
    const std::uint64_t before = taken_by_kernel(v4);
    expect_blocked(client(v4).ask(query));
    EXPECT_EQ(taken_by_kernel(v4), before + 1);
  }
}

TEST_P(Xdp, LeavesTcpAndOtherPortsToTheKernel) {
  serve(options());
  auto other = wire_.at_server(
      [] { return net::UdpSocket::bind({.address = address("192.0.2.2:5300")}).value(); });
  client(true, 5300).send(as_bytes("not a query"));
  ASSERT_TRUE(wait_readable(other.fd(), test_wait_ms));

  auto stream = wire_.at_client(
      [] { return net::TcpSocket::start_connect(address("192.0.2.2:53")).value(); });
  pollfd writable{.fd = stream.fd(), .events = POLLOUT, .revents = 0};
  ASSERT_EQ(::poll(&writable, 1, test_wait_ms), 1);
  const Octets query = packet_of({.name = "scam.example"});
  Octets framed;
  dns::append_u16(framed, static_cast<std::uint16_t>(query.size()));
  framed.insert(framed.end(), query.begin(), query.end());
  ASSERT_EQ(stream.write_some(framed).size, framed.size());
  ASSERT_TRUE(wait_readable(stream.fd(), test_wait_ms));
  Octets answer(dns::message_size_max);
  const std::size_t size = stream.read_some(answer).size;
  ASSERT_GT(size, 2U);
  expect_blocked(Bytes{answer}.first(size).subspan(2));
}

// Nobody takes what comes in while the worker does not run: the ring fills, the rest is counted.
TEST_P(Xdp, CountsWhatTheRingCannotTake) {
  auto service = open(options());
  ASSERT_TRUE(service.has_value()) << service.error().message;
  service_ = std::move(*service);
  constexpr std::uint64_t count = 3 * net::xdp_ring_size;
  TestClient stub = client(true);
  for (std::uint64_t i = 0; i < count; ++i) stub.send(packet_of({.name = "scam.example"}));
  const std::uint64_t dropped = metric("dropped_total{why=\"receive_buffer\"}");
  EXPECT_EQ(dropped, count - net::xdp_ring_size);
  start();
  for (std::uint64_t i = 0; i < count - dropped; ++i) {
    ASSERT_FALSE(stub.receive().empty()) << "after " << i;
  }
  // The frames went round: as many again find room.
  for (int i = 0; i < 100; ++i) {
    expect_blocked(stub.ask(packet_of({.name = "scam.example"})));
  }
}

TEST_P(Xdp, LeavesNoProgramBehind) {
  for (int round = 0; round < 2; ++round) {
    serve(options());
    EXPECT_NE(program_id(wire_), 0U);
    expect_blocked(client(true).ask(packet_of({.name = "scam.example"})));
    service_.reset();
    EXPECT_EQ(program_id(wire_), 0U);
  }
}

TEST_P(Xdp, LeavesNoProgramBehindWhenKilled) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool attached = wire_.at_server([] {
      auto program = net::XdpProgram::attach({.interface = VethPair::server_interface,
                                              .mode = GetParam(),
                                              .listen = {address("192.0.2.2:53")}});
      const char said = program ? 'y' : 'n';
      static std::unique_ptr<net::XdpProgram> kept;
      if (program) kept = std::move(*program);
      return said == 'y';
    });
    (void)!::write(pipe[1], attached ? "y" : "n", 1);
    ::pause();
    ::_exit(0);
  }
  char said = 0;
  ASSERT_EQ(::read(pipe[0], &said, 1), 1);
  EXPECT_EQ(said, 'y');
  EXPECT_NE(program_id(wire_), 0U);
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(program_id(wire_), 0U);
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_P(Xdp, SaysWhatIsMissingOrGoesOnWithoutIt) {
  serve(options());
  ServiceOptions second = options();
  second.listen = {address("192.0.2.2:54")};
  const auto refused = open(second);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::conflict) << refused.error().message;
  EXPECT_NE(refused.error().message.find("another XDP program"), std::string::npos);

  second.xdp.kind = SocketKind::automatic;
  auto without = open(second);
  ASSERT_TRUE(without.has_value()) << without.error().message;
  service_ = std::move(*without);
  start();
  expect_blocked(client(true, 54).ask(packet_of({.name = "scam.example"})));
  service_.reset();

  ServiceOptions nowhere = options();
  nowhere.xdp.interface = "kh9";
  EXPECT_NE(open(nowhere).error().message.find("no interface kh9"), std::string::npos);
  ServiceOptions many = options();
  many.workers = 2;  // the pair has one queue
  const auto queue = open(many);
  ASSERT_FALSE(queue.has_value());
  EXPECT_NE(queue.error().message.find("queue 1"), std::string::npos) << queue.error().message;
  EXPECT_EQ(program_id(wire_), 0U);
  ASSERT_TRUE(wire_.server_ip("link set kh1 mtu 1279"));
  ServiceOptions narrow = options();
  narrow.listen = {address("192.0.2.2:53")};
  const auto mtu = open(narrow);
  ASSERT_FALSE(mtu.has_value());
  EXPECT_NE(mtu.error().message.find("MTU"), std::string::npos) << mtu.error().message;
}

TEST_P(Xdp, NamesTheRightsThatItLacks) {
  const auto refused = wire_.at_server([] {
    constexpr uid_t nobody = 65'534;
    // The system call changes this thread alone, which ends after it.
    EXPECT_EQ(::syscall(SYS_setresuid, nobody, nobody, nobody), 0);
    return net::XdpProgram::attach({.interface = VethPair::server_interface,
                                    .mode = GetParam(),
                                    .listen = {address("192.0.2.2:53")}});
  });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::denied);
  EXPECT_NE(refused.error().message.find("CAP_NET_ADMIN"), std::string::npos);
}

class XdpQueues : public Xdp {
 protected:
  XdpQueues() : Xdp(2) {}
};

INSTANTIATE_TEST_SUITE_P(Modes, XdpQueues,
                         testing::Values(net::XdpMode::native, net::XdpMode::generic),
                         [](const auto& mode) { return std::string{to_string(mode.param)}; });

// The kernel spreads clients over the queues by their ports; each worker has one.
TEST_P(XdpQueues, ServeManyPorts) {
  ServiceOptions two = options();
  two.workers = 2;
  serve(two);
  const std::uint64_t before = taken_by_kernel(true) + taken_by_kernel(false);
  for (int i = 0; i < 64; ++i) {
    expect_blocked(client(i % 2 == 0).ask(packet_of({.name = "scam.example"})));
  }
  EXPECT_EQ(taken_by_kernel(true) + taken_by_kernel(false), before);
}

}  // namespace
}  // namespace khien::resolver
