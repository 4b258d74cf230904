#include "resolver/zone_file_follower.h"

#include <algorithm>

#include "base/file.h"
#include "resolver/transfer_exchange.h"

namespace khien::resolver {

ZoneFileFollower::ZoneFileFollower(ZoneFileOptions options, int stop_fd, const Clock& clock,
                                   Rng& rng)
    : options_(std::move(options)),
      clock_(clock),
      rng_(rng),
      connection_(stop_fd),
      copy_(options_.zone) {}

std::int64_t ZoneFileFollower::wait_ms() const noexcept {
  return std::min(options_.every_ms << std::min(failures_, 10),
                  std::max(options_.every_ms, follow_retry_max_ms));
}

Result<void> ZoneFileFollower::write(const std::string& text) {
  return write_file_atomically(options_.file, as_bytes(text), FileAccess::everybody);
}

/// True if the zone is another one now.
Result<bool> ZoneFileFollower::transfer_from(std::optional<std::uint32_t> serial) {
  ZoneCopy::Update update{copy_, serial};
  auto done = exchange_transfer(
      connection_, {.zone = options_.zone, .serial = serial, .key = options_.key},
      [&](Bytes message) { return update.feed(message); }, clock_, rng_);
  if (!done) {
    connection_.close();
    return tl::unexpected(std::move(done).error());
  }
  return update.finish();
}

Result<void> ZoneFileFollower::connect() {
  const int timeout_ms = options_.primaries.size() > 1 ? other_connect_ms : transfer_timeout_ms;
  return connection_.connect(primary(), nullptr, timeout_ms);
}

Result<bool> ZoneFileFollower::transfer() {
  const bool is_reused = connection_.is_open();
  if (!is_reused) {
    if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
  }
  auto done = transfer_from(copy_.serial());
  // An idle connection may have been closed by the other side: that is no failure yet.
  if (!done && is_reused && done.error().code == ErrorCode::unavailable) {
    if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
    done = transfer_from(copy_.serial());
  }
  const bool does_not_fit =
      !done && copy_.serial() &&
      (done.error().code == ErrorCode::conflict || done.error().code == ErrorCode::malformed);
  if (!does_not_fit) return done;
  if (!connection_.is_open()) {
    if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
  }
  return transfer_from(std::nullopt);
}

Result<ZoneFileFollower::Outcome> ZoneFileFollower::refresh() {
  auto changed = transfer();
  for (std::size_t i = 1; !changed && i < options_.primaries.size(); ++i) {
    connection_.close();
    asked_ = (asked_ + 1) % options_.primaries.size();
    changed = transfer();
  }
  if (!changed) {
    ++failures_;
    const auto silent_ms = clock_.now_ms() - confirmed_at_ms_;
    const bool expires = copy_.serial() && !is_expired_ &&
                         silent_ms > std::int64_t{copy_.soa().expire_s} * ms_per_second;
    if (!expires) return tl::unexpected(std::move(changed).error());
    if (auto written = write(copy_.empty_text()); !written) {
      return tl::unexpected(std::move(written).error());
    }
    is_expired_ = true;
    return Outcome::expired;
  }
  failures_ = 0;
  confirmed_at_ms_ = clock_.now_ms();
  if (!*changed && is_written_ && !is_expired_) return Outcome::unchanged;
  // Not yet known as written, so that the next round tries again if the disk refuses.
  is_written_ = false;
  if (auto written = write(copy_.text()); !written) {
    return tl::unexpected(std::move(written).error());
  }
  is_written_ = true;
  is_expired_ = false;
  return Outcome::written;
}

}  // namespace khien::resolver
