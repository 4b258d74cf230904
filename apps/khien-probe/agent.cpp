#include "agent.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace khien::probe_program {
namespace {

constexpr int sends_max = 3;  // of one statement

void say(std::string_view what, const std::string& words) {
  std::fprintf(stderr, "khien-probe: %.*s: %s\n", static_cast<int>(what.size()), what.data(),
               words.c_str());
}

}  // namespace

Result<Stop> Stop::make() {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return fail(ErrorCode::unavailable, "no descriptor is left");
  return Stop{fd};
}

Stop::Stop(Stop&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Stop::~Stop() {
  if (fd_ >= 0) ::close(fd_);
}

void Stop::stop() const noexcept {
  const std::uint64_t one = 1;
  // It cannot fail in a way that matters: a counter that is full is readable as well.
  [[maybe_unused]] const auto size = ::write(fd_, &one, sizeof one);
}

bool Stop::pause(std::int64_t wait_ms) const noexcept {
  pollfd one{.fd = fd_, .events = POLLIN, .revents = 0};
  constexpr std::int64_t wait_max_ms = ms_per_hour;
  const auto wait = static_cast<int>(std::clamp<std::int64_t>(wait_ms, 0, wait_max_ms));
  return ::poll(&one, 1, wait) <= 0 || one.revents == 0;
}

Result<Agent::Round> Agent::look() {
  auto body = parts_.client.fetch_work();
  if (!body) return tl::unexpected<Error>{std::move(body).error()};
  auto work = probe::parse_work(*body);
  if (!work) return tl::unexpected<Error>{std::move(work).error()};
  auto statement = probe::run_round(
      *work,
      {.ask = [this](const probe::Ask& ask) { return probe::ask(ask, parts_.clock, parts_.rng); },
       .pause = [this](std::int64_t wait_ms) { return parts_.stop.pause(wait_ms); },
       .clock = parts_.clock,
       .rng = parts_.rng,
       .program = "khien-probe " KHIEN_VERSION});
  if (!statement) return tl::unexpected<Error>{std::move(statement).error()};
  return Round{.work = std::move(*work), .statement = std::move(*statement)};
}

Result<void> Agent::send(const std::string& body) {
  Result<void> sent;
  for (int i = 0; i < sends_max; ++i) {
    if (i > 0 && !parts_.stop.pause(retry_first_ms)) break;
    sent = parts_.client.send_results(body);
    // What khiend refuses is refused again.
    const bool may_help = !sent && (sent.error().code == ErrorCode::unavailable ||
                                    sent.error().code == ErrorCode::timeout);
    if (!may_help) return sent;
    say("not reported yet", sent.error().message);
  }
  return sent;
}

Result<Agent::Round> Agent::look_and_report() {
  auto round = look();
  if (!round) return round;
  if (auto sent = send(to_json(round->statement).dump()); !sent) {
    return tl::unexpected<Error>{std::move(sent).error()};
  }
  return round;
}

void Agent::run() {
  std::int64_t retry_ms = retry_first_ms;
  while (true) {
    const auto round = look_and_report();
    std::int64_t wait_ms = retry_ms;
    if (round) {
      retry_ms = retry_first_ms;
      // Fifty probes that were started together shall not come together for ever.
      const auto next_ms = round->work.next_s * ms_per_second;
      wait_ms = next_ms + static_cast<std::int64_t>(
                              parts_.rng.below(static_cast<std::uint64_t>(next_ms / 10 + 1)));
    } else {
      if (round.error().reason == "stopping") return;
      say("no round", round.error().message);
      retry_ms = std::min(retry_ms * 2, retry_max_ms);
    }
    if (!parts_.stop.pause(wait_ms)) return;
  }
}

}  // namespace khien::probe_program
