#include "resolver/doh_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/assert.h"

namespace khien::resolver {
namespace {

constexpr std::size_t field_overhead = 32;   // of each field, RFC 9113 section 6.5.2
constexpr std::size_t acks_unsent_max = 64;  // answers to SETTINGS and PING that wait for the peer
constexpr std::size_t settings_max = 32;     // entries of one SETTINGS frame
constexpr std::uint32_t window_size = 65'535;
constexpr std::uint32_t table_size = 4'096;  // of HPACK, both ways

std::string_view reason_of(int status) noexcept {
  switch (status) {
    case 400: return "the query cannot be read\n";
    case 404: return "there is nothing here\n";
    case 405: return "GET and POST only\n";
    case 413: return "the query is too long\n";
    case 415: return "the body must be application/dns-message\n";
    case 431: return "too many header fields\n";
    default: return "no answer\n";
  }
}

std::string_view view(const std::uint8_t* data, std::size_t size) noexcept {
  return as_text({data, size});
}

nghttp2_nv field(std::string_view name, std::string_view value) noexcept {
  // nghttp2 copies both, and writes to neither.
  const auto octets = [](std::string_view text) {
    return const_cast<std::uint8_t*>(as_bytes(text).data());  // NOLINT
  };
  return {.name = octets(name),
          .value = octets(value),
          .namelen = name.size(),
          .valuelen = value.size(),
          .flags = NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

struct DohSession::Callbacks {
  static DohSession& self(void* user) noexcept { return *static_cast<DohSession*>(user); }

  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    self(user).streams_.try_emplace(frame->hd.stream_id);
    return 0;
  }

  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* user) {
    Stream* stream = self(user).find(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    stream->fields_size += name_size + value_size + field_overhead;
    if (stream->fields_size > doh_fields_size_max) {
      self(user).counters_.add(Count::doh_fields_too_large);
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // resets the stream
    }
    stream->request.field(view(name, name_size), view(value, value_size));
    return 0;
  }

  static int data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* octets,
                  std::size_t size, void* user) {
    DohSession& session = self(user);
    Stream* stream = session.find(id);
    if (stream == nullptr) return 0;
    // Who goes on after his answer asks for nothing more.
    if (stream->answered) return session.spend_idle_frame() ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
    if (!stream->request.body({octets, size})) session.respond(id, 413, {});
    return 0;
  }

  static int frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    DohSession& session = self(user);
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    const bool asks = frame->hd.type == NGHTTP2_HEADERS ||
                      (frame->hd.type == NGHTTP2_DATA && (ends || frame->hd.length != 0));
    if (!asks && !session.spend_idle_frame()) return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (frame->hd.type == NGHTTP2_HEADERS) session.headers_complete(frame->hd.stream_id, ends);
    if (frame->hd.type == NGHTTP2_DATA && ends) session.request_complete(frame->hd.stream_id);
    return 0;
  }

  static int invalid_frame(nghttp2_session*, const nghttp2_frame*, int, void* user) {
    return self(user).spend_idle_frame() ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
  }

  static int closed(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
    self(user).forget(id);
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, std::int32_t id, std::uint8_t* out, std::size_t size,
                           std::uint32_t* flags, nghttp2_data_source*, void* user) {
    DohSession& session = self(user);
    Stream* stream = session.find(id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const std::size_t count = std::min(size, stream->body.size() - stream->body_at);
    if (count != 0) std::memcpy(out, stream->body.data() + stream->body_at, count);
    stream->body_at += count;
    session.bodies_size_ -= count;
    if (stream->body_at == stream->body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
  }
};

void DohSession::Free::operator()(nghttp2_session* session) const noexcept {
  nghttp2_session_del(session);
}

std::unique_ptr<DohSession> DohSession::open(const DohPaths& paths, Counters& counters) {
  std::unique_ptr<DohSession> session{new DohSession(paths, counters)};  // NOLINT
  return session->start() ? std::move(session) : nullptr;
}

DohSession::~DohSession() = default;

bool DohSession::start() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* options = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) return false;
  const std::unique_ptr<nghttp2_session_callbacks, void (*)(nghttp2_session_callbacks*)>
      own_callbacks{callbacks, nghttp2_session_callbacks_del};
  if (nghttp2_option_new(&options) != 0) return false;
  const std::unique_ptr<nghttp2_option, void (*)(nghttp2_option*)> own_options{options,
                                                                               nghttp2_option_del};
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Callbacks::begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::frame);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, Callbacks::invalid_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::closed);
  nghttp2_option_set_no_closed_streams(options, 1);
  nghttp2_option_set_max_outbound_ack(options, acks_unsent_max);
  nghttp2_option_set_max_settings(options, settings_max);
  nghttp2_option_set_max_deflate_dynamic_table_size(options, table_size);

  nghttp2_session* session = nullptr;
  if (nghttp2_session_server_new2(&session, callbacks, this, options) != 0) return false;
  session_.reset(session);
  const std::array<nghttp2_settings_entry, 4> settings{
      {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, doh_streams_max},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window_size},
       {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, table_size},
       {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, doh_fields_size_max}}};
  return nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0;
}

