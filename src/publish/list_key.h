// The key that signs our lists: 32 octets in STATE/keys/lists.seed, made once and read by nobody
// else. Who follows our lists pins its public half, so it is kept in backups and not replaced in
// passing.
#pragma once

#include <filesystem>

#include "base/random.h"
#include "base/result.h"
#include "crypto/signature.h"

namespace khien::publish {

/// not_found if khiend has made none; corrupt if the file has another size.
[[nodiscard]] Result<crypto::Ed25519Key> load_list_key(const std::filesystem::path& state);
/// Makes the file (mode 0600) if it does not exist; the folder must.
[[nodiscard]] Result<crypto::Ed25519Key> load_or_create_list_key(const std::filesystem::path& state,
                                                                 Rng& rng);

}  // namespace khien::publish
