// Tells providers of their tasks by mail. What a mail says is looked up when it is sent; each has a
// code of its own, made then and kept as a hash. A kill between the server's yes and ours sends a
// mail twice, with two codes that open the same page.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/metrics.h"
#include "notice/provider_task.h"
#include "providers/task.h"
#include "store/database.h"
#include "store/jobs.h"

namespace khien::khiend {

constexpr int provider_mails_a_round = 10;
constexpr std::int64_t provider_mail_lease_ms = 2 * ms_per_minute;

class ProviderMail {
 public:
  struct Parts {
    store::Database& database;
    providers::Context context;
    Metrics& metrics;
    notice::Texts texts;
    std::string public_url;
    std::function<Result<void>(const notice::Mail&)> send;  ///< may block
  };
  explicit ProviderMail(Parts parts);

  /// Sends what is due, until the server takes no more. One thread at a time; an error is the
  /// database's.
  [[nodiscard]] Result<void> run();

 private:
  enum class Sent { nothing_due, sent, not_taken };
  [[nodiscard]] Result<Sent> send_next();
  [[nodiscard]] Result<std::optional<notice::Mail>> compose(store::Transaction& tx,
                                                            const providers::TaskId& id);

  Parts parts_;
  Metric& sent_;
  Metric& failed_;
};

}  // namespace khien::khiend
