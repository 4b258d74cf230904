// DNS messages in a stream, each with its length in two octets in front (RFC 1035 section 4.2.2):
// TCP and DoT. Queries may be pipelined and are answered in any order (RFC 7766 section 7).
#pragma once

#include "resolver/stream_framing.h"

namespace khien::resolver {

constexpr std::size_t client_pipelined_max = 64;  // queries of one connection under way

class LengthFraming final : public StreamFraming {
 public:
  [[nodiscard]] bool receive(Bytes octets, QueryTaker& taker) override;
  void answer(std::uint32_t tag, Bytes message) override;
  void drop(std::uint32_t tag) override;
  [[nodiscard]] Bytes unsent() override { return Bytes{out_}.subspan(sent_); }
  void sent(std::size_t size) override;
  [[nodiscard]] std::size_t unsent_size() const noexcept override { return out_.size() - sent_; }
  [[nodiscard]] std::size_t under_way() const noexcept override { return under_way_; }
  [[nodiscard]] bool wants_octets() const noexcept override {
    return under_way_ < client_pipelined_max;
  }
  [[nodiscard]] bool holds_queries() const noexcept override { return in_.size() > length_size; }

 private:
  static constexpr std::size_t length_size = 2;
  Octets in_;
  Octets out_;
  std::size_t sent_ = 0;  // octets of out_ that are gone
  std::size_t under_way_ = 0;
};

}  // namespace khien::resolver
