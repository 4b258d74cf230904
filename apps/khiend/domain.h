// Everything that handlers and timers work with: keys, database, shipped data, texts. Made once at
// start-up and kept until the end. All of it may be used from many threads.
#pragma once

#include <memory>

#include "api/health.h"
#include "api/services.h"
#include "base/result.h"
#include "options.h"

namespace khien::khiend {

class Domain {
 public:
  /// Opens the state folder and the database, brings its schema up to date, loads data and texts,
  /// and makes the first accounts of an empty database.
  [[nodiscard]] static Result<std::unique_ptr<Domain>> open(const Options& options);
  ~Domain();
  Domain(const Domain&) = delete;
  Domain& operator=(const Domain&) = delete;

  [[nodiscard]] const api::Services& services() const noexcept;
  /// Before anything serves, and taken away again after all has stopped that does.
  void set_holdings(feeds::FindHoldings holdings);
  void set_publication(std::function<api::PublicationState()> publication,
                       publish::PublicationControl* control);
  void set_lists(publish::ListShelf* lists);
  void set_probe_askers(providers::FindAskers askers);
  [[nodiscard]] store::Database& database() noexcept;
  [[nodiscard]] const Clock& clock() const noexcept;
  [[nodiscard]] Rng& rng() noexcept;
  [[nodiscard]] Metrics& metrics() noexcept;
  [[nodiscard]] api::Health& health() noexcept;
  [[nodiscard]] http::EventHub& events() noexcept;

 private:
  struct Parts;
  explicit Domain(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace khien::khiend
