#include "http/worker_pool.h"

#include <chrono>
#include <exception>

#include "base/log.h"

namespace khien::http {
namespace {

void work_until_closed(BoundedQueue<std::function<void()>>& queue, std::stop_token stop) {
  while (true) {
    auto work = queue.pop(std::chrono::seconds{1});
    if (!work && stop.stop_requested()) return;
    if (!work) continue;
    try {
      (*work)();
    } catch (const std::exception& error) {
      KHIEN_LOG(error, "worker_threw", {"what", error.what()});
    }
  }
}

}  // namespace

WorkerPool::WorkerPool(const Options& options) : queue_(options.queue_size_max) {
  for (std::size_t i = 0; i < options.threads; ++i) {
    threads_.emplace_back([this](std::stop_token stop) { work_until_closed(queue_, stop); });
  }
}

WorkerPool::~WorkerPool() { stop(); }

bool WorkerPool::submit(std::function<void()> work) { return queue_.push(std::move(work)); }

void WorkerPool::stop() {
  for (auto& thread : threads_) thread.request_stop();
  queue_.close();
  threads_.clear();
}

}  // namespace khien::http
