// A bounded set of connections: made when first needed, given to one thread at a time, thrown away
// when broken. Internal to the module. Thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "store/connection.h"

namespace khien::store {

class Pool {
 public:
  using Open = std::function<Result<std::unique_ptr<Connection>>()>;

  Pool(std::size_t size_max, int wait_ms, Open open)
      : size_max_(size_max), wait_ms_(wait_ms), open_(std::move(open)) {}

  /// A connection on loan; goes back when this goes.
  class Loan {
   public:
    Loan(Pool& pool, std::unique_ptr<Connection> connection) noexcept
        : pool_(&pool), connection_(std::move(connection)) {}
    Loan(Loan&&) noexcept = default;
    Loan& operator=(Loan&&) = delete;
    ~Loan() {
      if (connection_) pool_->give_back(std::move(connection_));
    }
    [[nodiscard]] Connection& operator*() const noexcept { return *connection_; }
    [[nodiscard]] Connection* operator->() const noexcept { return connection_.get(); }

   private:
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  /// unavailable with reason "connections_max" if none came free in time; what opening one says.
  [[nodiscard]] Result<Loan> take();
  /// Closes the connections that nobody has on loan: after one broke, its neighbours are suspect.
  void drop_idle();

 private:
  struct State {
    std::vector<std::unique_ptr<Connection>> idle;
    std::size_t lent = 0;
  };
  void give_back(std::unique_ptr<Connection> connection);

  std::size_t size_max_;
  int wait_ms_;
  Open open_;
  Guarded<State> state_;
};

}  // namespace khien::store
