#include "net/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

namespace khien::net {
namespace {

constexpr std::uint64_t wake_tag = 0;  // generations start at 1

std::uint32_t epoll_bits(Readiness interest) noexcept {
  std::uint32_t bits = EPOLLRDHUP;
  if (interest.readable) bits |= EPOLLIN;
  if (interest.writable) bits |= EPOLLOUT;
  return bits;
}

Readiness readiness(std::uint32_t bits) noexcept {
  return {.readable = (bits & EPOLLIN) != 0,
          .writable = (bits & EPOLLOUT) != 0,
          .closed = (bits & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0};
}

/// Descriptor number and generation share epoll's 64 bits of user data.
std::uint64_t tag_of(int fd, std::uint64_t generation) noexcept {
  return (generation << 32U) | static_cast<std::uint32_t>(fd);
}

}  // namespace

EventLoop::EventLoop(const Clock& clock, FileDescriptor epoll, FileDescriptor wake) noexcept
    : clock_(clock), epoll_(std::move(epoll)), wake_(std::move(wake)) {}

EventLoop::~EventLoop() = default;

Result<std::unique_ptr<EventLoop>> EventLoop::open(const Clock& clock) {
  FileDescriptor epoll{::epoll_create1(EPOLL_CLOEXEC)};
  FileDescriptor wake{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = wake_tag;
  if (!epoll.valid() || !wake.valid() ||
      ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return fail(ErrorCode::unavailable, std::string{"open event loop: "} + std::strerror(errno));
  }
  return std::unique_ptr<EventLoop>{new EventLoop{clock, std::move(epoll), std::move(wake)}};
}

Result<void> EventLoop::watch(int fd, Readiness interest, OnReady on_ready) {
  if (watches_.contains(fd)) return fail(ErrorCode::conflict, "descriptor is watched already");
  const std::uint64_t generation = next_generation_;
  // 32 bits of generation live in the tag; 0 is the wake-up's.
  next_generation_ = next_generation_ % std::numeric_limits<std::uint32_t>::max() + 1;
  epoll_event event{};
  event.events = epoll_bits(interest);
  event.data.u64 = tag_of(fd, generation);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return fail(ErrorCode::unavailable, std::string{"watch descriptor: "} + std::strerror(errno));
  }
  watches_.emplace(fd, std::make_shared<Watch>(generation, std::move(on_ready)));
  return {};
}

Result<void> EventLoop::change(int fd, Readiness interest) {
  const auto found = watches_.find(fd);
  if (found == watches_.end()) return fail(ErrorCode::not_found, "descriptor is not watched");
  epoll_event event{};
  event.events = epoll_bits(interest);
  event.data.u64 = tag_of(fd, found->second->generation);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) {
    return fail(ErrorCode::unavailable, std::string{"change watch: "} + std::strerror(errno));
  }
  return {};
}

void EventLoop::unwatch(int fd) noexcept {
  if (watches_.erase(fd) > 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

Result<TimerId> EventLoop::after(std::int64_t delay_ms, Work work) {
  if (timers_.size() >= loop_timers_max) {
    return fail(ErrorCode::limit_exceeded, "too many timers in one event loop");
  }
  const TimerId id = next_timer_++;
  const std::int64_t due = clock_.steady_ms() + std::max<std::int64_t>(delay_ms, 0);
  timers_.emplace(std::pair{due, id}, std::move(work));
  timer_due_.emplace(id, due);
  return id;
}

bool EventLoop::cancel(TimerId id) noexcept {
  const auto found = timer_due_.find(id);
  if (found == timer_due_.end()) return false;
  timers_.erase(std::pair{found->second, id});
  timer_due_.erase(found);
  return true;
}

bool EventLoop::post(Work work) {
  {
    auto posts = posts_.lock();
    if (posts->stopping || posts->items.size() >= loop_posts_max) {
      posts_dropped_.add();
      return false;
    }
    posts->items.push_back(std::move(work));
  }
  wake();
  return true;
}

void EventLoop::stop() noexcept {
  posts_.lock()->stopping = true;
  wake();
}

void EventLoop::wake() noexcept {
  const std::uint64_t one = 1;
  // EAGAIN means that the counter is full, so the loop is being woken anyway.
  [[maybe_unused]] const auto ignored = ::write(wake_.get(), &one, sizeof one);
}

void EventLoop::run_posts() {
  std::vector<Work> items;
  {
    auto posts = posts_.lock();
    items.swap(posts->items);
  }
  for (auto& work : items) work();
}

void EventLoop::run_timers() {
  const std::int64_t now = clock_.steady_ms();
  // A timer set by a callback is due `now` at the earliest; those wait for the next round, so that
  // a chain of zero delays cannot keep descriptors from being served.
  const TimerId first_new = next_timer_;
  while (!timers_.empty()) {
    const auto first = timers_.begin();
    if (first->first.first > now || first->first.second >= first_new) return;
    Work work = std::move(first->second);
    timer_due_.erase(first->first.second);
    timers_.erase(first);
    work();
  }
}

int EventLoop::wait_time(std::int64_t wait_ms) const noexcept {
  std::int64_t wait = wait_ms;
  if (!timers_.empty()) {
    const std::int64_t left = timers_.begin()->first.first - clock_.steady_ms();
    wait = wait < 0 ? left : std::min(wait, left);
    wait = std::max<std::int64_t>(wait, 0);
  }
  return static_cast<int>(std::min<std::int64_t>(wait, std::numeric_limits<int>::max()));
}

bool EventLoop::run_once(std::int64_t wait_ms) {
  if (posts_.lock()->stopping) return false;
  std::array<epoll_event, loop_events_batch> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                 wait_time(wait_ms));
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == wake_tag) {
      std::uint64_t wakes = 0;
      [[maybe_unused]] const auto ignored = ::read(wake_.get(), &wakes, sizeof wakes);
      continue;
    }
    const auto found = watches_.find(static_cast<int>(event.data.u64 & 0xffffffffU));
    if (found == watches_.end() || found->second->generation != event.data.u64 >> 32U) continue;
    const auto watch = found->second;  // keeps the callback alive if it removes itself
    watch->on_ready(readiness(event.events));
  }
  run_posts();
  run_timers();
  return !posts_.lock()->stopping;
}

void EventLoop::run() {
  while (run_once(-1)) {
  }
}

}  // namespace khien::net
