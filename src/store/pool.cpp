#include "store/pool.h"

#include <chrono>
#include <utility>

namespace khien::store {

Result<Pool::Loan> Pool::take() {
  {
    auto state = state_.lock();
    const bool free = state.wait_for(std::chrono::milliseconds{wait_ms_},
                                     [this](const State& s) { return s.lent < size_max_; });
    if (!free) {
      return fail(ErrorCode::unavailable, "all database connections are in use", "connections_max");
    }
    ++state->lent;
    if (!state->idle.empty()) {
      auto connection = std::move(state->idle.back());
      state->idle.pop_back();
      return Loan{*this, std::move(connection)};
    }
  }
  // Opening may take seconds: not under the lock. Our place is already counted.
  auto opened = open_();
  if (opened) return Loan{*this, std::move(*opened)};
  --state_.lock()->lent;
  state_.notify_all();
  return tl::unexpected<Error>{std::move(opened).error()};
}

void Pool::give_back(std::unique_ptr<Connection> connection) {
  if (connection->broken()) connection.reset();
  {
    auto state = state_.lock();
    --state->lent;
    if (connection) state->idle.push_back(std::move(connection));
  }
  state_.notify_all();
}

void Pool::drop_idle() {
  std::vector<std::unique_ptr<Connection>> dropped;  // closed after the lock is released
  dropped.swap(state_.lock()->idle);
}

}  // namespace khien::store
