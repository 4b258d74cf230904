#include "probe/judge.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

#include "dns/edns.h"
#include "dns/rdata.h"
#include "dns/writer.h"
#include "net/socket.h"

namespace khien::probe {
namespace {

const Observation resolves{.answer_count = 1};
const Observation nxdomain{.rcode = dns::rcode_nxdomain};
const Observation ordered{.rcode = dns::rcode_nxdomain, .extended_error = dns::ede_censored};
const Observation nodata_ordered{.extended_error = dns::ede_censored};
const Observation stale{.answer_count = 1, .extended_error = dns::ede_stale_answer};
const Observation servfail{.rcode = dns::rcode_servfail};
const Observation bind_policy{.rcode = dns::rcode_nxdomain, .rpz_soa = true};

TEST(Judge, OfABlockThatIsExpected) {
  EXPECT_EQ(judge(Expected::blocked, {.name = ordered}), Verdict::enforced);
  EXPECT_EQ(judge(Expected::blocked, {.name = nodata_ordered}), Verdict::enforced);
  EXPECT_EQ(judge(Expected::blocked, {.name = nxdomain}), Verdict::enforced);
  EXPECT_EQ(judge(Expected::blocked, {.name = resolves}), Verdict::not_enforced);
  EXPECT_EQ(judge(Expected::blocked, {.name = stale}), Verdict::stale);
}

TEST(Judge, SeesWhenTooMuchIsBlocked) {
  EXPECT_EQ(judge(Expected::blocked, {.name = ordered, .parent = resolves, .sibling = nxdomain}),
            Verdict::enforced);
  EXPECT_EQ(judge(Expected::blocked, {.name = ordered, .parent = ordered}), Verdict::over_enforced);
  EXPECT_EQ(judge(Expected::blocked, {.name = ordered, .parent = resolves, .sibling = ordered}),
            Verdict::over_enforced);
}

TEST(Judge, OfALift) {
  EXPECT_EQ(judge(Expected::resolving, {.name = resolves}), Verdict::lifted);
  EXPECT_EQ(judge(Expected::resolving, {.name = ordered}), Verdict::enforced);
  EXPECT_EQ(judge(Expected::resolving, {.name = bind_policy}), Verdict::enforced);
  EXPECT_EQ(judge(Expected::resolving, {.name = nxdomain}), Verdict::enforced);
  EXPECT_EQ(judge(Expected::resolving, {.name = nxdomain, .reference = nxdomain}), Verdict::lifted);
  EXPECT_EQ(judge(Expected::resolving, {.name = nxdomain, .reference = resolves}),
            Verdict::enforced);
}

TEST(Judge, NothingUsableChangesNothing) {
  EXPECT_EQ(judge(Expected::blocked, {}), Verdict::no_answer);
  EXPECT_EQ(judge(Expected::resolving, {.name = servfail}), Verdict::no_answer);
}

// A resolver that blocks one name, on a free loopback port.
class TestResolver {
 public:
  explicit TestResolver(dns::Name blocked) : blocked_(std::move(blocked)) {
    auto socket = net::UdpSocket::bind({.address = *net::SocketAddress::parse("127.0.0.1:0")});
    KHIEN_ASSERT(socket.has_value());
    socket_.emplace(std::move(*socket));
    thread_ = std::jthread{[this](const std::stop_token& stop) { serve(stop); }};
  }
  [[nodiscard]] net::SocketAddress address() const { return socket_->local_address(); }

 private:
  void serve(const std::stop_token& stop) {
    std::array<std::uint8_t, 1'232> in;
    std::array<std::uint8_t, 1'232> out;
    while (!stop.stop_requested()) {
      pollfd one{.fd = socket_->fd(), .events = POLLIN, .revents = 0};
      if (::poll(&one, 1, 20) != 1) continue;
      const auto received = socket_->receive(in);
      if (!received) continue;
      const auto question = dns::parse_question(Bytes{in}.first(received->size));
      const bool blocks = question->name() == blocked_.view();
      dns::MessageWriter writer{out, out.size()};
      writer.begin(dns::load_u16(in, 0),
                   static_cast<std::uint16_t>(dns::flag_qr | (blocks ? dns::rcode_nxdomain : 0)));
      (void)writer.add_question(question->name(), question->qtype, question->qclass);
      std::array<std::uint8_t, 64> text;
      const auto option = dns::make_extended_error(
          {.info_code = dns::ede_censored, .text = "category=fraud"}, text);
      (void)dns::add_edns(writer, {.options = std::span{&option, blocks ? 1U : 0U}});
      socket_->send_to(writer.message(), received->peer);
    }
  }
  dns::Name blocked_;
  std::optional<net::UdpSocket> socket_;
  std::jthread thread_;
};

TEST(Look, AsksAndJudges) {
  const auto name = *dns::Name::from_text("scam.shop.example.");
  const TestResolver resolver{name};
  const SystemClock clock;
  SystemRng rng;
  const auto seen = look({.resolver = resolver.address(), .name = name}, clock, rng);
  EXPECT_EQ(seen.verdict, Verdict::enforced);
  ASSERT_TRUE(seen.sight.name.has_value());
  EXPECT_EQ(seen.sight.name->extended_text, "category=fraud");
  EXPECT_TRUE(seen.sight.parent.has_value());
  const auto other = *dns::Name::from_text("other.example.");
  EXPECT_EQ(look({.resolver = resolver.address(), .name = other}, clock, rng).verdict,
            Verdict::not_enforced);
}

TEST(Look, ASilentResolverIsNoAnswer) {
  auto silent = net::UdpSocket::bind({.address = *net::SocketAddress::parse("127.0.0.1:0")});
  ASSERT_TRUE(silent.has_value());
  const SystemClock clock;
  SystemRng rng;
  const auto seen = look({.resolver = silent->local_address(),
                          .name = *dns::Name::from_text("a.example."),
                          .timeout_ms = 30},
                         clock, rng);
  EXPECT_EQ(seen.verdict, Verdict::no_answer);
}

// Every proper prefix of an answer is refused, and so is an answer to something else.
TEST(Observe, RefusesWhatIsNoAnswer) {
  const Ask question{.name = *dns::Name::from_text("a.example.")};
  Octets buffer(512);
  dns::MessageWriter writer{buffer, buffer.size()};
  writer.begin(7, dns::flag_qr);
  ASSERT_TRUE(writer.add_question(question.name, question.qtype, dns::class_in));
  ASSERT_TRUE(dns::add_edns(writer, {}));
  const Bytes good = writer.message();
  ASSERT_TRUE(observe(good, question, 7).has_value());
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(observe(good.first(size), question, 7).has_value()) << size;
  }
  EXPECT_FALSE(observe(good, question, 8).has_value());
  Ask other = question;
  other.qtype = dns::type_aaaa;
  EXPECT_FALSE(observe(good, other, 7).has_value());
}

}  // namespace
}  // namespace khien::probe
