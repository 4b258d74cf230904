#include "identity/webauthn.h"

#include <gtest/gtest.h>

#include "codec/base64.h"
#include "identity/cose_key.h"
#include "identity/testing/soft_passkey.h"

namespace khien::identity {
namespace {

using testing::SoftPasskey;

const RelyingParty rp{.id = "localhost", .name = "Khiên", .origins = {"http://localhost:8080"}};
const Octets challenge(webauthn_challenge_size, 0x5a);
const Octets other_challenge(webauthn_challenge_size, 0x5b);

Result<std::uint32_t> check(const SoftPasskey& key, const WebauthnAssertion& assertion,
                            std::uint32_t sign_count = 0) {
  const auto cose_key = key.cose_key();
  return verify_assertion({.rp_id = rp.id,
                           .origins = rp.origins,
                           .challenge = challenge,
                           .cose_key = cose_key,
                           .sign_count = sign_count},
                          assertion);
}

class EachAlgorithm : public ::testing::TestWithParam<SoftPasskey::Algorithm> {};
INSTANTIATE_TEST_SUITE_P(Algorithms, EachAlgorithm,
                         ::testing::Values(SoftPasskey::Algorithm::es256,
                                           SoftPasskey::Algorithm::ed25519));

TEST_P(EachAlgorithm, RegistersAndAsserts) {
  SoftPasskey key{GetParam()};
  for (const auto attestation : {SoftPasskey::Attestation::none, SoftPasskey::Attestation::self}) {
    key.attestation = attestation;
    const auto passkey = verify_registration(rp, challenge, key.create(challenge));
    ASSERT_TRUE(passkey.has_value()) << passkey.error().message;
    EXPECT_EQ(passkey->credential_id, key.credential_id);
    EXPECT_EQ(passkey->cose_key, key.cose_key());
  }
  const auto count = check(key, key.get(challenge));
  ASSERT_TRUE(count.has_value()) << count.error().message;
  EXPECT_EQ(*count, 0U);
}

TEST_P(EachAlgorithm, RefusesEveryChangedOctetOfAnAssertion) {
  SoftPasskey key{GetParam()};
  const auto good = key.get(challenge);
  for (const auto part : {&WebauthnAssertion::client_data_json,
                          &WebauthnAssertion::authenticator_data, &WebauthnAssertion::signature}) {
    for (std::size_t i = 0; i < (good.*part).size(); ++i) {
      auto changed = good;
      (changed.*part)[i] ^= 1;
      EXPECT_FALSE(check(key, changed).has_value()) << "octet " << i;
      (changed.*part).resize(i);
      EXPECT_FALSE(check(key, changed).has_value()) << "size " << i;
    }
  }
}

// One bend each; both registration and assertion must refuse it.
TEST(Webauthn, RefusesEveryWrongCeremony) {
  const std::vector<std::pair<const char*, std::function<void(SoftPasskey&)>>> bends{
      {"another site", [](SoftPasskey& k) { k.rp_id = "evil.example"; }},
      {"another origin", [](SoftPasskey& k) { k.origin = "http://localhost:9090"; }},
      {"origin with a suffix", [](SoftPasskey& k) { k.origin += ".evil.example"; }},
      {"nobody present", [](SoftPasskey& k) { k.flags = 0x04; }},
      {"nobody verified", [](SoftPasskey& k) { k.flags = 0x01; }},
      {"from a frame", [](SoftPasskey& k) { k.client_data_extra = R"(,"crossOrigin":true)"; }},
      {"types swapped", [](SoftPasskey& k) { std::swap(k.create_type, k.get_type); }},
      {"a key twice", [](SoftPasskey& k) { k.client_data_extra = R"(,"type":"x")"; }},
      {"extensions promised", [](SoftPasskey& k) { k.flags |= 0x80; }},
  };
  for (const auto& [what, bend] : bends) {
    SoftPasskey key;
    bend(key);
    EXPECT_FALSE(verify_registration(rp, challenge, key.create(challenge)).has_value()) << what;
    EXPECT_FALSE(check(key, key.get(challenge)).has_value()) << what;
  }
}

TEST(Webauthn, RefusesAnotherChallenge) {
  SoftPasskey key;
  const auto registration = verify_registration(rp, challenge, key.create(other_challenge));
  ASSERT_FALSE(registration.has_value());
  EXPECT_EQ(registration.error().reason, "webauthn_refused");
  EXPECT_FALSE(check(key, key.get(other_challenge)).has_value());
}

TEST(Webauthn, RefusesAnotherKey) {
  SoftPasskey key;
  SoftPasskey other;
  EXPECT_EQ(check(key, other.get(challenge)).error().reason, "webauthn_refused");
}

TEST(Webauthn, RefusesAttestationThatWasNotAskedFor) {
  SoftPasskey key;
  key.attestation = SoftPasskey::Attestation::unknown;
  EXPECT_FALSE(verify_registration(rp, challenge, key.create(challenge)).has_value());
}

TEST(Webauthn, RefusesARegistrationThatNamesAnotherCredential) {
  SoftPasskey key;
  auto attestation = key.create(challenge);
  attestation.credential_id.push_back(9);
  EXPECT_FALSE(verify_registration(rp, challenge, attestation).has_value());
}

TEST(Webauthn, RefusesEveryTruncationOfARegistration) {
  const SoftPasskey key;
  const auto good = key.create(challenge);
  for (std::size_t size = 0; size < good.attestation_object.size(); ++size) {
    auto cut = good;
    cut.attestation_object.resize(size);
    EXPECT_FALSE(verify_registration(rp, challenge, cut).has_value()) << size;
  }
}

TEST(Webauthn, CounterMustGrowOnceThereIsOne) {
  SoftPasskey key;
  key.counts = true;
  EXPECT_EQ(check(key, key.get(challenge), 0).value(), 1U);
  EXPECT_EQ(check(key, key.get(challenge), 1).value(), 2U);
  EXPECT_EQ(check(key, key.get(challenge), 3).error().reason, "webauthn_cloned");
  key.counts = false;
  key.sign_count = 0;
  EXPECT_EQ(check(key, key.get(challenge), 3).error().reason, "webauthn_cloned");
}

TEST(Webauthn, RequestsAreReadWithinTheirLimits) {
  const auto request = [](std::size_t id_size) {
    return codec::Json::object({{"id", codec::base64url(Octets(id_size))},
                                {"client_data_json", "e30"},
                                {"authenticator_data", "AA"},
                                {"attestation_object", "AA"},
                                {"signature", "AA"}});
  };
  EXPECT_EQ(parse_assertion(request(credential_id_size_max))->credential_id.size(),
            credential_id_size_max);
  EXPECT_TRUE(parse_attestation(request(8)).has_value());
  EXPECT_EQ(parse_assertion(request(credential_id_size_max + 1)).error().code,
            ErrorCode::limit_exceeded);
  EXPECT_FALSE(parse_assertion(codec::Json::object({{"id", "AA"}})).has_value());
  EXPECT_FALSE(parse_attestation(codec::Json::object({{"id", "A=="}})).has_value());
}

TEST(Webauthn, OptionsNameBothAlgorithmsAndAskForVerification) {
  const std::vector<Octets> known{{1, 2}};
  const auto options = creation_options_json(rp, {.challenge = challenge,
                                                  .user_handle = challenge,
                                                  .login = "lan",
                                                  .display_name = "Lan",
                                                  .known = known});
  EXPECT_EQ(options.find("pubKeyCredParams")->items().size(), 2U);
  EXPECT_EQ(options.find("excludeCredentials")->items().size(), 1U);
  EXPECT_EQ(options.object_at("authenticatorSelection")->text_at("userVerification").value(),
            "required");
  EXPECT_EQ(request_options_json(rp, challenge, known).text_at("rpId").value(), "localhost");
}

TEST(CoseKey, RefusesOtherKindsAndPointsOffTheCurve) {
  const auto good = SoftPasskey{}.cose_key();
  ASSERT_TRUE(CoseKey::parse(good).has_value());
  auto off = good;
  off.back() ^= 1;
  EXPECT_FALSE(CoseKey::parse(off).has_value());
  auto rs256 = good;
  rs256[4] = 0x27;  // EdDSA with a P-256 key
  EXPECT_FALSE(CoseKey::parse(rs256).has_value());
  EXPECT_FALSE(CoseKey::parse(Octets{0xa0}).has_value());
}

}  // namespace
}  // namespace khien::identity
