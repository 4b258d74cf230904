#include "dns/tsig.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "dns/test_packets.h"
#include "dns/writer.h"

namespace khien::dns {
namespace {

constexpr std::int64_t now_s = 1'767'225'600;

TsigKey key_of(std::string_view name, std::uint8_t fill) {
  return {.name = name_of(name), .secret = Octets(32, fill)};
}

struct Signed {
  Octets message;
  Octets mac;
};

Signed signed_query(const TsigKey& key, std::int64_t at_s = now_s) {
  Signed request{.message = query_for("orders-phishing.rpz.khien.", type_axfr), .mac = {}};
  auto mac = sign_request(request.message, key, at_s);
  KHIEN_ASSERT(mac.has_value());
  request.mac = std::move(*mac);
  return request;
}

Octets answer(std::uint16_t id) {
  Octets out = header_of(id, flag_qr | flag_aa, {.answers = 1});
  append_record(out, Octets{0}, type_a, Octets{192, 0, 2, 1});
  return out;
}

TEST(Tsig, ASignedRequestIsAccepted) {
  const std::array keys{key_of("other.", 2), key_of("Unit.KEY.", 1)};
  const auto request = signed_query(key_of("unit.key.", 1));
  const auto check = check_request(request.message, keys, now_s);
  EXPECT_EQ(check.status, TsigStatus::ok);
  EXPECT_EQ(check.key, &keys[1]);
  EXPECT_EQ(check.tsig->mac, request.mac);
  EXPECT_TRUE(parse_message(request.message).has_value());
}

TEST(Tsig, TellsTheErrorsApart) {
  const std::array keys{key_of("unit.key.", 1)};
  const auto good = signed_query(keys[0]);
  EXPECT_EQ(check_request(query_for("a.example.", type_a), keys, now_s).status,
            TsigStatus::not_signed);
  EXPECT_EQ(check_request(signed_query(key_of("no.key.", 1)).message, keys, now_s).status,
            TsigStatus::bad_key);
  EXPECT_EQ(check_request(signed_query(key_of("unit.key.", 9)).message, keys, now_s).status,
            TsigStatus::bad_signature);
  EXPECT_EQ(check_request(good.message, keys, now_s + tsig_fudge_s).status, TsigStatus::ok);
  EXPECT_EQ(check_request(good.message, keys, now_s + tsig_fudge_s + 1).status,
            TsigStatus::bad_time);
  EXPECT_EQ(check_request(good.message, keys, now_s - tsig_fudge_s - 1).status,
            TsigStatus::bad_time);
}

// One changed bit anywhere must not pass. The id is not covered by design: it is restored from the
// record's original id (RFC 8945 section 5.2), so the first two octets are left out.
TEST(Tsig, EveryChangedOctetIsNoticed) {
  const std::array keys{key_of("unit.key.", 1)};
  const auto good = signed_query(keys[0]);
  for (std::size_t at = 2; at < good.message.size(); ++at) {
    auto changed = good.message;
    changed[at] ^= 0x80;
    EXPECT_NE(check_request(changed, keys, now_s).status, TsigStatus::ok) << at;
  }
  for (std::size_t size = 0; size < good.message.size(); ++size) {
    EXPECT_NE(check_request(Bytes{good.message}.first(size), keys, now_s).status, TsigStatus::ok);
  }
}

TEST(Tsig, AShortMacIsRefused) {
  const std::array keys{key_of("unit.key.", 1)};
  auto message = signed_query(keys[0]).message;
  const auto tsig = find_tsig(message);
  ASSERT_TRUE(tsig.has_value() && tsig->has_value());
  // Cut 16 octets out of the MAC and shorten both lengths.
  const std::size_t rdata_size_at = (*tsig)->at + keys[0].name.size() + 8;
  const std::size_t mac_size_at = rdata_size_at + 2 + 13 + 8;
  ASSERT_EQ(load_u16(message, mac_size_at), tsig_mac_size);
  store_u16(message, rdata_size_at,
            static_cast<std::uint16_t>(load_u16(message, rdata_size_at) - 16));
  store_u16(message, mac_size_at, 16);
  const auto mac_at = message.begin() + static_cast<std::ptrdiff_t>(mac_size_at) + 2;
  message.erase(mac_at + 16, mac_at + 32);
  EXPECT_EQ(check_request(message, keys, now_s).status, TsigStatus::bad_truncation);
}

TEST(Tsig, AStreamIsSignedAndChecked) {
  const TsigKey key = key_of("unit.key.", 1);
  const auto request = signed_query(key);
  TsigSigner signer{key, request.mac};
  TsigVerifier verifier{key, request.mac};
  for (int i = 0; i < 5; ++i) {
    Octets message = answer(0x1234);
    ASSERT_TRUE(signer.sign(message, now_s + i).has_value());
    EXPECT_EQ(verifier.check(message, now_s + i), TsigStatus::ok) << i;
  }
  EXPECT_TRUE(verifier.complete());
}

TEST(Tsig, AMessageMissingFromAStreamIsNoticed) {
  const TsigKey key = key_of("unit.key.", 1);
  const auto request = signed_query(key);
  TsigSigner signer{key, request.mac};
  TsigVerifier verifier{key, request.mac};
  std::vector<Octets> messages(3, answer(0x1234));
  for (auto& message : messages) ASSERT_TRUE(signer.sign(message, now_s).has_value());
  EXPECT_EQ(verifier.check(messages[0], now_s), TsigStatus::ok);
  EXPECT_EQ(verifier.check(messages[2], now_s), TsigStatus::bad_signature);
}

TEST(Tsig, UnsignedMessagesInAStreamAreBoundedAndProvenLater) {
  const TsigKey key = key_of("unit.key.", 1);
  const auto request = signed_query(key);
  TsigVerifier verifier{key, request.mac};
  EXPECT_EQ(verifier.check(answer(0x1234), now_s), TsigStatus::not_signed);  // the first

  TsigSigner signer{key, request.mac};
  Octets first = answer(0x1234);
  ASSERT_TRUE(signer.sign(first, now_s).has_value());
  EXPECT_EQ(verifier.check(first, now_s), TsigStatus::ok);
  for (std::size_t i = 0; i < tsig_unsigned_messages_max; ++i) {
    EXPECT_EQ(verifier.check(answer(0x1234), now_s), TsigStatus::ok);
  }
  EXPECT_FALSE(verifier.complete());
  EXPECT_EQ(verifier.check(answer(0x1234), now_s), TsigStatus::not_signed);
}

TEST(Tsig, ErrorAnswersSayWhich) {
  const std::array keys{key_of("unit.key.", 1)};
  const auto wrong = signed_query(key_of("unit.key.", 9));
  Octets refusal = header_of(0x1234, with_rcode(flag_qr, rcode_notauth), {});
  ASSERT_TRUE(sign_error(refusal, check_request(wrong.message, keys, now_s), now_s).has_value());
  EXPECT_EQ((*find_tsig(refusal))->error, 16);
  EXPECT_TRUE((*find_tsig(refusal))->mac.empty());
  TsigVerifier verifier{keys[0], wrong.mac};
  EXPECT_EQ(verifier.check(refusal, now_s), TsigStatus::peer_error);

  // BADTIME is signed, with the client's time and ours.
  const auto late = signed_query(keys[0], now_s - 1'000);
  Octets badtime = header_of(0x1234, with_rcode(flag_qr, rcode_notauth), {});
  ASSERT_TRUE(sign_error(badtime, check_request(late.message, keys, now_s), now_s).has_value());
  EXPECT_EQ((*find_tsig(badtime))->error, 18);
  EXPECT_EQ((*find_tsig(badtime))->other.size(), 6U);
  TsigVerifier late_verifier{keys[0], late.mac};
  EXPECT_EQ(late_verifier.check(badtime, now_s - 1'000), TsigStatus::peer_error);
}

TEST(Tsig, RefusesToPassTheMessageLimit) {
  const TsigKey key = key_of("unit.key.", 1);
  Octets message = header_of(1, 0, {});
  message.resize(message_size_max - 20);
  EXPECT_EQ(sign_request(message, key, now_s).error(), WireError::no_space);
  EXPECT_EQ(message.size(), message_size_max - 20);
}

TEST(Tsig, SizeIsEnough) {
  const TsigKey key = key_of("unit.key.", 1);
  const auto request = signed_query(key);
  const std::size_t plain_size = query_for("orders-phishing.rpz.khien.", type_axfr).size();
  EXPECT_LE(request.message.size() - plain_size, tsig_size(key));
}

}  // namespace
}  // namespace khien::dns
