// Transaction signatures, RFC 8945, with hmac-sha256 (which its section 6 makes mandatory and
// everyone speaks) and hmac-sha512. Signs and checks single messages and the streams of messages
// that AXFR and IXFR send over TCP. Time is an argument: UTC seconds since 1970.
//
// Nothing here keeps a key longer than its caller does.
#pragma once

#include <optional>
#include <span>

#include "dns/message.h"

namespace khien::dns {

constexpr std::uint16_t tsig_fudge_s = 300;             // RFC 8945 section 10
constexpr std::size_t tsig_unsigned_messages_max = 99;  // between signatures, section 5.3.1

enum class TsigAlgorithm : std::uint8_t { hmac_sha256, hmac_sha512 };

/// "hmac-sha256", as configuration files and the wire have it.
[[nodiscard]] std::string_view to_string(TsigAlgorithm algorithm) noexcept;
[[nodiscard]] std::optional<TsigAlgorithm> parse_tsig_algorithm(std::string_view text) noexcept;
/// Octets of a MAC, which we never truncate: 32 or 64. A secret should be as long.
[[nodiscard]] std::size_t tsig_mac_size(TsigAlgorithm algorithm) noexcept;

/// A shared secret. Name and algorithm are part of it: both sides must have the same.
struct TsigKey {
  Name name;
  Octets secret;
  TsigAlgorithm algorithm = TsigAlgorithm::hmac_sha256;
  /// For keys of ours alone: its time depends on the secret.
  bool operator==(const TsigKey&) const noexcept = default;
};

/// What TSIG adds to a message at most under `key`.
[[nodiscard]] std::size_t tsig_size(const TsigKey& key) noexcept;

enum class TsigStatus : std::uint8_t {
  ok,
  not_signed,      ///< no TSIG there
  malformed,       ///< answer FORMERR; also a MAC longer than the hash, or shorter than half of it
  bad_key,         ///< no such key here, or another algorithm: BADKEY
  bad_signature,   ///< BADSIG
  bad_time,        ///< beyond the fudge: BADTIME
  bad_truncation,  ///< a right but shortened MAC: BADTRUNC
  peer_error,      ///< the peer reports a TSIG error of its own
};

[[nodiscard]] std::string_view to_string(TsigStatus status) noexcept;

/// The number in TSIG's error field (section 3): 16 BADSIG, 17 BADKEY, 18 BADTIME, 22 BADTRUNC.
[[nodiscard]] std::uint16_t tsig_error_code(TsigStatus status) noexcept;

/// A TSIG record, taken apart.
struct Tsig {
  Name key_name;
  Name algorithm;
  std::uint64_t time_s = 0;  // 48 bits
  std::uint16_t fudge_s = 0;
  Octets mac;
  std::uint16_t original_id = 0;
  std::uint16_t error = 0;
  Octets other;
  std::size_t at = 0;  // where the record starts: the signed part of the message ends here
};

/// The TSIG of `message`; nullopt without one. bad_tsig if it is not last or not whole, and what is
/// wrong with the rest of the message.
[[nodiscard]] Wire<std::optional<Tsig>> find_tsig(Bytes message);

/// Appends a TSIG to the request `message` and returns its MAC, which checks the answer.
/// no_space if it would pass 65535 octets.
[[nodiscard]] Wire<Octets> sign_request(Octets& message, const TsigKey& key, std::int64_t now_s);

struct TsigCheck {
  TsigStatus status = TsigStatus::not_signed;
  const TsigKey* key = nullptr;  // borrowed from the list; set unless bad_key or not signed
  std::optional<Tsig> tsig = {};
};

/// Checks a request against the keys that are known here, in the order of section 5.2: key,
/// signature, time, truncation.
[[nodiscard]] TsigCheck check_request(Bytes message, std::span<const TsigKey> keys,
                                      std::int64_t now_s);

/// Appends the TSIG of an answer to a request that failed its check: signed for BADTIME (with our
/// time in it) and BADTRUNC, unsigned for what is wrong with key or signature (section 5.3.2).
/// no_space as above. `check.tsig` must be there.
[[nodiscard]] Wire<void> sign_error(Octets& message, const TsigCheck& check, std::int64_t now_s);

/// Signs the answer to one request, which may be a stream of messages; each gets its TSIG.
class TsigSigner {
 public:
  /// `key` is borrowed and must outlive this.
  TsigSigner(const TsigKey& key, Octets request_mac)
      : key_(&key), previous_mac_(std::move(request_mac)) {}

  /// Appends the TSIG; no_space if it would pass 65535 octets.
  [[nodiscard]] Wire<void> sign(Octets& message, std::int64_t now_s);

 private:
  const TsigKey* key_;
  Octets previous_mac_;
  bool first_ = true;
};

/// Checks the answer to one request of ours.
class TsigVerifier {
 public:
  /// `key` is borrowed and must outlive this.
  TsigVerifier(const TsigKey& key, Octets request_mac)
      : key_(&key), previous_mac_(std::move(request_mac)) {}

  /// The next message of the stream. An unsigned one between signed ones is `ok` for now (at most
  /// tsig_unsigned_messages_max in a row; the first must be signed): believe nothing before
  /// complete(). After anything but ok, give the stream up.
  [[nodiscard]] TsigStatus check(Bytes message, std::int64_t now_s);
  /// True if the last message was signed, so that all of them are proven.
  [[nodiscard]] bool complete() const noexcept { return !first_ && unsigned_count_ == 0; }

 private:
  const TsigKey* key_;
  Octets previous_mac_;
  Octets pending_;  // unsigned messages since the last signature, as they go into the digest
  std::size_t unsigned_count_ = 0;
  bool first_ = true;
};

}  // namespace khien::dns
