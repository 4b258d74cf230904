// A list that is signed (docs/formats/signed-lists.md): what its signature states beside the
// octets, and reading one from disk only if it is good. Who writes our lists is
// publish/list_shelf.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/blake2b.h"
#include "exchange/minisign.h"

namespace khien::exchange {

constexpr std::uint64_t signed_list_size_max = std::uint64_t{1} << 30U;  // octets
constexpr std::string_view signature_ending = ".minisig";

/// The trusted comment: signed with the list, so neither another list nor an old one can pass for
/// it.
struct ListStatement {
  std::string file;             ///< "orders-phishing.domains": the name under which it is given out
  std::string version = {};     ///< of exactly these octets; empty where the signer gives none
  std::uint64_t serial = 0;     ///< of the zone; 0 where the signer gives none
  InstantMs made_at_ms = 0;     ///< to the second; 0 where the signer gives none
  InstantMs expires_at_ms = 0;  ///< not to be believed from then on; to the second
};

/// "timestamp:1795478400\tfile:…\tserial:…\tversion:…\texpires:2026-11-27T18:30:00Z"
[[nodiscard]] std::string to_trusted_comment(const ListStatement& statement);
/// `key:value` words between tabs or spaces, in any order; words that are not known are passed
/// over. malformed ("bad_statement") if `file` or `expires` is missing, stands twice or cannot be
/// read.
[[nodiscard]] Result<ListStatement> read_trusted_comment(std::string_view comment);

/// The digest of a file. limit_exceeded above signed_list_size_max; a megabyte a millisecond.
[[nodiscard]] Result<crypto::Blake2bDigest> digest_of_file(const std::filesystem::path& path);

/// What the signature beside `list` (its path and ".minisig") states of it, whatever the time is:
/// compare expires_at_ms. Errors of verify_minisign() and read_trusted_comment(); denied
/// ("other_list") if it was made for a file of another name.
[[nodiscard]] Result<ListStatement> verify_list_file(const std::filesystem::path& list,
                                                     const MinisignPublicKey& key);

struct SignedList {
  ListStatement statement;
  std::string text;
};
/// The list, read once, so that what was verified is what is used. As verify_list_file(), and
/// denied
/// ("list_expired") where its time is over.
[[nodiscard]] Result<SignedList> read_signed_list(const std::filesystem::path& list,
                                                  const MinisignPublicKey& key, InstantMs now_ms);

}  // namespace khien::exchange
