// Threads on which handlers run, so that a slow database holds up no connection's input and output.
#pragma once

#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"

namespace khien::http {

class WorkerPool {
 public:
  struct Options {
    std::size_t threads = 4;
    std::size_t queue_size_max = 256;  ///< then submit() refuses and the client gets 503
  };

  explicit WorkerPool(const Options& options);
  /// Finishes what is queued, then joins.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False if the queue is full or stop() was called. Any thread. What `work` throws is logged.
  [[nodiscard]] bool submit(std::function<void()> work);
  /// Refuses new work, finishes what is queued, joins. Not from a worker.
  void stop();

 private:
  BoundedQueue<std::function<void()>> queue_;
  std::vector<std::jthread> threads_;
};

}  // namespace khien::http
