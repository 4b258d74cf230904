// An upstream's answer to a question of ours: the input is flags, counts and everything behind the
// question. First the reader alone, then the engine, whose clients get whole messages whatever
// came.
#include "resolver_world.h"

using namespace khien;

namespace {

constexpr std::array<std::uint8_t, 40> client_query{
    0, 1,   1,   0,   0,   1, 0,   0,   0,   0,   0,   1,            // RD, one question, one OPT
    4, 's', 'h', 'o', 'p', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0,  //
    0, 1,   0,   1,                                                  // A, IN
    0, 0,   41,  4,   208, 0, 0,   0,   0,   0};

void check_names(Bytes targets) {
  while (!targets.empty()) {
    const auto name = dns::NameView::parse_prefix(targets);
    KHIEN_ASSERT(name.has_value());
    targets = targets.subspan(name->size());
  }
}

void read_alone(Octets message) {
  static resolver::UpstreamAnswer answer;
  const std::size_t size = message.size();
  if (!answer.read(message)) return;
  KHIEN_ASSERT(answer.message().size() <= size);
  if (answer.truncated()) return;
  auto reader = dns::MessageReader::open(answer.message());
  KHIEN_ASSERT(reader.has_value());
  std::size_t count = 0;
  while (true) {
    const auto record = reader->next();
    KHIEN_ASSERT(record.has_value());
    if (!record->has_value()) break;
    KHIEN_ASSERT((*record)->type != dns::type_opt);
    KHIEN_ASSERT(count < answer.ttl_at().size());
    KHIEN_ASSERT(dns::load_u32(answer.message(), answer.ttl_at()[count]) == (*record)->ttl);
    ++count;
  }
  KHIEN_ASSERT(count == answer.ttl_at().size());
  KHIEN_ASSERT(answer.ttl_s() <= resolver::positive_ttl_max_s);
  KHIEN_ASSERT(answer.extended().size() != 1 &&
               answer.extended().size() <= resolver::relayed_extended_size_max);
  check_names(answer.targets());
  answer.for_each_address(
      [](Bytes address) { KHIEN_ASSERT(address.size() == 4 || address.size() == 16); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::ResolverWorld world;
  world.query(client_query, resolver::Transport::udp);
  // A question under way has our random id and letter case: the answer repeats both.
  const auto question = dns::parse_question(world.asked());
  constexpr std::size_t head_rest = dns::header_size - 2;
  if (!question || size < head_rest || size > dns::message_size_max / 2) {
    world.pass_time();
    return 0;
  }
  Octets message{world.asked().begin(), world.asked().begin() + 2};
  message.insert(message.end(), data, data + head_rest);
  const auto asked_question =
      world.asked().subspan(dns::header_size, dns::question_end(*question) - dns::header_size);
  message.insert(message.end(), asked_question.begin(), asked_question.end());
  message.insert(message.end(), data + head_rest, data + size);
  dns::store_u16(message, 4, 1);
  message[2] |= 0x80;
  read_alone(message);
  world.upstream_answers(message);
  world.query(client_query, resolver::Transport::tcp);  // from the cache, if it was kept
  world.pass_time();
  return 0;
}