DohSession::Stream* DohSession::find(std::int32_t id) noexcept {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : &found->second;
}

bool DohSession::spend_idle_frame() noexcept {
  if (--idle_frames_ >= 0) return true;
  counters_.add(Count::doh_idle_floods);
  (void)nghttp2_session_terminate_session(session_.get(), NGHTTP2_ENHANCE_YOUR_CALM);
  return false;
}

void DohSession::headers_complete(std::int32_t id, bool ends) {
  if (ends) return request_complete(id);
  const Stream* stream = find(id);
  if (stream == nullptr || stream->answered) return;
  // What is wrong already need not be uploaded first.
  const int status = stream->request.early_status(paths_);
  if (status != 0) respond(id, status, {});
}

void DohSession::request_complete(std::int32_t id) {
  Stream* stream = find(id);
  if (stream == nullptr || stream->answered || stream->taken) return;
  const DohRequest::Reading reading = stream->request.read(paths_);
  if (reading.status != 200) return respond(id, reading.status, {});
  stream->taken = true;
  ++under_way_;
  const auto outcome = taker_->take({.tag = static_cast<std::uint32_t>(id),
                                     .path = stream->request.path(),
                                     .message = reading.message});
  if (outcome != QueryTaker::Outcome::never) return;
  --under_way_;
  stream->taken = false;
  respond(id, 400, {});
}

void DohSession::answer(std::uint32_t tag, Bytes message) {
  const auto id = static_cast<std::int32_t>(tag);
  Stream* stream = find(id);
  if (stream == nullptr || !stream->taken || stream->answered) return;
  --under_way_;
  stream->taken = false;
  respond(id, 200, to_octets(message));
}

void DohSession::drop(std::uint32_t tag) {
  const auto id = static_cast<std::int32_t>(tag);
  Stream* stream = find(id);
  if (stream == nullptr || !stream->taken || stream->answered) return;
  --under_way_;
  stream->taken = false;
  stream->answered = true;
  broken_ = nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL) != 0 ||
            broken_;
}

void DohSession::say_goodbye() {
  const std::int32_t last = nghttp2_session_get_last_proc_stream_id(session_.get());
  broken_ = nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR,
                                  nullptr, 0) != 0 ||
            broken_;
}

void DohSession::respond(std::int32_t id, int status, Octets body) {
  Stream* stream = find(id);
  KHIEN_ASSERT(stream != nullptr && !stream->answered);
  stream->answered = true;
  const bool good = status == 200;
  if (!good) {
    counters_.add(Count::doh_refused);
    body = to_octets(reason_of(status));
  }
  const std::string status_text = std::to_string(status);
  const std::string size_text = std::to_string(body.size());
  const std::string cache_text =
      good ? "max-age=" + std::to_string(doh_max_age_s(body)) : std::string{"no-store"};
  std::array<nghttp2_nv, 5> fields{
      field(":status", status_text),
      field("content-type", good ? doh_media_type : "text/plain; charset=utf-8"),
      field("content-length", size_text), field("cache-control", cache_text),
      field("allow", "GET, POST")};
  const std::size_t count = status == 405 ? fields.size() : fields.size() - 1;
  stream->body = std::move(body);
  bodies_size_ += stream->body.size();
  const nghttp2_data_provider provider{.source = {}, .read_callback = Callbacks::read_body};
  if (nghttp2_submit_response(session_.get(), id, fields.data(), count, &provider) != 0) {
    broken_ = true;
    return;
  }
  if (good) {
    idle_frames_ = std::min(idle_frames_ + doh_idle_frames_a_request, doh_idle_frames_max);
  }
}

void DohSession::forget(std::int32_t id) noexcept {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  if (found->second.taken) --under_way_;  // reset by the client; its answer will find nobody
  bodies_size_ -= found->second.body.size() - found->second.body_at;
  streams_.erase(found);
}

bool DohSession::receive(Bytes octets, QueryTaker& taker) {
  if (broken_) return false;
  if (octets.empty()) return true;
  taker_ = &taker;
  const ssize_t used = nghttp2_session_mem_recv(session_.get(), octets.data(), octets.size());
  taker_ = nullptr;
  broken_ = broken_ || used < 0 || static_cast<std::size_t>(used) != octets.size();
  // After GOAWAY, ours or for a fault of the peer, nothing is read any more.
  return !broken_ && (nghttp2_session_want_read(session_.get()) != 0 ||
                      nghttp2_session_want_write(session_.get()) != 0);
}

void DohSession::fill_out() {
  while (out_.size() - sent_ < doh_unsent_chunk) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &data);
    if (size <= 0) {
      broken_ = broken_ || size < 0;
      return;
    }
    out_.insert(out_.end(), data, data + size);
  }
}

Bytes DohSession::unsent() {
  fill_out();
  return Bytes{out_}.subspan(sent_);
}

void DohSession::sent(std::size_t size) {
  sent_ += size;
  if (sent_ < out_.size()) return;
  out_.clear();
  sent_ = 0;
}

std::size_t DohSession::unsent_size() const noexcept { return out_.size() - sent_ + bodies_size_; }

}  // namespace khien::resolver
