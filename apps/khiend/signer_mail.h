// Mail to those who may give an order its second signature. Two kinds of jobs carry it, so that a
// kill at any instant loses nothing and no person waits for another's mail server:
//
//   order.second_signature   ORDER           queued by the move itself (cases/second_signer.h)
//        └► mail.second_signature   ORDER ACCOUNT   one for each person, sent on its own
//
// What a mail says is looked up when it is sent: an order that waits no longer, or a person who may
// not sign any more, gets none. A kill between the server's yes and ours sends a mail twice.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/health.h"
#include "base/guarded.h"
#include "base/metrics.h"
#include "base/result.h"
#include "cases/context.h"
#include "notice/second_signer.h"
#include "store/database.h"
#include "store/jobs.h"

namespace khien::khiend {

constexpr int mail_recipients_max = 100;  // of one order; more signers see it in the app
constexpr int mails_a_round = 20;
constexpr int mails_a_minute_max = 60;  // what a small relay takes without complaint
constexpr std::int64_t mail_lease_ms = 2 * ms_per_minute;  // longer than sending may take
constexpr std::int64_t undelivered_kept_ms = 30 * ms_per_day;

class SignerMail {
 public:
  struct Parts {
    store::Database& database;
    const cases::Context& cases;
    Metrics& metrics;
    notice::Texts texts;
    std::string public_url;
    std::function<Result<void>(const notice::Mail&)> send;  ///< may block, as notice::send_mail()
  };
  /// All parts are borrowed or copied; `send` is called from run() alone.
  explicit SignerMail(Parts parts);

  /// One round: hands out what was asked for and sends what is due, up to the limits above. Stops
  /// at the first mail that a server did not take, so that a server that is away costs one timeout
  /// a round. One thread at a time. An error is the database's.
  [[nodiscard]] Result<void> run();

  /// ok; degraded while the server does not take mail, or where mails were given up. Any thread.
  [[nodiscard]] api::PartState state();

 private:
  enum class Sent { sent, not_needed, refused, server_away };

  [[nodiscard]] Result<bool> hand_out_next();
  [[nodiscard]] Result<void> hand_out(store::Transaction& tx, const store::Job& job);
  [[nodiscard]] Result<std::optional<Sent>> send_next();
  [[nodiscard]] Result<Sent> send_one(const store::Job& job);
  [[nodiscard]] Result<std::optional<notice::Mail>> compose(store::Executor& db,
                                                            const store::Job& job);
  [[nodiscard]] bool may_send_now();
  [[nodiscard]] Result<void> count();

  Parts parts_;
  Metric& sent_;
  Metric& retried_;
  Metric& given_up_;
  Metric& no_address_;
  Metric& waiting_;
  Metric& undelivered_;
  Guarded<std::string> trouble_;  // what the server said last; empty after a mail that went
  InstantMs minute_from_ms_ = 0;
  int sent_in_minute_ = 0;
};

}  // namespace khien::khiend
