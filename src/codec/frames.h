// Records in an append-only file, each with its checksums (docs/formats/frames.md). A crash while
// appending leaves a torn tail, which is found and cut; damage before good records is never
// skipped: it is `corrupt`. Pure functions on octets; frame_file.h does the I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace khien::codec {

/// What every frame file starts with.
constexpr std::string_view frame_file_magic = "KHFRAME1";
constexpr std::size_t frame_header_size = 12;

/// The octets of one frame that will stand at `offset` of its file. The offset is part of the
/// checksum, so that a frame inside another frame's payload, or moved, is never taken for one.
void append_frame(Octets& out, std::uint64_t offset, Bytes payload);

struct FrameScan {
  struct Frame {
    std::size_t offset;  ///< of the payload in the file
    std::size_t size;
  };
  std::vector<Frame> frames;
  std::size_t good_size = 0;  ///< where the next frame goes
  std::size_t torn_size = 0;  ///< octets after it that a crash left
};

/// What to do about damage that no crash explains.
enum class Damage : std::uint8_t {
  refuse,  ///< corrupt: the records are the only copy of something
  cut,     ///< all from the bad frame on counts as torn: what is lost can be had again elsewhere
};

/// Finds the frames of `file`. An empty file, a part of the magic, or nothing but zeros is a file
/// without frames: a crash while it was begun.
/// Damage is another magic, a good frame behind a bad one, or a payload larger than
/// `payload_size_max`. Linear, except that a bad frame costs one pass over what follows.
[[nodiscard]] Result<FrameScan> scan_frames(Bytes file, std::size_t payload_size_max,
                                            Damage damage = Damage::refuse);

}  // namespace khien::codec
