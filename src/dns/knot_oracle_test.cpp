// Differential tests against libknot (Knot DNS): what we write it must read, what it reads we read
// alike, and where we disagree on broken packets the reason is one of a closed list. The seed is
// fixed and printed; KHIEN_TEST_SEED takes another.
//
// We are stricter on purpose in these, and only these, ways:
//   - a pointer must go before everything the name has read so far (libknot: before itself), not
//     into the header, and at most 127 of them are followed;
//   - TXT must be whole character strings, NAPTR and HINFO too;
//   - OPT stands once, at the root, in the additional section; TSIG is last there;
//   - RDATA of a well-known type must be used up by its layout.
// libknot alone refuses a name in RDATA that ends in a pointer at a lone root label (legal, if
// useless), and knows the layout of some further types, which are opaque octets to us.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/random.h"
#include "dns/message.h"
#include "dns/rdata_layout.h"
#include "dns/test_packets.h"
#include "dns/tsig.h"
#include "dns/writer.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wpedantic"
extern "C" {
#include <libknot/libknot.h>
#include <libknot/tsig-op.h>
}
#pragma GCC diagnostic pop

namespace khien::dns {
namespace {

std::uint64_t test_seed() {
  const char* text = std::getenv("KHIEN_TEST_SEED");
  const std::uint64_t seed = text == nullptr ? 20'261'124 : std::strtoull(text, nullptr, 10);
  std::cout << "seed " << seed << "\n";
  return seed;
}

/// A packet as libknot reads it. Works on a copy: libknot may write into the wire.
class KnotPacket {
 public:
  explicit KnotPacket(Bytes message) : octets_(to_octets(message)) {
    packet_ = knot_pkt_new(octets_.data(), static_cast<std::uint16_t>(octets_.size()), nullptr);
    status_ = packet_ == nullptr ? KNOT_ENOMEM : knot_pkt_parse(packet_, KNOT_PF_NOCANON);
  }
  KnotPacket(const KnotPacket&) = delete;
  KnotPacket& operator=(const KnotPacket&) = delete;
  ~KnotPacket() { knot_pkt_free(packet_); }

  [[nodiscard]] bool accepted() const { return status_ == KNOT_EOK; }
  [[nodiscard]] const char* why() const { return knot_strerror(status_); }
  [[nodiscard]] const knot_pkt_t* get() const { return packet_; }

 private:
  Octets octets_;
  knot_pkt_t* packet_ = nullptr;
  int status_ = KNOT_EOK;
};

class PacketMaker {
 public:
  explicit PacketMaker(std::uint64_t seed) : rng_(seed) {}

