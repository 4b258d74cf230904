// MultipartReader on any octets: whole and in pieces it must say the same, within its limits.
#include <algorithm>
#include <string>

#include "base/assert.h"
#include "http/multipart.h"

using namespace khien;

namespace {

constexpr http::MultipartLimits limits{.parts_max = 4,
                                       .head_size_max = 256,
                                       .name_size_max = 16,
                                       .file_name_size_max = 16,
                                       .field_size_max = 64,
                                       .file_size_max = 128};

class Recorder final : public http::PartSink {
 public:
  std::string log;
  Result<void> on_part(const http::PartHead& head) override {
    KHIEN_ASSERT(!head.name.empty() && head.name.size() <= limits.name_size_max);
    KHIEN_ASSERT(!head.file_name || head.file_name->size() <= limits.file_name_size_max);
    KHIEN_ASSERT(++parts_ <= limits.parts_max);
    size_max_ = head.file_name ? limits.file_size_max : limits.field_size_max;
    size_ = 0;
    log += "[" + head.name + "|" + head.file_name.value_or("-") + "|" + head.content_type + "]";
    return {};
  }
  Result<void> on_data(Bytes data) override {
    size_ += data.size();
    KHIEN_ASSERT(size_ <= size_max_);
    log += as_text(data);
    return {};
  }
  Result<void> on_part_end() override {
    log += "[end]";
    return {};
  }

 private:
  std::size_t parts_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t size_max_ = 0;
};

/// What was read, or nothing if the body is refused.
std::string read(Bytes body, std::size_t piece) {
  Recorder recorder;
  auto reader =
      http::MultipartReader::open("multipart/form-data; boundary=b", limits, recorder).value();
  while (!body.empty()) {
    const auto now = body.first(std::min(piece, body.size()));
    body = body.subspan(now.size());
    if (!reader.feed(now)) return "";
  }
  return reader.finish() ? recorder.log + "ok" : "";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes body = Bytes{data, size}.subspan(1);
  const auto whole = read(body, body.size() + 1);
  KHIEN_ASSERT(whole == read(body, std::size_t{1} + data[0] % 32U));
  KHIEN_ASSERT(whole == read(body, 1));
  return 0;
}
