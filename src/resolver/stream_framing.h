// How DNS messages lie in a stream of octets: with their length in front (TCP and TLS) or in HTTP/2
// (DoH). A framing knows no socket, clock or engine: octets go in, queries come out; answers go in,
// octets come out. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace khien::resolver {

constexpr std::size_t stream_query_size_max = 4'096;     // a longer query is refused
constexpr std::size_t stream_unsent_size_max = 1 << 20;  // who does not read is closed

/// Who takes the queries that a framing finds.
class QueryTaker {
 public:
  virtual ~QueryTaker() = default;
  struct Query {
    std::uint32_t tag = 0;       ///< comes back with the answer
    std::string_view path = {};  ///< DoH: of the request; borrowed like the message
    Bytes message = {};
  };
  enum class Outcome {
    later,  ///< answer() or drop() follows
    now,    ///< one of them was called already
    never,  ///< not worth an answer: a response, or shorter than a header
  };
  virtual Outcome take(const Query& query) = 0;
};

class StreamFraming {
 public:
  virtual ~StreamFraming() = default;
  /// Takes what came, and hands out every query that is whole, up to the limit of queries under
  /// way; with no octets it goes on where that limit stopped it. False if the peer broke the
  /// protocol: send what is unsent(), then close.
  [[nodiscard]] virtual bool receive(Bytes octets, QueryTaker& taker) = 0;
  /// Puts the answer to a query behind what is unsent. An unknown tag is nobody's any more.
  virtual void answer(std::uint32_t tag, Bytes message) = 0;
  /// The query gets no answer, and is under way no more.
  virtual void drop(std::uint32_t tag) = 0;
  /// No new query is taken from here on; where the protocol has a word for that, it is among what
  /// is unsent. Queries under way get their answers.
  virtual void say_goodbye() {}
  /// Octets to send now, borrowed until the next call here; empty if there are none.
  [[nodiscard]] virtual Bytes unsent() = 0;
  /// So many of them are sent.
  virtual void sent(std::size_t size) = 0;
  /// All that waits for the peer to read it.
  [[nodiscard]] virtual std::size_t unsent_size() const noexcept = 0;
  /// Queries that have no answer yet.
  [[nodiscard]] virtual std::size_t under_way() const noexcept = 0;
  /// False at the limit of queries under way: read no more until an answer is in.
  [[nodiscard]] virtual bool wants_octets() const noexcept = 0;
  /// Whether whole queries may lie here that the limit kept back.
  [[nodiscard]] virtual bool holds_queries() const noexcept = 0;
};

}  // namespace khien::resolver