  Octets valid() {
    Octets buffer(4'096);
    MessageWriter writer{buffer, buffer.size()};
    writer.begin(static_cast<std::uint16_t>(rng_.below(65'536)), flag_qr | flag_aa);
    KHIEN_ASSERT(writer.add_question(name(), type_a, class_in));
    for (const Section section : {Section::answer, Section::authority, Section::additional}) {
      const std::size_t count = rng_.below(5);
      for (std::size_t i = 0; i < count; ++i) add_random_record(writer, section);
    }
    if (rng_.below(2) == 0) {
      KHIEN_ASSERT(writer.add_record(Section::additional, NameView{},
                                     {.type = type_opt, .rclass = 1232}, {}));
    }
    return to_octets(writer.message());
  }

  Octets mutated() {
    Octets octets = valid();
    const std::size_t changes = 1 + rng_.below(4);
    for (std::size_t i = 0; i < changes; ++i) {
      const std::size_t at = rng_.below(octets.size());
      switch (rng_.below(4)) {
        case 0: octets[at] = static_cast<std::uint8_t>(rng_.below(256)); break;
        case 1: octets[at] ^= static_cast<std::uint8_t>(1U << rng_.below(8)); break;
        case 2: octets[at] = 0xC0; break;
        default: octets.resize(std::max<std::size_t>(at, header_size)); break;
      }
    }
    return octets;
  }

  /// A good question, then records whose names, types and lengths are likely but drawn at random.
  Octets hostile() {
    const auto record_count = static_cast<std::uint16_t>(1 + rng_.below(3));
    Octets octets = header_of(1, flag_qr, {.questions = 1, .answers = record_count});
    append_question(octets, "a.example.", type_a);
    for (std::uint16_t i = 0; i < record_count; ++i) {
      append_hostile_name(octets);
      append_u16(octets, static_cast<std::uint16_t>(rng_.below(70)));
      append_u16(octets, class_in);
      append_u32(octets, 60);
      const std::size_t length_at = octets.size();
      append_u16(octets, 0);
      const std::size_t pieces = rng_.below(3);
      for (std::size_t piece = 0; piece < pieces; ++piece) {
        Octets noise(rng_.below(3) * 2);
        rng_.fill(noise);
        append(octets, noise);
        append_hostile_name(octets);
      }
      const std::size_t size = octets.size() - length_at - 2;
      const std::size_t wrong = rng_.below(8) == 0 ? rng_.below(4) : 0;
      store_u16(octets, length_at, static_cast<std::uint16_t>(size + wrong));
    }
    return octets;
  }

  Name name() {
    static const std::array suffixes{name_of("."), name_of("example."), name_of("a.example."),
                                     name_of("rpz.khien."), name_of("Ngan-Hang.test.")};
    Name result = suffixes[rng_.below(suffixes.size())];
    const std::size_t labels = rng_.below(4);
    for (std::size_t i = 0; i < labels; ++i) {
      Octets label(1 + rng_.below(12));
      rng_.fill(label);
      result = *result.prepend(label);
    }
    return result;
  }

 private:
  void append_hostile_name(Octets& octets) {
    const std::size_t labels = rng_.below(4);
    for (std::size_t i = 0; i < labels; ++i) {
      const auto size = static_cast<std::uint8_t>(1 + rng_.below(3));
      octets.push_back(size);
      Octets label(size);
      rng_.fill(label);
      append(octets, label);
    }
    switch (rng_.below(5)) {
      case 0:
        append_u16(octets, static_cast<std::uint16_t>(0xC000 | rng_.below(octets.size())));
        break;
      case 1: append_u16(octets, 0xC00C); break;
      case 2: octets.push_back(static_cast<std::uint8_t>(rng_.below(256))); break;
      default: octets.push_back(0); break;
    }
  }

  void add_random_record(MessageWriter& writer, Section section) {
    Octets rdata;
    const auto add_name = [&] { append(rdata, name().wire()); };
    const auto add_noise = [&](std::size_t size) {
      Octets noise(size);
      rng_.fill(noise);
      append(rdata, noise);
    };
    constexpr std::array<std::uint16_t, 9> types{type_a,   type_aaaa, type_cname, type_soa, type_mx,
                                                 type_txt, type_ns,   type_svcb,  65'280};
    const std::uint16_t type = types[rng_.below(types.size())];
    switch (type) {
      case type_a: add_noise(4); break;
      case type_aaaa: add_noise(16); break;
      case type_cname:
      case type_ns: add_name(); break;
      case type_soa:
        add_name();
        add_name();
        add_noise(20);
        break;
      case type_mx:
      case type_svcb:
        add_noise(2);
        add_name();
        break;
      case type_txt:
        rdata.push_back(7);
        add_noise(7);
        break;
      default: add_noise(rng_.below(30)); break;
    }
    const bool fits = writer.add_record(section, name(), {.type = type, .ttl = 60}, rdata);
    KHIEN_ASSERT(fits);
  }

  SeededRng rng_;
};

/// Compares what both read out of a packet that both accept.
void expect_alike(const Message& ours, const knot_pkt_t* theirs) {
  const std::array sections{&ours.answers, &ours.authorities, &ours.additionals};
  for (std::size_t s = 0; s < sections.size(); ++s) {
    const knot_pktsection_t* section = knot_pkt_section(theirs, static_cast<knot_section_t>(s));
    std::size_t index = 0;
    for (const Record& record : *sections[s]) {
      if (record.type == type_tsig) continue;  // libknot keeps it apart
      ASSERT_LT(index, section->count);
      const knot_rrset_t* rr = knot_pkt_rr(section, static_cast<std::uint16_t>(index++));
      const auto owner = NameView::parse_prefix({rr->owner, knot_dname_size(rr->owner)});
      ASSERT_TRUE(owner.has_value());
      EXPECT_EQ(*owner, record.owner.view());
      EXPECT_EQ(rr->type, record.type);
      EXPECT_EQ(rr->rclass, record.rclass);
      EXPECT_EQ(rr->ttl, record.ttl);
      ASSERT_EQ(rr->rrs.count, 1);
      const Bytes rdata{rr->rrs.rdata->data, rr->rrs.rdata->len};
      EXPECT_EQ(to_octets(rdata), record.rdata);
    }
    EXPECT_EQ(index, section->count);
  }
}

std::string hex(Bytes octets) {
  std::string text;
  for (const std::uint8_t octet : octets) {
    text += "0123456789abcdef"[octet >> 4];
    text += "0123456789abcdef"[octet & 15];
  }
  return text;
}

TEST(KnotOracle, ReadsAllThatWeWrite) {
  PacketMaker maker{test_seed()};
  for (int round = 0; round < 3'000; ++round) {
    const Octets octets = maker.valid();
    const auto ours = parse_message(octets);
    ASSERT_TRUE(ours.has_value()) << hex(octets);
    const KnotPacket theirs{octets};
    ASSERT_TRUE(theirs.accepted()) << theirs.why() << " " << hex(octets);
    expect_alike(*ours, theirs.get());
    if (HasFailure()) FAIL() << hex(octets);
  }
}

/// True if our refusal is one that the list at the top explains.
bool stricter_on_purpose(WireError error) {
  switch (error) {
    case WireError::bad_pointer:
    case WireError::bad_rdata:
    case WireError::bad_opt:
    case WireError::bad_tsig: return true;
    default: return false;
  }
}

bool has_opaque_type(const Message& message) {
  for (const auto* records : {&message.answers, &message.authorities, &message.additionals}) {
    for (const Record& record : *records) {
      if (rdata_layout(record.type)[0] == Field::rest) return true;
    }
  }
  return false;
}

/// True if some octets could be such a pointer; more than the real ones, which is enough here.
bool points_at_a_root(Bytes octets) {
  for (std::size_t at = header_size; at + 1 < octets.size(); ++at) {
    const std::uint16_t value = load_u16(octets, at);
    if (value < 0xC000) continue;
    const std::size_t target = value & 0x3FFFU;
    if (target < at && octets[target] == 0) return true;
  }
  return false;
}

struct Tally {
  int both_accept = 0;
  int both_refuse = 0;
  int only_we_refuse = 0;
  int only_they_refuse = 0;
};

void compare(Bytes octets, Tally& tally) {
  const auto ours = parse_message(octets);
  const KnotPacket theirs{octets};
  if (ours && theirs.accepted()) {
    ++tally.both_accept;
    expect_alike(*ours, theirs.get());
  } else if (!ours && !theirs.accepted()) {
    ++tally.both_refuse;
  } else if (!ours) {
    ++tally.only_we_refuse;
    EXPECT_TRUE(stricter_on_purpose(ours.error())) << to_string(ours.error()) << " " << hex(octets);
  } else {
    ++tally.only_they_refuse;
    EXPECT_TRUE(has_opaque_type(*ours) || points_at_a_root(octets))
        << "only libknot refuses (" << theirs.why() << "): " << hex(octets);
  }
}

void print(std::string_view what, const Tally& tally) {
  std::cout << what << ": both accept " << tally.both_accept << ", both refuse "
            << tally.both_refuse << ", only we refuse " << tally.only_we_refuse
            << ", only libknot refuses " << tally.only_they_refuse << "\n";
}

TEST(KnotOracle, AgreesOnMutatedPackets) {
  PacketMaker maker{test_seed()};
  Tally tally;
  for (int round = 0; round < 20'000 && !HasFailure(); ++round) compare(maker.mutated(), tally);
  print("mutated", tally);
}

TEST(KnotOracle, AgreesOnHostilePackets) {
  PacketMaker maker{test_seed() + 1};
  Tally tally;
  for (int round = 0; round < 50'000 && !HasFailure(); ++round) compare(maker.hostile(), tally);
  print("hostile", tally);
}

/// The same key for both.
struct SharedKey {
  SharedKey() {
    ours = {.name = name_of("unit.key."), .secret = Octets(32, 0x41)};
    // 32 times 'A' in base64.
    const char* secret = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
    KHIEN_ASSERT(knot_tsig_key_init(&theirs, "hmac-sha256", "unit.key.", secret) == KNOT_EOK);
  }
  SharedKey(const SharedKey&) = delete;
  SharedKey& operator=(const SharedKey&) = delete;
  ~SharedKey() { knot_tsig_key_deinit(&theirs); }
  TsigKey ours;
  knot_tsig_key_t theirs{};
};

TEST(KnotOracle, AcceptsOurRequestSignature) {
  const SharedKey key;
  Octets message = query_for("orders-phishing.rpz.khien.", type_axfr);
  ASSERT_TRUE(sign_request(message, key.ours, std::time(nullptr)).has_value());
  const KnotPacket packet{message};
  ASSERT_TRUE(packet.accepted());
  // Its parser has cut the TSIG off its own copy of the wire.
  const knot_pkt_t* theirs = packet.get();
  EXPECT_EQ(knot_tsig_server_check(theirs->tsig_rr, theirs->wire, theirs->size, &key.theirs),
            KNOT_EOK);
}

TEST(KnotOracle, ItsSignatureIsAcceptedByUs) {
  const SharedKey key;
  Octets message = query_for("orders-phishing.rpz.khien.", type_axfr);
  std::size_t size = message.size();
  message.resize(1'024);
  std::array<std::uint8_t, 64> digest{};
  std::size_t digest_size = digest.size();
  ASSERT_EQ(knot_tsig_sign(message.data(), &size, message.size(), nullptr, 0, digest.data(),
                           &digest_size, &key.theirs, 0, 0),
            KNOT_EOK);
  message.resize(size);
  const std::array keys{key.ours};
  const auto check = check_request(message, keys, std::time(nullptr));
  EXPECT_EQ(check.status, TsigStatus::ok) << to_string(check.status);
}

}  // namespace
}  // namespace khien::dns
