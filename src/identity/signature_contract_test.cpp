// Signatures with both kinds of factor, on every engine.
#include "identity/signature.h"

#include <gtest/gtest.h>

#include "codec/base64.h"
#include "identity/testing/identity_test.h"
#include "identity/testing/soft_passkey.h"

namespace khien::identity {
namespace {

constexpr std::string_view document = R"({"move":"approve","order":"NB-26-L000007-3"})";
constexpr std::string_view purpose = "order.approve";
constexpr std::string_view order_id = "01J00000000000000000000042";

class SignatureContract : public testing::IdentityTest {
 protected:
  void SetUp() override {
    IdentityTest::SetUp();
    if (IsSkipped()) return;
    make_people();
    minh_ = person("minh");
  }
  [[nodiscard]] Result<SignatureChallenge> begin(const Actor& actor) {
    return db().transact([&](store::Transaction& tx) {
      return begin_signature(tx, context_, actor,
                             {.purpose = purpose, .record_id = order_id, .canonical = document});
    });
  }
  [[nodiscard]] Result<SignatureRecord> finish(const Actor& actor, const SecondFactorProof& proof,
                                               std::string_view text = document) {
    return db().transact([&](store::Transaction& tx) {
      return sign(tx, context_, actor, crypto::sha256(text), proof);
    });
  }
  [[nodiscard]] codec::Json exported(const SignatureId& id) {
    return db()
        .read([&](store::Executor& executor) { return export_signature(executor, id); })
        .value();
  }
  void give_passkey(const SignedIn& person, testing::SoftPasskey& key) {
    const auto done = db().transact([&](store::Transaction& tx) -> Result<void> {
      const auto options = begin_passkey(tx, context_, person);
      if (!options) return tl::unexpected<Error>{options.error()};
      const auto challenge = codec::parse_base64url(options->text_at("challenge").value()).value();
      const auto added = confirm_passkey(tx, context_, person, "khoá", key.create(challenge));
      if (!added) return tl::unexpected<Error>{added.error()};
      return {};
    });
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  template <typename T>
  static std::string reason(const Result<T>& result) {
    return result ? "" : result.error().reason;
  }
  SignedIn minh_;
};
INSTANTIATE_TEST_SUITE_P(Engines, SignatureContract, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(SignatureContract, WithTotpIsTheServersAttestation) {
  const auto challenge = begin(minh_.actor);
  ASSERT_TRUE(challenge.has_value()) << challenge.error().message;
  EXPECT_EQ(challenge->digest, crypto::sha256(document));
  EXPECT_TRUE(challenge->webauthn.is_null());
  const auto record = finish(minh_.actor, {challenge->id, code("minh")});
  ASSERT_TRUE(record.has_value()) << record.error().message;
  EXPECT_EQ(record->method, FactorKind::totp);
  EXPECT_EQ(record->account_id, minh_.actor.account_id);
  EXPECT_EQ(record->purpose, purpose);
  EXPECT_EQ(leaves("signature.made"), 1);

  const auto json = exported(record->id);
  EXPECT_TRUE(verify_signature(json, document, server_key_.public_key()));
  EXPECT_EQ(reason(verify_signature(json, "{}", server_key_.public_key())), "bad_signature");
  const auto other = crypto::Ed25519Key::generate(rng_);
  EXPECT_EQ(reason(verify_signature(json, document, other.public_key())), "bad_signature");
  for (const auto* key : {"id", "account_id", "unit", "purpose", "record_id"}) {
    auto changed = json;
    changed.set(key, "x");
    EXPECT_EQ(reason(verify_signature(changed, document, server_key_.public_key())),
              "bad_signature")
        << key;
  }
}

TEST_P(SignatureContract, WithAPasskeyIsTheirsAndNeedsNoTrustInUs) {
  testing::SoftPasskey key;
  give_passkey(minh_, key);
  const auto challenge = begin(minh_.actor);
  ASSERT_TRUE(challenge.has_value());
  // The challenge that the browser signs is the digest itself.
  EXPECT_EQ(challenge->webauthn.text_at("challenge").value(),
            codec::base64url(crypto::sha256(document)));
  const auto record = finish(minh_.actor, {challenge->id, key.get(challenge->digest)});
  ASSERT_TRUE(record.has_value()) << record.error().message;
  EXPECT_EQ(record->method, FactorKind::webauthn);

  const auto json = exported(record->id);
  const auto any_key = crypto::Ed25519Key::generate(rng_);
  EXPECT_TRUE(verify_signature(json, document, any_key.public_key()));
  EXPECT_EQ(reason(verify_signature(json, "{}", any_key.public_key())), "bad_signature");
  auto changed = json;
  auto proof = *json.find("proof");
  testing::SoftPasskey forger;
  proof.set("cose_key", codec::base64url(forger.cose_key()));
  changed.set("proof", proof);
  EXPECT_EQ(reason(verify_signature(changed, document, any_key.public_key())), "bad_signature");
}

TEST_P(SignatureContract, AChallengeIsForOnePersonOneSessionOnceAndSoon) {
  const auto challenge = begin(minh_.actor);
  ASSERT_TRUE(challenge.has_value());
  EXPECT_EQ(reason(finish(actor("hoa"), {challenge->id, code("hoa")})), "challenge_expired");
  EXPECT_EQ(reason(finish(actor("minh"), {challenge->id, code("minh")})), "challenge_expired");
  ASSERT_TRUE(finish(minh_.actor, {challenge->id, code("minh")}));
  next_code();
  EXPECT_EQ(reason(finish(minh_.actor, {challenge->id, code("minh")})), "challenge_expired");
  const auto slow = begin(minh_.actor);
  clock_.advance(challenge_life_ms);
  EXPECT_EQ(reason(finish(minh_.actor, {slow->id, code("minh")})), "challenge_expired");
}

TEST_P(SignatureContract, WhatChangedSinceItWasShownIsNotSigned) {
  const auto challenge = begin(minh_.actor);
  EXPECT_EQ(reason(finish(minh_.actor, {challenge->id, code("minh")}, R"({"move":"refuse"})")),
            "changed_since_shown");
  // Nothing was used up: the same code signs what was shown.
  EXPECT_TRUE(finish(minh_.actor, {challenge->id, code("minh")}));
}

TEST_P(SignatureContract, AWrongFactorSignsNothingAndTheChallengeStays) {
  testing::SoftPasskey key;
  give_passkey(minh_, key);
  const auto challenge = begin(minh_.actor);
  EXPECT_EQ(reason(finish(minh_.actor, {challenge->id, "000000x"})), "bad_factor");
  EXPECT_EQ(reason(finish(minh_.actor, {challenge->id, key.get(Octets(32))})), "webauthn_refused");
  testing::SoftPasskey other;
  EXPECT_EQ(reason(finish(minh_.actor, {challenge->id, other.get(challenge->digest)})),
            "webauthn_refused");
  EXPECT_EQ(count("SELECT count(*) FROM signature"), 0);
  EXPECT_TRUE(finish(minh_.actor, {challenge->id, key.get(challenge->digest)}));
}

TEST_P(SignatureContract, ACodeThatSignedInDoesNotSign) {
  const auto step =
      sign_in(db(), context_, {.login = "minh", .password = demo_password, .client_prefix = ""});
  const auto digits = code("minh");
  const auto opened = complete_with_totp(db(), context_, step->half.session, digits);
  ASSERT_TRUE(opened.has_value());
  const auto here = resolve_session(db(), context_, opened->token);
  const auto challenge = begin(here->actor);
  EXPECT_EQ(reason(finish(here->actor, {challenge->id, digits})), "bad_factor");
}

TEST_P(SignatureContract, RecordsAreNeverChanged) {
  const auto challenge = begin(minh_.actor);
  ASSERT_TRUE(finish(minh_.actor, {challenge->id, code("minh")}));
  for (const auto* sql : {"UPDATE signature SET unit = 'x'", "DELETE FROM signature",
                          "UPDATE signature_challenge SET used_at_ms = NULL",
                          "UPDATE signature_challenge SET purpose = 'x'"}) {
    EXPECT_EQ(reason(db().transact([&](store::Transaction& tx) { return tx.execute(sql); })),
              "constraint")
        << sql;
  }
}

TEST_P(SignatureContract, StopsAtTheLargestDocument) {
  const auto begin_with = [&](std::size_t size) {
    const std::string text(size, ' ');
    return reason(db().transact([&](store::Transaction& tx) {
      return begin_signature(tx, context_, minh_.actor,
                             {.purpose = purpose, .record_id = order_id, .canonical = text});
    }));
  };
  EXPECT_EQ(begin_with(signed_document_size_max), "");
  EXPECT_EQ(begin_with(signed_document_size_max + 1), "document_too_large");
}

}  // namespace
}  // namespace khien::identity
