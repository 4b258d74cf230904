// Waits in a coroutine for work done on the worker pool. Internal to http.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>

#include "base/log.h"
#include "http/message.h"
#include "http/worker_pool.h"

namespace khien::http {

namespace asio = boost::asio;

/// What a client gets while we have no worker for it.
[[nodiscard]] inline Response busy_response() {
  auto response = problem({.code = ErrorCode::unavailable,
                           .message = "too much is going on; try again in a moment",
                           .reason = "busy"});
  response.headers.set("Retry-After", "2");
  return response;
}

/// For work that threw: a bug, logged, and the end of that request alone.
template <typename T>
[[nodiscard]] T thrown_result() {
  const Error error{.code = ErrorCode::internal, .message = "a handler threw"};
  if constexpr (std::is_constructible_v<T, tl::unexpected<Error>>) {
    return T{tl::unexpected<Error>{error}};
  } else {
    return T{problem(error)};
  }
}

/// Runs `work` on `pool`; the coroutine goes on in `executor`, its strand. nullopt if the pool is
/// full. What `work` refers to must live in the waiting coroutine, which always waits to the end.
template <typename T>
asio::awaitable<std::optional<T>> run_on_pool(WorkerPool& pool, asio::any_io_executor executor,
                                              std::function<T()> work) {
  struct Shared {
    explicit Shared(const asio::any_io_executor& e) : timer(e) {}
    asio::steady_timer timer;
    std::optional<T> result;
    bool done = false;  // touched on the strand only
  };
  const auto shared = std::make_shared<Shared>(executor);
  const bool taken = pool.submit([shared, executor, work = std::move(work)] {
    try {
      shared->result.emplace(work());
    } catch (const std::exception& error) {
      KHIEN_LOG(error, "handler_threw", {"what", error.what()});
      shared->result.emplace(thrown_result<T>());
    }
    // post() orders the result before the strand's reading of it.
    asio::post(executor, [shared] {
      shared->done = true;
      shared->timer.cancel();
    });
  });
  if (!taken) co_return std::nullopt;
  while (!shared->done) {
    boost::system::error_code ignored;
    shared->timer.expires_at(std::chrono::steady_clock::time_point::max());
    co_await shared->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_return std::move(shared->result);
}

}  // namespace khien::http
