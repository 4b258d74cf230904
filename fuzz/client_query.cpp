// A client's packet, any octets: first octet: the transport. Whatever is answered keeps the id and
// the question, fits, is a whole message, and holds no option but those that are ours to send.
#include "resolver_world.h"

using namespace khien;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static fuzz::ResolverWorld world;
  world.query(Bytes{data + 1, size - 1}, static_cast<resolver::Transport>(data[0] % 4));
  world.pass_time();
  return 0;
}
