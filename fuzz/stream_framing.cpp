// TCP and DoT: messages with their length in front, cut at any place; and the EDNS options of the
// connection, which may only grow an answer, and leave it readable.
#include <algorithm>

#include "base/assert.h"
#include "dns/edns.h"
#include "resolver/length_framing.h"
#include "resolver/stream_edns.h"

using namespace khien;

namespace {

class Queries final : public resolver::QueryTaker {
 public:
  Outcome take(const Query& query) override {
    KHIEN_ASSERT(query.message.size() <= resolver::stream_query_size_max);
    all.push_back(to_octets(query.message));
    framing->answer(query.tag, query.message);
    return Outcome::now;
  }
  std::vector<Octets> all;
  resolver::StreamFraming* framing = nullptr;
};

std::vector<Octets> read(Bytes input, std::size_t piece) {
  resolver::LengthFraming framing;
  Queries queries;
  queries.framing = &framing;
  while (!input.empty()) {
    const auto now = input.first(std::min(piece, input.size()));
    input = input.subspan(now.size());
    if (!framing.receive(now, queries)) break;
  }
  KHIEN_ASSERT(framing.under_way() == 0);
  return queries.all;
}

void check_keepalive(Bytes message) {
  Octets out = to_octets(message);
  out.resize(message.size() + 6);
  const std::size_t size = resolver::add_keepalive(10'000, out, message.size());
  KHIEN_ASSERT(size == message.size() || size == out.size());
  const auto before = dns::find_edns(message);
  const auto after = dns::find_edns(Bytes{out}.first(size));
  KHIEN_ASSERT(before.has_value() == after.has_value());
  // A wish can be seen only where EDNS can be read.
  KHIEN_ASSERT(!resolver::wants_keepalive(message) || (before && before->has_value()));
  // Answers of ours can be read, and then can be read still.
  if (before && size != message.size()) KHIEN_ASSERT(after->has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input{data, size};
  const auto whole = read(input, size + 1);
  KHIEN_ASSERT(whole == read(input, 1));
  for (const Octets& message : whole) check_keepalive(message);
  return 0;
}
