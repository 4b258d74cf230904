// The log's signed word: C2SP tlog-checkpoint, a C2SP signed note over origin, size and root with
// one Ed25519 signature. Keys in the text forms of the signed-note specification, so that other
// people's tools read them. Values only; load_or_create_log_key() is the only one to touch a file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "crypto/signature.h"
#include "ledger/tree.h"

namespace khien::ledger {

/// A note above this is refused unread: 16 signatures fit many times over.
constexpr std::size_t note_size_max = 64 * 1024;
/// Signature lines looked at; the specification asks for at least 16.
constexpr std::size_t note_signatures_max = 64;

struct Checkpoint {
  std::string origin;  ///< "khien.example/ledger": which log this is
  std::uint64_t size = 0;
  Hash root{};
  bool operator==(const Checkpoint&) const = default;
};

/// Who may sign, as anybody may know it.
struct LogVerifier {
  std::string name;  ///< equals the origin
  crypto::Ed25519PublicKey key{};

  /// `name+hex id+base64 key`.
  [[nodiscard]] std::string text() const;
  /// malformed unless it is such a text with the right id and an Ed25519 key.
  [[nodiscard]] static Result<LogVerifier> parse(std::string_view text);
};

/// The key of the log. Only the sequencer's process has it.
class LogKey {
 public:
  /// `name` is the origin: no white space, no '+', not empty; else invalid_argument.
  [[nodiscard]] static Result<LogKey> make(std::string name, const crypto::Ed25519Key& key);
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] LogVerifier verifier() const { return {name_, key_.public_key()}; }
  /// The note for `size` leaves with `root`. The same input gives the same octets.
  [[nodiscard]] std::string sign(std::uint64_t size, const Hash& root) const;
  /// `PRIVATE+KEY+name+hex id+base64 seed`: a secret.
  [[nodiscard]] std::string secret_text() const;
  /// malformed unless it is such a text.
  [[nodiscard]] static Result<LogKey> parse_secret(std::string_view text);

 private:
  LogKey(std::string name, const crypto::Ed25519Key& key) : name_(std::move(name)), key_(key) {}
  std::string name_;
  crypto::Ed25519Key key_;
};

/// The checkpoint in `note`, once its origin and signature are `verifier`'s. malformed for a note
/// out of form; denied with reason "bad_signature" if no good signature of the key is on it, or a
/// bad one is. Other people's signatures are passed over.
[[nodiscard]] Result<Checkpoint> open_checkpoint(std::string_view note,
                                                 const LogVerifier& verifier);

/// Reads the key at `path`, or makes one for `name` there (mode 0600). A key that is there keeps
/// its name: a log cannot be renamed, wherever it is served from later. Losing the file ends the
/// log: back it up apart.
[[nodiscard]] Result<LogKey> load_or_create_log_key(const std::filesystem::path& path,
                                                    const std::string& name, Rng& rng);

}  // namespace khien::ledger
