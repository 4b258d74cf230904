// What two publishers of one database must have alike beside it, as digests to compare: the keys in
// STATE/keys, and the followers' file with its keys. No secret can be had from a digest: each is of
// 32 random octets at least.
#pragma once

#include <filesystem>
#include <string>

namespace khien::publish {

/// "seal=0123456789abcdef" in a line for each of the keys seal, server, lists and ledger that is
/// there: the first 8 octets of its SHA-256.
[[nodiscard]] std::string key_digests(const std::filesystem::path& state);
/// Of the followers' file and the key of each follower that signs, as they are now.
[[nodiscard]] std::string follower_digest(const std::filesystem::path& state);

}  // namespace khien::publish
