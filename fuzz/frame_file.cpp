// scan_frames and open_container on any octets: frames lie in order within the file and what
// follows the good ones is torn; appending after a cut gives one frame more.
#include "base/assert.h"
#include "codec/container.h"
#include "codec/frames.h"

using namespace khien;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes file{data, size};
  if (const auto container = codec::open_container(file, "KHFUZZ01", 1)) {
    KHIEN_ASSERT(codec::make_container("KHFUZZ01", container->version, container->payload) ==
                 to_octets(file));
  }

  // With the magic in front, so that mutations reach the frames.
  Octets framed = to_octets(codec::frame_file_magic);
  framed.insert(framed.end(), file.begin(), file.end());
  const auto scan = codec::scan_frames(framed, std::size_t{1} << 16);
  if (!scan) return 0;
  std::size_t at = codec::frame_file_magic.size();
  for (const auto& frame : scan->frames) {
    KHIEN_ASSERT(frame.offset == at + codec::frame_header_size);
    at = frame.offset + frame.size;
  }
  KHIEN_ASSERT(at == scan->good_size && scan->good_size + scan->torn_size == framed.size());

  framed.resize(scan->good_size);
  codec::append_frame(framed, framed.size(), file.first(size < 100 ? size : 100));
  const auto longer = codec::scan_frames(framed, std::size_t{1} << 16);
  KHIEN_ASSERT(longer.has_value() && longer->frames.size() == scan->frames.size() + 1);
  return 0;
}
