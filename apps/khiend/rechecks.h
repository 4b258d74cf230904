// The recheck engine in khiend: the resolvers that the operator named (--recheck-resolver), the
// tables of parking and sinkhole operators, the looks at pages where he wants them
// (--recheck-pages), and the engine over them.
#pragma once

#include <memory>

#include "api/health.h"
#include "base/result.h"
#include "domain.h"
#include "options.h"
#include "recheck/asker.h"
#include "recheck/engine.h"
#include "recheck/page_looker.h"

namespace khien::khiend {

class Rechecks {
 public:
  /// `domain` is borrowed. The errors of recheck::Operators::load.
  [[nodiscard]] static Result<std::unique_ptr<Rechecks>> open(Domain& domain,
                                                              const Options& options);

  Rechecks(const Rechecks&) = delete;
  Rechecks& operator=(const Rechecks&) = delete;

  /// One round (recheck::Engine::run_round); what keeps it from looking is in /healthz. One thread.
  [[nodiscard]] Result<void> run();

 private:
  Rechecks(Domain& domain, const Options& options, recheck::Operators operators);
  /// Empty where pages are not looked at: then nothing here can contact a listed site.
  [[nodiscard]] std::function<std::vector<recheck::PageLook>(const std::vector<std::string>&)>
  look_at_pages(const Options& options);

  recheck::Operators operators_;
  recheck::Asker asker_;
  recheck::PageLooker looker_;  // used with --recheck-pages alone
  recheck::Engine engine_;
};

}  // namespace khien::khiend
