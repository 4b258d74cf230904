// The parts of khiend and the order in which they start and stop:
//
//   state folder and keys ─► database, migrations ─► shipped data, texts ─► accounts
//     ─► timers ─► HTTP last, so that nobody is answered before everything is there
//
// stop() goes the other way: HTTP drains first, timers end, the database closes last.
#pragma once

#include <memory>
#include <vector>

#include "api/services.h"
#include "base/result.h"
#include "http/router.h"
#include "net/address.h"
#include "options.h"

namespace khien::khiend {

class Khiend {
 public:
  /// Starts all parts that the options' roles name. Where it fails, what had started is stopped.
  [[nodiscard]] static Result<std::unique_ptr<Khiend>> start(const Options& options);
  ~Khiend();
  Khiend(const Khiend&) = delete;
  Khiend& operator=(const Khiend&) = delete;

  void stop();

  /// Where HTTP is served; empty without the role api.
  [[nodiscard]] const std::vector<net::SocketAddress>& http_addresses() const noexcept;
  /// What the routes work with, and all routes, for tests that hold the table to its promises.
  [[nodiscard]] const api::Services& services() const noexcept;
  [[nodiscard]] Result<std::vector<http::Route>> routes() const;

 private:
  struct Parts;
  explicit Khiend(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace khien::khiend
