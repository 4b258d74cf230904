// What khiend does without being asked: deadlines, feeds, probes, live updates, house-keeping of
// sessions and of what resolvers told.
#pragma once

#include <memory>
#include <vector>

#include "api/live_updates.h"
#include "domain.h"
#include "officer_mail.h"
#include "options.h"
#include "provider_mail.h"
#include "rechecks.h"
#include "timer_thread.h"
#include "verification.h"

namespace khien::khiend {

class Timers {
 public:
  /// Starts the threads of the roles in `options`; `domain` is borrowed. Each adds its state to
  /// /healthz.
  Timers(Domain& domain, const Options& options);
  ~Timers();
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

 private:
  void add(TimerThread::Options options, std::string_view channel,
           std::function<Result<void>()> work);
  void add_mail();
  void add_providers();
  void add_rechecks();
  [[nodiscard]] notice::Texts texts();

  Domain& domain_;
  const Options options_;
  api::LiveUpdates live_updates_;
  Verification verification_;
  std::unique_ptr<OfficerMail> officer_mail_;    // null without a mail server
  std::unique_ptr<ProviderMail> provider_mail_;  // likewise
  std::unique_ptr<Rechecks> rechecks_;           // null without somebody to ask
  std::vector<std::unique_ptr<TimerThread>> threads_;
};

}  // namespace khien::khiend
