#include "resolver/length_framing.h"

#include "base/assert.h"
#include "dns/wire.h"

namespace khien::resolver {

bool LengthFraming::receive(Bytes octets, QueryTaker& taker) {
  in_.insert(in_.end(), octets.begin(), octets.end());
  std::size_t at = 0;
  bool good = true;
  while (good && under_way_ < client_pipelined_max && in_.size() - at >= length_size) {
    const std::size_t size = dns::load_u16(in_, at);
    if (size > stream_query_size_max) {
      good = false;
      break;
    }
    if (in_.size() - at - length_size < size) break;
    ++under_way_;  // before take(): the answer may come inside
    const auto outcome = taker.take({.message = Bytes{in_}.subspan(at + length_size, size)});
    good = outcome != QueryTaker::Outcome::never;
    at += length_size + size;
  }
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(at));
  return good;
}

void LengthFraming::answer(std::uint32_t, Bytes message) {
  KHIEN_ASSERT(message.size() <= 0xFFFF);
  if (under_way_ != 0) --under_way_;
  dns::append_u16(out_, static_cast<std::uint16_t>(message.size()));
  out_.insert(out_.end(), message.begin(), message.end());
}

void LengthFraming::drop(std::uint32_t) {
  if (under_way_ != 0) --under_way_;
}

void LengthFraming::sent(std::size_t size) {
  sent_ += size;
  if (sent_ < out_.size()) return;
  out_.clear();
  sent_ = 0;
}

}  // namespace khien::resolver
