// A person's signature under a document (DESIGN section 7): a fresh second factor over the SHA-256
// of its canonical JSON, which holds what the person was shown. Two kinds, and the record says
// which:
//
//   webauthn  the passkey signed the digest itself (the WebAuthn challenge IS the digest): anyone
//   can
//             verify it with the passkey's public key, without trusting us
//   totp      a six-digit code proves presence only to this server, so the record is the server's
//             attestation: a statement signed with the server's Ed25519 key
//
//   challenge = begin_signature(tx, context, actor, {purpose, record_id, canonical});   // show it
//   record    = sign(tx, context, actor, digest, {challenge.id, code or assertion});    // then
//   move
//
// Both belong into the caller's transaction; records are append-only.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/id.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "identity/actor.h"
#include "identity/context.h"
#include "identity/factor.h"
#include "store/executor.h"

namespace khien::identity {

struct SignatureTag;
using SignatureId = Id<SignatureTag>;
struct ChallengeTag;
using ChallengeId = Id<ChallengeTag>;

/// A challenge is good for this long, once, for the person and session that asked for it.
constexpr std::int64_t challenge_life_ms = 5 * ms_per_minute;
constexpr std::size_t signed_document_size_max = std::size_t{256} << 10;  // octets

struct SignatureDraft {
  std::string_view purpose;    ///< a word of the caller: "order.approve"
  std::string_view record_id;  ///< what is signed about: an order's id
  std::string_view canonical;  ///< canonical JSON (RFC 8785) of all that was shown
};

struct SignatureChallenge {
  ChallengeId id;
  crypto::Sha256Digest digest;  ///< SHA-256 of the canonical JSON
  std::vector<FactorKind> factors;
  codec::Json webauthn;  ///< PublicKeyCredentialRequestOptionsJSON, null without a passkey
  InstantMs expires_at_ms;
};

/// Proof of a second factor: six digits, or a passkey's assertion over the challenge's digest.
struct SecondFactorProof {
  ChallengeId challenge_id;
  std::variant<std::string, WebauthnAssertion> proof;
};

/// What is kept of a signature.
struct SignatureRecord {
  SignatureId id;
  AccountId account_id;
  std::string unit;  ///< the signer's unit at that time
  std::string purpose;
  std::string record_id;
  FactorKind method = FactorKind::totp;
  std::string digest;  ///< hex SHA-256 of the canonical JSON
  InstantMs signed_at_ms = 0;
};

/// Notes what is about to be signed. conflict "no_factor" if the account has none; limit_exceeded
/// for a document above its maximum.
[[nodiscard]] Result<SignatureChallenge> begin_signature(store::Transaction& tx,
                                                         const Context& context, const Actor& actor,
                                                         const SignatureDraft& draft);

/// Checks the factor and stores the record. `digest` is that of the document as it is now: if it is
/// not the challenge's, conflict "changed_since_shown". denied "challenge_expired" for a challenge
/// that is over, used, or somebody else's; denied "bad_factor", "webauthn_refused" or
/// "webauthn_cloned"; limit_exceeded "too_many_attempts". Leaf signature.made (account, action,
/// record, method, digest).
[[nodiscard]] Result<SignatureRecord> sign(store::Transaction& tx, const Context& context,
                                           const Actor& actor, const crypto::Sha256Digest& digest,
                                           const SecondFactorProof& proof);

/// not_found if there is none.
[[nodiscard]] Result<SignatureRecord> load_signature(store::Executor& db, const SignatureId& id);

/// Everything that verifies a signature without this server's database, as JSON: for the register,
/// for khienctl and for other people's tools (docs/formats/signature.md).
[[nodiscard]] Result<codec::Json> export_signature(store::Executor& db, const SignatureId& id);

/// Checks an exported signature over `canonical`: its digest, and the passkey's or the server's
/// signature. `server_key` is the key that must have attested a TOTP signature. Pure. denied
/// "bad_signature" with what does not hold in the message; malformed for what cannot be read.
[[nodiscard]] Result<SignatureRecord> verify_signature(const codec::Json& exported,
                                                       std::string_view canonical,
                                                       const crypto::Ed25519PublicKey& server_key);

}  // namespace khien::identity
