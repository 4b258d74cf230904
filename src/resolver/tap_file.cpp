#include "resolver/tap_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>

#include "base/log.h"
#include "resolver/dnstap.h"

namespace khien::resolver {
namespace {

constexpr ::mode_t owner_only = 0600;
constexpr std::size_t write_size = 65'536;  // octets that are collected for one write
constexpr std::string_view dropped_name = "khien_dnsd_dnstap_dropped_total";
constexpr std::string_view dropped_help = "Messages that are not in the dnstap file";

}  // namespace

Result<std::unique_ptr<TapFile>> TapFile::open(const TapOptions& options, const Clock& clock,
                                               Metrics& metrics) {
  const std::int64_t left_ms = options.until_ms - clock.now_ms();
  if (left_ms > tap_time_max_ms) {
    return fail(ErrorCode::invalid_argument,
                "--dnstap-until must be at most 24 hours ahead: dnstap is for debugging");
  }
  if (left_ms <= 0) {
    KHIEN_LOG(warning, "dnstap_off", {"why", "--dnstap-until is over"});
    return std::unique_ptr<TapFile>{};
  }
  // O_EXCL follows no link, and never opens what is there.
  FileDescriptor file{::open(options.file.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, owner_only)};
  if (!file.valid()) {
    KHIEN_LOG(error, "dnstap_off", {"file", options.file.string()},
              {"why", errno == EEXIST ? "it is there already and is not overwritten"
                                      : std::strerror(errno)});
    return std::unique_ptr<TapFile>{};
  }
  std::unique_ptr<TapFile> tap{new TapFile(options, std::move(file), clock, metrics)};  // NOLINT
  append_tap_start(tap->octets_);
  tap->size_ = tap->octets_.size();
  tap->flush();
  KHIEN_LOG(warning, "dnstap_on", {"file", options.file.string()}, {"minutes", left_ms / 60'000});
  return tap;
}

TapFile::TapFile(const TapOptions& options, FileDescriptor file, const Clock& clock,
                 Metrics& metrics)
    : options_(options),
      clock_(clock),
      until_steady_ms_(clock.steady_ms() + options.until_ms - clock.now_ms()),
      file_(std::move(file)),
      frames_(metrics.counter("khien_dnsd_dnstap_frames_total", "Messages in the dnstap file")),
      dropped_ring_(metrics.counter(dropped_name, dropped_help, "why=\"ring\"")),
      dropped_unreadable_(metrics.counter(dropped_name, dropped_help, "why=\"unreadable\"")),
      dropped_size_(metrics.counter(dropped_name, dropped_help, "why=\"size\"")),
      write_failures_(metrics.counter("khien_dnsd_dnstap_write_failures_total",
                                      "Times that the dnstap file could not be written")),
      on_(metrics.gauge("khien_dnsd_dnstap_on", "1 while a dnstap file is written")) {
  on_.set(1);
}

TapFile::~TapFile() {
  end("stopped");
  // Or the next start, which may succeed, would find it there.
  if (!was_polled_) ::unlink(options_.file.c_str());
}

TapRing& TapFile::add_ring() {
  rings_.push_back(std::make_unique<TapRing>(is_on_));
  return *rings_.back();
}

void TapFile::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any asleep;
  while (!stop.stop_requested() && is_on()) {
    poll();
    std::unique_lock lock{mutex};
    (void)asleep.wait_for(lock, stop, std::chrono::milliseconds{tap_poll_ms}, [] { return false; });
  }
  poll();
  end("stopped");
}

void TapFile::poll() {
  was_polled_ = true;
  const InstantMs now_ms = clock_.now_ms();
  if (is_on() && (now_ms >= options_.until_ms || clock_.steady_ms() >= until_steady_ms_)) {
    end("the end that --dnstap-until gives");
  }
  std::uint64_t dropped = 0;
  for (const auto& ring : rings_) {
    ring->drain([&](const TapRecord& record) { take(record, now_ms / ms_per_second); });
    dropped += ring->dropped();
  }
  dropped_ring_.set(static_cast<std::int64_t>(dropped));
  flush();
}

void TapFile::take(const TapRecord& record, std::int64_t time_s) {
  if (!is_on()) return;
  message_.clear();
  if (!append_tapped_message(record.kind, record.message, message_)) {
    dropped_unreadable_.add();
    return;
  }
  const std::size_t before = octets_.size();
  append_tap_frame({.kind = record.kind, .transport = record.transport, .message = message_},
                   time_s, octets_);
  const std::size_t frame_size = octets_.size() - before;
  if (frame_size + tap_stop_size > options_.size_max - std::min(options_.size_max, size_)) {
    octets_.resize(before);
    dropped_size_.add();
    end("the size that --dnstap-size gives");
    return;
  }
  size_ += frame_size;
  frames_.add();
  if (octets_.size() >= write_size) flush();
}

void TapFile::flush() {
  if (octets_.empty() || !file_.valid()) return;
  const auto written = write_all(file_.get(), octets_);
  octets_.clear();
  if (written) return;
  write_failures_.add();
  KHIEN_LOG(error, "dnstap_not_written", {"why", written.error().message});
  is_on_.store(false, std::memory_order_relaxed);
  file_.reset();  // readers stop at the frame that is cut
  on_.set(0);
}

void TapFile::end(std::string_view why) {
  if (!is_on()) return;
  append_tap_stop(octets_);
  flush();
  is_on_.store(false, std::memory_order_relaxed);
  on_.set(0);
  if (!file_.valid()) return;
  file_.reset();
  KHIEN_LOG(warning, "dnstap_ended", {"why", why}, {"octets", size_ + tap_stop_size});
}

}  // namespace khien::resolver
