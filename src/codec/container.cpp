#include "codec/container.h"

#include "codec/little_endian.h"
#include "crypto/hash.h"

namespace khien::codec {
namespace {

// 0 kind, 8 version (u32), 12 zero (u32), 16 payload size (u64), 24 SHA-256 of octets 0..23 and the
// payload, 56 payload.
constexpr std::size_t covered_header_size = 24;

crypto::Sha256Digest digest_of(Bytes covered_header, Bytes payload) {
  crypto::Sha256 hash;
  return hash.update(covered_header).update(payload).finish();
}

}  // namespace

Octets make_container(std::string_view kind, std::uint32_t version, Bytes payload) {
  KHIEN_ASSERT(kind.size() == container_kind_size && version >= 1);
  Octets file = to_octets(kind);
  file.reserve(container_header_size + payload.size());
  append_little(file, version);
  append_little(file, std::uint32_t{0});
  append_little(file, std::uint64_t{payload.size()});
  const auto digest = digest_of(file, payload);
  file.insert(file.end(), digest.begin(), digest.end());
  file.insert(file.end(), payload.begin(), payload.end());
  return file;
}

Result<Container> open_container(Bytes file, std::string_view kind, std::uint32_t version_max) {
  KHIEN_ASSERT(kind.size() == container_kind_size);
  if (file.size() < container_header_size) return fail(ErrorCode::corrupt, "file is too short");
  if (as_text(file.first(container_kind_size)) != kind)
    return fail(ErrorCode::corrupt, "file is of another kind");
  const auto version = read_little<std::uint32_t>(file.subspan(8));
  const Bytes payload = file.subspan(container_header_size);
  if (read_little<std::uint64_t>(file.subspan(16)) != payload.size())
    return fail(ErrorCode::corrupt, "file is cut short or too long");
  const auto digest = digest_of(file.first(covered_header_size), payload);
  if (!crypto::constant_time_equal(digest, file.subspan(covered_header_size, digest.size())))
    return fail(ErrorCode::corrupt, "file's checksum is wrong");
  // Only now do the fields mean anything.
  if (read_little<std::uint32_t>(file.subspan(12)) != 0 || version == 0)
    return fail(ErrorCode::corrupt, "file's header is malformed");
  if (version > version_max)
    return fail(ErrorCode::conflict, "file is written by a newer program", "newer_format");
  return Container{.version = version, .payload = payload};
}

}  // namespace khien::codec
