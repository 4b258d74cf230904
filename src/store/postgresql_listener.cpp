#include "store/postgresql_listener.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <exception>

#include "base/assert.h"
#include "base/log.h"
#include "store/postgresql_connection.h"
#include "store/postgresql_handles.h"

namespace khien::store {
namespace {

constexpr int connect_timeout_s = 5;
constexpr int reconnect_pause_ms = 1'000;
// Even without a word the connection is looked at this often, so a dead one is found.
constexpr int idle_check_ms = 10'000;

}  // namespace

NotificationListener::NotificationListener(std::string url, WakeupHub& hub)
    : url_(std::move(url)), hub_(hub), stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  KHIEN_ASSERT(stop_event_.valid());
  thread_ = std::jthread{[this](const std::stop_token& stop) {
    try {
      run(stop);
    } catch (const std::exception& error) {
      KHIEN_LOG(error, "store_listener_stopped", {"why", error.what()});
    }
  }};
}

NotificationListener::~NotificationListener() {
  thread_.request_stop();
  const std::uint64_t one = 1;
  // An eventfd takes 8 octets whole; it could refuse only after 2^64 writes.
  [[maybe_unused]] const auto put = ::write(stop_event_.get(), &one, sizeof one);
}

void NotificationListener::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    listen_once(stop);
    if (stop.stop_requested()) return;
    pollfd wait{.fd = stop_event_.get(), .events = POLLIN, .revents = 0};
    (void)::poll(&wait, 1, reconnect_pause_ms);
  }
}

void NotificationListener::listen_once(const std::stop_token& stop) {
  auto connection = connect_postgresql(url_, connect_timeout_s);
  if (!connection) {
    KHIEN_LOG(warning, "store_listener_away", {"why", connection.error().message});
    return;
  }
  PGconn* const session = connection->get();
  const auto sql = fmt::format("LISTEN {}", notification_channel);
  const ResultHandle listening{PQexec(session, sql.c_str())};
  if (PQresultStatus(listening.get()) != PGRES_COMMAND_OK) return;
  hub_.wake_all();  // whatever came while nobody listened

  while (!stop.stop_requested()) {
    pollfd waits[] = {{.fd = PQsocket(session), .events = POLLIN, .revents = 0},
                      {.fd = stop_event_.get(), .events = POLLIN, .revents = 0}};
    const int ready = ::poll(waits, 2, idle_check_ms);
    if (ready == 0) {
      const ResultHandle alive{PQexec(session, "SELECT 1")};
      if (PQresultStatus(alive.get()) != PGRES_TUPLES_OK) return;
    }
    if (PQconsumeInput(session) == 0) return;
    while (PGnotify* raw = PQnotifies(session)) {
      const std::unique_ptr<PGnotify, decltype(&PQfreemem)> notification{raw, &PQfreemem};
      hub_.wake(notification->extra);
    }
  }
}

}  // namespace khien::store
