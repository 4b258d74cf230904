// Free text of a report, web addresses and host names on any octets.
#include "base/assert.h"
#include "base/bytes.h"
#include "text/extract.h"
#include "text/host.h"
#include "text/normalise.h"
#include "text/url.h"
#include "text/utf8.h"

using namespace khien;

namespace {

const text::PublicSuffixList& suffixes() {
  static const auto list = text::PublicSuffixList::built_in();
  return *list;
}

void check_forms(std::string_view input) {
  const auto composed = text::to_nfc(input);
  KHIEN_ASSERT(composed.has_value() == text::is_valid_utf8(input));
  if (!composed) return;
  const auto folded = text::fold(input);
  KHIEN_ASSERT(text::fold(*composed) == folded);
  KHIEN_ASSERT(text::fold(*text::to_nfd(input)) == folded);
  KHIEN_ASSERT(text::is_valid_utf8(folded));
  const auto line = text::clean_line(input, 200);
  KHIEN_ASSERT(!line || (line->size() <= 200 && line->find('\n') == std::string::npos));
  KHIEN_ASSERT(text::is_valid_utf8(text::truncate(input, 20)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = as_text(Bytes{data, size});
  check_forms(input);
  if (const auto host = text::host_from(input)) {
    KHIEN_ASSERT(host->size() <= text::host_size_max);
    KHIEN_ASSERT(*text::host_from(*host) == *host);
  }
  if (const auto url = text::read_url(input)) {
    const auto once = text::to_string(*url);
    const auto again = text::read_url(once);
    // Percent-encoding may lengthen it beyond what we read.
    KHIEN_ASSERT(again ? text::to_string(*again) == once : once.size() > text::url_size_max);
  }
  const auto extraction = text::extract_subjects(input, suffixes());
  if (!extraction) return 0;
  KHIEN_ASSERT(extraction->found.size() <= text::extract_found_max);
  for (const auto& found : extraction->found) KHIEN_ASSERT(!found.value.empty());
  return 0;
}
