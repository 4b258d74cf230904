// khiend's own folder: one process at a time, readable by its user alone, with the keys that must
// not lie in the database.
//
//   STATE/lock                 held while khiend runs
//   STATE/keys/seal.key        seals TOTP secrets and contacts (crypto/seal.h)
//   STATE/keys/server.key      Ed25519 secret: attests signatures made with TOTP
//   STATE/keys/lists.seed       Ed25519 secret: signs lists (publish/list_key.h)
//   STATE/zones/  STATE/evidence/  STATE/ledger/  are their modules'
#pragma once

#include <filesystem>

#include "base/file.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/seal.h"
#include "crypto/signature.h"

namespace khien::khiend {

class StateFolder {
 public:
  /// Makes what is missing. conflict if another khiend holds the folder.
  [[nodiscard]] static Result<StateFolder> open(const std::filesystem::path& path, Rng& rng);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::filesystem::path keys() const { return path_ / "keys"; }
  [[nodiscard]] const crypto::SealKey& seal_key() const noexcept { return seal_key_; }
  [[nodiscard]] const crypto::Ed25519Key& server_key() const noexcept { return server_key_; }

 private:
  StateFolder(std::filesystem::path path, FileDescriptor lock, crypto::SealKey seal_key,
              crypto::Ed25519Key server_key)
      : path_(std::move(path)),
        lock_(std::move(lock)),
        seal_key_(std::move(seal_key)),
        server_key_(std::move(server_key)) {}

  std::filesystem::path path_;
  FileDescriptor lock_;
  crypto::SealKey seal_key_;
  crypto::Ed25519Key server_key_;
};

/// Reads the 32-octet secret at `path`, or makes the file (mode 0600) if it does not exist. corrupt
/// if it has another size.
[[nodiscard]] Result<crypto::Ed25519Key> load_or_create_signing_key(
    const std::filesystem::path& path, Rng& rng);

}  // namespace khien::khiend
