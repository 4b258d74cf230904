// Tells browsers that records have changed: reads the timeline after every commit and passes on
// which records moved, never how. They ask for them with their own rights.
#pragma once

#include <cstdint>
#include <set>

#include "base/result.h"
#include "cases/event.h"
#include "http/event_hub.h"
#include "store/database.h"

namespace khien::api {

constexpr int live_updates_batch = 500;  // events read at once; more follow in the next round
constexpr std::int64_t live_updates_back = 64;  // ids looked back: on PostgreSQL a lower id may
                                                // commit after a higher one

class LiveUpdates {
 public:
  /// Both borrowed. The first round only finds out where the timeline ends.
  LiveUpdates(store::Database& database, http::EventHub& hub) noexcept
      : database_(database), hub_(hub) {}

  /// Passes on what is new. One thread.
  [[nodiscard]] Result<void> run();

 private:
  void tell(const cases::Event& event);

  store::Database& database_;
  http::EventHub& hub_;
  bool started_ = false;
  std::int64_t last_id_ = 0;
  std::set<std::int64_t> told_;  // of the last live_updates_back ids
};

}  // namespace khien::api
