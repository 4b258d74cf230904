// Frames written and read back, and hostile ones. That the kernel agrees with the checksums is
// shown over a veth pair (resolver/xdp_worker_test.cpp).
#include "net/udp_frame.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace khien::net {
namespace {

constexpr LinkAddress client_link{0x02, 0, 0, 0, 0, 1};
constexpr LinkAddress server_link{0x02, 0, 0, 0, 0, 2};

struct Ends {
  IpAddress client;
  IpAddress server;
};

Ends v4_ends() {
  return {.client = IpAddress::parse("192.0.2.7").value(),
          .server = IpAddress::parse("198.51.100.53").value()};
}
Ends v6_ends() {
  return {.client = IpAddress::parse("2001:db8::7").value(),
          .server = IpAddress::parse("2001:db8:1::53").value()};
}

Octets frame_of(const Ends& ends, Bytes payload, std::uint16_t source_port = 40'000) {
  Octets frame(udp_frame_head_size(ends.client.family()) + payload.size());
  std::ranges::copy(payload, frame.end() - static_cast<std::ptrdiff_t>(payload.size()));
  const std::size_t size = write_udp_frame({.source_link = client_link,
                                            .destination_link = server_link,
                                            .source = ends.client.octets(),
                                            .destination = ends.server.octets(),
                                            .source_port = source_port,
                                            .destination_port = 53},
                                           frame, payload.size());
  EXPECT_EQ(size, frame.size());
  return frame;
}

FrameFault fault_of(Bytes frame) {
  const auto read = parse_udp_frame(frame);
  EXPECT_FALSE(read.has_value());
  return read ? FrameFault{0xFF} : read.error();
}

// The plain twin: RFC 1071 as it is written, octet pair by octet pair.
std::uint16_t plain_checksum(Bytes octets) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    sum += i % 2 == 0 ? std::uint32_t{octets[i]} << 8 : std::uint32_t{octets[i]};
    sum = (sum & 0xFFFF) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(~sum);
}

// Rewrites the checksum of an IPv4 head after a test changed it.
void repair_v4_head(Octets& frame) {
  frame[24] = frame[25] = 0;
  const std::uint16_t checksum = plain_checksum(Bytes{frame}.subspan(14, 20));
  frame[24] = static_cast<std::uint8_t>(checksum >> 8);
  frame[25] = static_cast<std::uint8_t>(checksum);
}

