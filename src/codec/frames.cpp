#include "codec/frames.h"

#include <algorithm>

#include <optional>

#include "codec/crc32c.h"
#include "codec/little_endian.h"

namespace khien::codec {
namespace {

struct Header {
  std::uint32_t size;
  std::uint32_t payload_crc;
};

// Checksum of a header's first 8 octets at their place in the file.
std::uint32_t header_crc(std::uint64_t offset, Bytes first8) {
  Octets place;
  append_little(place, offset);
  return crc32c(first8, crc32c(place));
}

std::optional<Header> read_header(Bytes file, std::size_t at) {
  if (frame_header_size > file.size() - at) return std::nullopt;
  const Bytes header = file.subspan(at, frame_header_size);
  if (read_little<std::uint32_t>(header.subspan(8)) != header_crc(at, header.first(8)))
    return std::nullopt;
  return Header{.size = read_little<std::uint32_t>(header),
                .payload_crc = read_little<std::uint32_t>(header.subspan(4))};
}

// The whole frame at `at`, or nothing.
std::optional<FrameScan::Frame> read_frame(Bytes file, std::size_t at) {
  const auto header = read_header(file, at);
  if (!header) return std::nullopt;
  const std::size_t payload_at = at + frame_header_size;
  if (header->size > file.size() - payload_at) return std::nullopt;
  if (crc32c(file.subspan(payload_at, header->size)) != header->payload_crc) return std::nullopt;
  return FrameScan::Frame{.offset = payload_at, .size = header->size};
}

bool has_frame_after(Bytes file, std::size_t at) {
  for (std::size_t place = at + 1; place < file.size(); ++place) {
    if (read_frame(file, place)) return true;
  }
  return false;
}

}  // namespace

void append_frame(Octets& out, std::uint64_t offset, Bytes payload) {
  KHIEN_ASSERT(payload.size() <= 0xffff'ffffU);
  const std::size_t start = out.size();
  append_little(out, static_cast<std::uint32_t>(payload.size()));
  append_little(out, crc32c(payload));
  append_little(out, header_crc(offset, Bytes{out}.subspan(start, 8)));
  out.insert(out.end(), payload.begin(), payload.end());
}

Result<FrameScan> scan_frames(Bytes file, std::size_t payload_size_max, Damage damage) {
  FrameScan scan;
  const std::string_view head = as_text(file.first(std::min(file.size(), frame_file_magic.size())));
  // A power cut may leave the size of a file that was just begun, and zeros for its content.
  if (std::ranges::all_of(file, [](std::uint8_t octet) { return octet == 0; })) {
    scan.torn_size = file.size();
    return scan;
  }
  if (!frame_file_magic.starts_with(head) && damage == Damage::refuse)
    return fail(ErrorCode::corrupt, "not a frame file");
  if (head != frame_file_magic) {
    scan.torn_size = file.size();
    return scan;
  }

  std::size_t at = frame_file_magic.size();
  while (at < file.size()) {
    const auto frame = read_frame(file, at);
    if (!frame) {
      if (damage == Damage::refuse && has_frame_after(file, at))
        return fail(ErrorCode::corrupt, "damaged frame at octet " + std::to_string(at));
      break;
    }
    if (frame->size > payload_size_max && damage == Damage::cut) break;
    if (frame->size > payload_size_max)
      return fail(ErrorCode::corrupt, "frame above its maximum at octet " + std::to_string(at));
    scan.frames.push_back(*frame);
    at = frame->offset + frame->size;
  }
  scan.good_size = at;
  scan.torn_size = file.size() - at;
  return scan;
}

}  // namespace khien::codec
