// A file written and read whole (a snapshot, a rule set): a header with its kind, version and
// SHA-256 before the payload (docs/formats/frames.md). Pure; write it with write_file_atomically().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace khien::codec {

constexpr std::size_t container_kind_size = 8;
constexpr std::size_t container_header_size = 56;  // a multiple of 8: the payload may be mapped

/// The octets of a container. `kind` is exactly 8 ASCII characters, `version` is at least 1.
[[nodiscard]] Octets make_container(std::string_view kind, std::uint32_t version, Bytes payload);

struct Container {
  std::uint32_t version;
  Bytes payload;  ///< borrowed from the file
};

/// Checks all of `file`: corrupt for another kind, a wrong size or checksum; conflict (reason
/// "newer_format") for a version above `version_max`. One pass of SHA-256.
[[nodiscard]] Result<Container> open_container(Bytes file, std::string_view kind,
                                               std::uint32_t version_max);

}  // namespace khien::codec