TEST(UdpFrame, ReadsWhatItWrote) {
  for (const Ends& ends : {v4_ends(), v6_ends()}) {
    for (const std::string_view payload :
         {"", "a", "ab", "abc", "abcd", "a question of odd size."}) {
      const Octets frame = frame_of(ends, as_bytes(payload));
      const auto read = parse_udp_frame(frame);
      ASSERT_TRUE(read.has_value()) << payload;
      EXPECT_TRUE(std::ranges::equal(read->source_link, client_link));
      EXPECT_TRUE(std::ranges::equal(read->destination_link, server_link));
      EXPECT_EQ(IpAddress::from_octets(read->source).value(), ends.client);
      EXPECT_EQ(IpAddress::from_octets(read->destination).value(), ends.server);
      EXPECT_EQ(read->source_port, 40'000);
      EXPECT_EQ(read->destination_port, 53);
      EXPECT_EQ(as_text(read->payload), payload);
    }
  }
}

TEST(UdpFrame, WritesTheChecksumsOfTheRfcs) {
  for (const Ends& ends : {v4_ends(), v6_ends()}) {
    for (std::size_t size = 0; size < 64; ++size) {
      Octets payload(size);
      for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<std::uint8_t>(251 - 7 * i);
      const Octets frame = frame_of(ends, payload);
      const Bytes udp = Bytes{frame}.last(8 + size);
      Octets summed = to_octets(ends.client.octets());
      summed.insert(summed.end(), ends.server.octets().begin(), ends.server.octets().end());
      summed.insert(summed.end(), {0, 17, 0, static_cast<std::uint8_t>(8 + size)});
      summed.insert(summed.end(), udp.begin(), udp.end());
      EXPECT_EQ(plain_checksum(summed), 0) << size;
      if (ends.client.is_v4()) {
        EXPECT_EQ(plain_checksum(Bytes{frame}.subspan(14, 20)), 0);
      }
    }
  }
}

// A sum of 0 would say "no checksum": it is written as its other form.
TEST(UdpFrame, NeverWritesAZeroChecksum) {
  std::size_t seen = 0;
  for (std::uint32_t value = 0; value < 0x1'0000; ++value) {
    const Octets payload{static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
    const Octets frame = frame_of(v4_ends(), payload);
    ASSERT_FALSE(frame[40] == 0 && frame[41] == 0) << value;
    if (frame[40] == 0xFF && frame[41] == 0xFF) ++seen;
  }
  EXPECT_GE(seen, 1U);
}

TEST(UdpFrame, RefusesEveryTruncation) {
  for (const Ends& ends : {v4_ends(), v6_ends()}) {
    const Octets frame = frame_of(ends, as_bytes("question"));
    for (std::size_t size = 0; size < frame.size(); ++size) {
      EXPECT_FALSE(parse_udp_frame(Bytes{frame}.first(size)).has_value()) << size;
    }
  }
}

TEST(UdpFrame, LeavesOutPadding) {
  for (const Ends& ends : {v4_ends(), v6_ends()}) {
    Octets frame = frame_of(ends, as_bytes("q"));
    frame.resize(frame.size() + 17, 0xEE);
    const auto read = parse_udp_frame(frame);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(as_text(read->payload), "q");
  }
}

TEST(UdpFrame, SeesEveryDamagedBit) {
  for (const Ends& ends : {v4_ends(), v6_ends()}) {
    const Octets good = frame_of(ends, as_bytes("question"));
    const std::size_t udp_at = udp_frame_head_size(ends.client.family()) - 8;
    for (std::size_t at = udp_at; at < good.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        Octets frame = good;
        frame[at] = static_cast<std::uint8_t>(frame[at] ^ (1 << bit));
        EXPECT_FALSE(parse_udp_frame(frame).has_value()) << at << " bit " << bit;
      }
    }
  }
}

TEST(UdpFrame, TakesNoChecksumInIpv4Only) {
  Octets v4 = frame_of(v4_ends(), as_bytes("question"));
  v4[40] = v4[41] = 0;
  EXPECT_TRUE(parse_udp_frame(v4).has_value());
  Octets v6 = frame_of(v6_ends(), as_bytes("question"));
  v6[60] = v6[61] = 0;
  EXPECT_EQ(fault_of(v6), FrameFault::bad_checksum);
}

// Between virtual interfaces the kernel leaves the pseudo-header's sum and nothing else.
TEST(UdpFrame, TakesWhatChecksumOffloadLeaves) {
  for (const Ends& ends : {v4_ends(), v6_ends()}) {
    const std::string_view payload = "question";
    Octets frame = frame_of(ends, as_bytes(payload));
    Octets pseudo = to_octets(ends.client.octets());
    pseudo.insert(pseudo.end(), ends.server.octets().begin(), ends.server.octets().end());
    pseudo.insert(pseudo.end(), {0, 17, 0, static_cast<std::uint8_t>(8 + payload.size())});
    const auto sum = static_cast<std::uint16_t>(~plain_checksum(pseudo));
    const std::size_t at = udp_frame_head_size(ends.client.family()) - 2;
    frame[at] = static_cast<std::uint8_t>(sum >> 8);
    frame[at + 1] = static_cast<std::uint8_t>(sum);
    EXPECT_TRUE(parse_udp_frame(frame).has_value());
    ++frame[at + 1];
    EXPECT_EQ(fault_of(frame), FrameFault::bad_checksum);
  }
}

TEST(UdpFrame, LeavesFragmentsOptionsAndTagsToTheKernel) {
  const Octets good = frame_of(v4_ends(), as_bytes("question"));
  const auto changed = [&](std::size_t at, std::uint8_t value) {
    Octets frame = good;
    frame[at] = value;
    repair_v4_head(frame);
    return fault_of(frame);
  };
  EXPECT_EQ(changed(20, 0x20), FrameFault::other);  // more fragments follow
  EXPECT_EQ(changed(21, 0x01), FrameFault::other);  // a later fragment
  EXPECT_EQ(changed(14, 0x46), FrameFault::other);  // an option
  EXPECT_EQ(changed(23, 6), FrameFault::other);     // TCP
  EXPECT_EQ(changed(12, 0x81), FrameFault::other);  // not an IP ethertype
  Octets v6 = frame_of(v6_ends(), as_bytes("question"));
  v6[20] = 44;  // a fragment header
  EXPECT_EQ(fault_of(v6), FrameFault::other);
}

TEST(UdpFrame, BelievesNoLength) {
  const Octets good = frame_of(v4_ends(), as_bytes("question"));
  Octets frame = good;
  frame[17] = static_cast<std::uint8_t>(frame[17] + 1);  // the packet is longer than the frame
  repair_v4_head(frame);
  EXPECT_EQ(fault_of(frame), FrameFault::malformed);
  frame = good;
  frame[16] = 0;
  frame[17] = 19;  // shorter than its own head
  repair_v4_head(frame);
  EXPECT_EQ(fault_of(frame), FrameFault::malformed);
  for (const unsigned udp_size : {0U, 7U, 17U, 255U}) {
    frame = good;
    frame[39] = static_cast<std::uint8_t>(udp_size);
    EXPECT_EQ(fault_of(frame), FrameFault::malformed) << udp_size;
  }
}

// Nobody may send from these, so an answer would go astray, or to everybody, or in a circle.
TEST(UdpFrame, RefusesSourcesThatCannotBeAnswered) {
  for (const auto source :
       {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "198.51.100.53"}) {
    Ends ends = v4_ends();
    ends.client = IpAddress::parse(source).value();
    EXPECT_EQ(fault_of(frame_of(ends, {})), FrameFault::bad_source) << source;
  }
  for (const auto source : {"::", "::1", "ff02::1", "::ffff:192.0.2.1", "2001:db8:1::53"}) {
    Ends ends = v6_ends();
    ends.client = IpAddress::parse(source).value();
    EXPECT_EQ(fault_of(frame_of(ends, {})), FrameFault::bad_source) << source;
  }
  EXPECT_EQ(fault_of(frame_of(v4_ends(), {}, 0)), FrameFault::bad_source);
  Octets group = frame_of(v4_ends(), {});
  group[6] |= 1;
  EXPECT_EQ(fault_of(group), FrameFault::bad_source);
}

}  // namespace
}  // namespace khien::net
