// parse_question() and parse_header() on any octets.
#include "base/assert.h"
#include "dns/question.h"

using namespace khien;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dns::Bytes message{data, size};
  const auto question = dns::parse_question(message);
  if (!question) return 0;

  KHIEN_ASSERT(question->qname.size() <= dns::name_size_max);
  KHIEN_ASSERT(question->qname.back() == 0);
  KHIEN_ASSERT(question->qname.data() >= data);
  KHIEN_ASSERT(question->qname.data() + question->qname.size() + 4 <= data + size);
  KHIEN_ASSERT(dns::question_end(*question) <= size);

  // Text reads back to the same octets.
  const auto name = dns::Name::from_text(question->name().to_text());
  KHIEN_ASSERT(name.has_value());
  KHIEN_ASSERT(as_text(name->wire()) == as_text(question->qname));
  return 0;
}
