// Mail to officers: who is told, and how it gets there. A letter is what one kind of mail is about.
// Two kinds of jobs carry it, so that a kill at any instant loses nothing and no person waits for
// another's mail server:
//
//   Letter::asked   queued by what is to be told of (a move), or planned by time
//        └► Letter::kind   one for each person, sent on its own
//
// What a mail says is looked up when it is sent: who has lost the right, and what is decided
// meanwhile, get none. A kill between the server's yes and ours sends a mail twice.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/health.h"
#include "base/guarded.h"
#include "base/metrics.h"
#include "base/result.h"
#include "cases/context.h"
#include "identity/account.h"
#include "notice/second_signer.h"
#include "store/database.h"
#include "store/jobs.h"

namespace khien::khiend {

constexpr int mail_recipients_max = 100;  // of one letter; more people see it in the app
constexpr int mails_a_round = 20;
constexpr int mails_a_minute_max = 60;  // what a small relay takes without complaint
constexpr std::int64_t mail_lease_ms = 2 * ms_per_minute;  // longer than sending may take
constexpr std::int64_t undelivered_kept_ms = 30 * ms_per_day;

struct Letter {
  std::string_view asked;
  std::string_view kind;
  /// Queues the mails that a job of `asked` asks for, and finishes it.
  std::function<Result<void>(store::Transaction&, const store::Job&)> hand_out;
  /// The mail of one job of `kind`; nullopt where it is needed no more.
  std::function<Result<std::optional<notice::Mail>>(store::Executor&, const store::Job&)> compose;
  /// Of a letter that time asks for: sees, each round, that the next job of `asked` stands. That
  /// one always waits and is not counted among what waits.
  std::function<Result<void>(store::Transaction&)> plan = {};
};

/// What letters are written from; borrowed or copied.
struct LetterParts {
  const cases::Context& cases;
  Metrics& metrics;
  notice::Texts texts;
  std::string public_url;
};

/// Queues a job of `kind` for each of `people` who has an address, mail_recipients_max at most,
/// with the payload that `payload_of` gives; a person has one live job with one payload. How many.
[[nodiscard]] Result<int> queue_mails(
    store::Transaction& tx, const LetterParts& parts, std::string_view kind,
    const std::vector<identity::Account>& people,
    const std::function<std::string(const identity::Account&)>& payload_of);

class OfficerMail {
 public:
  struct Parts {
    store::Database& database;
    const Clock& clock;
    Metrics& metrics;
    std::function<Result<void>(const notice::Mail&)> send;  ///< may block, as notice::send_mail()
  };
  /// All parts are borrowed or copied; `send` is called from run() alone. Earlier letters go first.
  OfficerMail(Parts parts, std::vector<Letter> letters);

  /// One round: hands out what was asked for and sends what is due, up to the limits above. Stops
  /// at the first mail that a server did not take, so that a server that is away costs one timeout
  /// a round. One thread at a time. An error is the database's.
  [[nodiscard]] Result<void> run();

  /// ok; degraded while the server does not take mail, or where mails were given up. Any thread.
  [[nodiscard]] api::PartState state();

 private:
  enum class Sent { sent, not_needed, refused, server_away };

  [[nodiscard]] Result<bool> hand_out_next(const Letter& letter);
  [[nodiscard]] Result<std::optional<Sent>> send_next();
  [[nodiscard]] Result<Sent> send_one(const Letter& letter, const store::Job& job);
  [[nodiscard]] bool may_send_now();
  [[nodiscard]] Result<void> plan_and_count();

  Parts parts_;
  std::vector<Letter> letters_;
  Metric& sent_;
  Metric& retried_;
  Metric& given_up_;
  Metric& waiting_;
  Metric& undelivered_;
  Guarded<std::string> trouble_;  // what the server said last; empty after a mail that went
  InstantMs minute_from_ms_ = 0;
  int sent_in_minute_ = 0;
};

}  // namespace khien::khiend
