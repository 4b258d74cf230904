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

/// The request with the first `kept` octets of its MAC.
Octets with_short_mac(const TsigKey& key, std::size_t kept) {
  auto message = signed_query(key).message;
  const auto tsig = find_tsig(message);
  const std::size_t size = tsig_mac_size(key.algorithm);
  const std::size_t rdata_size_at = (*tsig)->at + key.name.size() + 8;
  const std::size_t mac_size_at = rdata_size_at + 2 + 13 + 8;
  EXPECT_EQ(load_u16(message, mac_size_at), size);
  const auto cut = static_cast<std::uint16_t>(size - kept);
  store_u16(message, rdata_size_at,
            static_cast<std::uint16_t>(load_u16(message, rdata_size_at) - cut));
  store_u16(message, mac_size_at, static_cast<std::uint16_t>(kept));
  const auto mac_at = message.begin() + static_cast<std::ptrdiff_t>(mac_size_at) + 2;
  message.erase(mac_at + static_cast<std::ptrdiff_t>(kept),
                mac_at + static_cast<std::ptrdiff_t>(size));
  return message;
}

// RFC 8945 section 5.2.2.1: below half of the hash is no TSIG at all; from there on it is too
// short for us, who truncate nothing.
TEST(Tsig, AShortMacIsRefused) {
  for (const auto algorithm : {TsigAlgorithm::hmac_sha256, TsigAlgorithm::hmac_sha512}) {
    std::array keys{key_of("unit.key.", 1)};
    keys[0].algorithm = algorithm;
    const std::size_t size = tsig_mac_size(algorithm);
    const auto status = [&](std::size_t kept) {
      return check_request(with_short_mac(keys[0], kept), keys, now_s).status;
    };
    EXPECT_EQ(status(0), TsigStatus::malformed);
    EXPECT_EQ(status(size / 2 - 1), TsigStatus::malformed);
    EXPECT_EQ(status(size / 2), TsigStatus::bad_truncation);
    EXPECT_EQ(status(size - 1), TsigStatus::bad_truncation);
    EXPECT_EQ(status(size), TsigStatus::ok);
    auto forged = with_short_mac(keys[0], size / 2);
    forged[forged.size() - 7] ^= 1;  // the last octet of the MAC
    EXPECT_EQ(check_request(forged, keys, now_s).status, TsigStatus::bad_signature);
  }
}

TEST(Tsig, AKeyOfAnotherAlgorithmIsAnotherKey) {
  std::array keys{key_of("unit.key.", 1)};
  TsigKey longer = keys[0];
  longer.algorithm = TsigAlgorithm::hmac_sha512;
  EXPECT_EQ(check_request(signed_query(longer).message, keys, now_s).status, TsigStatus::bad_key);
  keys[0].algorithm = TsigAlgorithm::hmac_sha512;
  EXPECT_EQ(check_request(signed_query(longer).message, keys, now_s).status, TsigStatus::ok);
  const auto request = signed_query(longer);
  TsigSigner signer{longer, request.mac};
  Octets message = answer(0x1234);
  ASSERT_TRUE(signer.sign(message, now_s).has_value());
  TsigVerifier verifier{longer, request.mac};
  EXPECT_EQ(verifier.check(message, now_s), TsigStatus::ok);
  const TsigKey shorter = key_of("unit.key.", 1);
  TsigVerifier other{shorter, request.mac};
  EXPECT_EQ(other.check(message, now_s), TsigStatus::bad_key);
}

// Section 5.3.2: nothing is signed for who has shown no key; who has, can believe what is wrong.
TEST(Tsig, ErrorsAreSignedForWhoHasTheKey) {
  const std::array keys{key_of("unit.key.", 1)};
  const auto error_to = [&](Bytes request, std::int64_t at_s) {
    Octets message = answer(load_u16(request, 0));
    EXPECT_TRUE(sign_error(message, check_request(request, keys, at_s), at_s).has_value());
    return **find_tsig(message);
  };
  const auto good = signed_query(keys[0]).message;
  EXPECT_TRUE(error_to(signed_query(key_of("no.key.", 1)).message, now_s).mac.empty());
  EXPECT_EQ(error_to(signed_query(key_of("no.key.", 1)).message, now_s).error, 17);
  EXPECT_TRUE(error_to(signed_query(key_of("unit.key.", 9)).message, now_s).mac.empty());
  const auto late = error_to(good, now_s + 1'000);
  EXPECT_EQ(late.error, 18);
  EXPECT_EQ(late.mac.size(), 32U);
  EXPECT_EQ(late.time_s, std::uint64_t{now_s});
  EXPECT_EQ(late.other.size(), 6U);
  const auto cut = error_to(with_short_mac(keys[0], 16), now_s + 1);
  EXPECT_EQ(cut.error, 22);
  EXPECT_EQ(cut.mac.size(), 32U);
  EXPECT_EQ(cut.time_s, std::uint64_t{now_s + 1});
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
