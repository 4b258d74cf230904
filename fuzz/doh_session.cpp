// DoH connections: octets of a client to nghttp2 with our callbacks. However they are cut, no other
// queries come out, and everything stays within its limits.
#include <algorithm>

#include "base/assert.h"
#include "resolver/doh_session.h"

using namespace khien;

namespace {

class Queries final : public resolver::QueryTaker {
 public:
  Outcome take(const Query& query) override {
    KHIEN_ASSERT(query.message.size() >= 12);
    KHIEN_ASSERT(query.message.size() <= resolver::stream_query_size_max);
    KHIEN_ASSERT(query.path == "/dns-query");
    all.push_back(query.tag);
    all.push_back(static_cast<std::uint32_t>(query.message.size()));
    // One of the outcomes each, by what is asked.
    if (query.message[0] % 3 == 0) return Outcome::later;
    if (query.message[0] % 3 == 1) return Outcome::never;
    session->answer(query.tag, query.message);
    return Outcome::now;
  }
  std::vector<std::uint32_t> all;
  resolver::StreamFraming* session = nullptr;
};

std::vector<std::uint32_t> read(Bytes input, std::size_t piece) {
  static const resolver::DohPaths paths = [](std::string_view path) {
    return path == "/dns-query";
  };
  resolver::Counters counters;
  const auto session = resolver::DohSession::open(paths, counters);
  KHIEN_ASSERT(session != nullptr);
  Queries queries;
  queries.session = session.get();
  while (!input.empty()) {
    const auto now = input.first(std::min(piece, input.size()));
    input = input.subspan(now.size());
    if (!session->receive(now, queries)) break;
    KHIEN_ASSERT(session->under_way() <= resolver::doh_streams_max);
  }
  for (Bytes out = session->unsent(); !out.empty(); out = session->unsent()) {
    session->sent(std::min<std::size_t>(out.size(), 1'000));
  }
  // Late answers, also to those who are gone.
  const auto tags = queries.all;
  for (std::size_t i = 0; i < tags.size(); i += 2) session->answer(tags[i], Octets(12, 0));
  KHIEN_ASSERT(session->under_way() == 0);
  return queries.all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input{data, size};
  const auto whole = read(input, size + 1);
  const auto octets = read(input, 1);
  // nghttp2 counts a CONTINUATION again for each piece in which its head comes, and allows eight:
  // octet by octet it may end sooner. It never reads anything else.
  KHIEN_ASSERT(octets.size() <= whole.size());
  KHIEN_ASSERT(std::equal(octets.begin(), octets.end(), whole.begin()));
  return 0;
}
