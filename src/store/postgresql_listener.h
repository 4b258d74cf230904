// The thread that hears other processes' wake-ups on PostgreSQL: one connection that LISTENs. While
// it is away nothing is lost but time, because waiters look by themselves after their timeout; when
// it comes back it wakes everybody once. Internal to the module.
#pragma once

#include <string>
#include <thread>

#include "base/file.h"
#include "store/wakeups.h"

namespace khien::store {

class NotificationListener {
 public:
  /// `hub` must outlive this.
  NotificationListener(std::string url, WakeupHub& hub);
  NotificationListener(const NotificationListener&) = delete;
  NotificationListener& operator=(const NotificationListener&) = delete;
  ~NotificationListener();

 private:
  void run(const std::stop_token& stop);
  void listen_once(const std::stop_token& stop);

  std::string url_;
  WakeupHub& hub_;
  FileDescriptor stop_event_;  // eventfd(2): readable once the thread shall stop
  std::jthread thread_;        // last: starts when all else is there
};

}  // namespace khien::store
