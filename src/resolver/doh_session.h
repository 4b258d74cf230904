// One HTTP/2 connection that carries DNS (RFC 8484, RFC 9113): nghttp2 reads frames and compresses
// header fields, DohRequest says what a request wants, and this holds the requests that are open.
// Everything that a client can make grow has a limit here; who sends more control frames or resets
// than requests is told to calm down and closed.
#pragma once

#include <memory>
#include <string_view>
#include <unordered_map>

#include "resolver/counters.h"
#include "resolver/doh_request.h"
#include "resolver/stream_framing.h"

struct nghttp2_session;

namespace khien::resolver {

constexpr std::uint32_t doh_streams_max = 100;       // requests of one connection at once
constexpr std::size_t doh_fields_size_max = 16'384;  // header fields of one request, as HTTP counts
constexpr std::size_t doh_unsent_chunk = 65'536;     // octets of frames that are ready to go
/// Frames that ask for nothing (SETTINGS, PING, PRIORITY, RST_STREAM, WINDOW_UPDATE, empty DATA):
/// so many at once, and so many more for each request that got its answer.
constexpr std::int32_t doh_idle_frames_max = 256;
constexpr std::int32_t doh_idle_frames_a_request = 8;

class DohSession final : public StreamFraming {
 public:
  /// `paths` and `counters` are borrowed. Null if memory is out.
  [[nodiscard]] static std::unique_ptr<DohSession> open(const DohPaths& paths, Counters& counters);
  ~DohSession() override;

  [[nodiscard]] bool receive(Bytes octets, QueryTaker& taker) override;
  void answer(std::uint32_t tag, Bytes message) override;
  /// Resets the request (RFC 9113 section 5.4.2). CANCEL, because REFUSED_STREAM would ask the
  /// client to try again, and a status would be an answer.
  void drop(std::uint32_t tag) override;
  /// GOAWAY with the last request that was taken (RFC 9113 section 6.8).
  void say_goodbye() override;
  [[nodiscard]] Bytes unsent() override;
  void sent(std::size_t size) override;
  [[nodiscard]] std::size_t unsent_size() const noexcept override;
  [[nodiscard]] std::size_t under_way() const noexcept override { return under_way_; }
  /// A client that does not read its answers is not listened to.
  [[nodiscard]] bool wants_octets() const noexcept override {
    return unsent_size() < stream_unsent_size_max / 2;
  }
  [[nodiscard]] bool holds_queries() const noexcept override { return false; }

 private:
  struct Stream {
    DohRequest request;
    std::size_t fields_size = 0;
    bool taken = false;       // its query is under way
    bool answered = false;    // the answer was handed to nghttp2
    Octets body;              // of the answer
    std::size_t body_at = 0;  // octets of it that are in frames
  };
  struct Callbacks;  // nghttp2's, with access to us

  DohSession(const DohPaths& paths, Counters& counters) noexcept
      : paths_(paths), counters_(counters) {}
  [[nodiscard]] bool start();
  [[nodiscard]] Stream* find(std::int32_t id) noexcept;
  void headers_complete(std::int32_t id, bool ends);
  void request_complete(std::int32_t id);
  void respond(std::int32_t id, int status, Octets body);
  void forget(std::int32_t id) noexcept;
  [[nodiscard]] bool spend_idle_frame() noexcept;
  void fill_out();

  struct Free {
    void operator()(nghttp2_session* session) const noexcept;
  };
  const DohPaths& paths_;
  Counters& counters_;
  std::unique_ptr<nghttp2_session, Free> session_;
  std::unordered_map<std::int32_t, Stream> streams_;
  QueryTaker* taker_ = nullptr;  // during receive()
  std::size_t under_way_ = 0;
  std::size_t bodies_size_ = 0;  // octets of answers that are not in frames yet
  std::int32_t idle_frames_ = doh_idle_frames_max;
  bool broken_ = false;
  Octets out_;
  std::size_t sent_ = 0;
};

}  // namespace khien::resolver
