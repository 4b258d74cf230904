// Never-block and popularity files on any octets: refused, or read to what writes the same.
#include "cases/name_list.h"
#include "base/assert.h"
#include "base/bytes.h"

using namespace khien;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text(Bytes{data, size});
  if (const auto list = cases::parse_name_list(text)) {
    const auto written = cases::write_name_list(*list);
    const auto again = cases::parse_name_list(written);
    KHIEN_ASSERT(again.has_value());
    KHIEN_ASSERT(cases::write_name_list(*again) == written);
  }
  static_cast<void>(cases::import_popularity(text, {}));
  return 0;
}
