// What a probe keeps: its key, made once and readable by its owner alone, and where khiend is. The
// key never leaves the folder; khiend knows its public half.
//
//   FOLDER/probe.key   the secret of RFC 8032, base64url and a line feed, mode 0600
//   FOLDER/khiend.url  one line
#pragma once

#include <filesystem>

#include "base/random.h"
#include "base/result.h"
#include "crypto/signature.h"
#include "net/service_url.h"

namespace khien::probe_program {

/// Makes the folder and the key if they are not there. denied if the key can be read by others;
/// corrupt if it is none.
[[nodiscard]] Result<crypto::Ed25519Key> load_or_create_key(const std::filesystem::path& folder,
                                                            Rng& rng);
/// not_found, with what to do, before the enrolment.
[[nodiscard]] Result<crypto::Ed25519Key> load_key(const std::filesystem::path& folder);

[[nodiscard]] Result<void> write_url(const std::filesystem::path& folder,
                                     const net::ServiceUrl& url);
[[nodiscard]] Result<net::ServiceUrl> load_url(const std::filesystem::path& folder);

}  // namespace khien::probe_program
