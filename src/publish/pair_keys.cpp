#include "publish/pair_keys.h"

#include <array>

#include "base/file.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "crypto/signature.h"
#include "publish/followers.h"
#include "publish/key_file.h"

namespace khien::publish {
namespace {

constexpr std::size_t digest_size = 8;  // octets that are compared
constexpr std::size_t key_size_max = 4'096;
constexpr std::size_t followers_size_max = std::size_t{4} << 20;

std::string short_hex(const crypto::Sha256Digest& digest) {
  return codec::hex(Bytes{digest}.first(digest_size));
}

}  // namespace

std::string key_digests(const std::filesystem::path& state) {
  struct Key {
    std::string_view kind;
    std::string_view file;
  };
  constexpr std::array keys{Key{"seal", "seal.key"}, Key{"server", "server.key"},
                            Key{"lists", "lists.seed"}, Key{"ledger", "ledger.key"}};
  std::string lines;
  for (const Key& key : keys) {
    auto content = read_file(state / "keys" / key.file, key_size_max);
    if (!content) continue;
    lines.append(key.kind).append("=").append(short_hex(crypto::sha256(*content))).append("\n");
    crypto::wipe(*content);
  }
  return lines;
}

std::string follower_digest(const std::filesystem::path& state) {
  crypto::Sha256 digest;
  if (const auto file = read_file(followers_path(state), followers_size_max)) digest.update(*file);
  if (const auto followers = read_followers(state)) {
    for (const Follower& follower : *followers) {
      if (!follower.signs) continue;
      auto key = read_file(follower_key_path(state, follower.name), key_file_size_max);
      if (!key) continue;
      digest.update(*key);
      crypto::wipe(*key);
    }
  }
  return short_hex(digest.finish());
}

}  // namespace khien::publish
