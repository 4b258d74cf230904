// Mail as the operator meets it: does the server take it, what waits, what was given up and why.
#include <array>
#include <cstdio>

#include "cases/second_signer.h"
#include "commands.h"
#include "notice/lift_proposals.h"
#include "notice/mail.h"
#include "notice/second_signer.h"
#include "store/jobs.h"

namespace khien::khienctl {
namespace {

constexpr std::array kinds{cases::job_second_signature, notice::job_signer_mail,
                           notice::job_proposals_mail};
constexpr std::int64_t listed_max = 50;

/// What to do about a mail that was not taken.
std::string_view advice(const Error& error) {
  if (error.reason == "mail_sign_in") {
    return "Check the user in --smtp and its password file, and whether the server wants TLS.";
  }
  switch (error.code) {
    case ErrorCode::denied:
      return "The server refuses this sender or this recipient: check --smtp-from and the address.";
    case ErrorCode::unavailable:
      return "Check host, port and firewall, and whether the server offers the TLS that the URL "
             "asks for.";
    case ErrorCode::timeout: return "The server took the connection and then said nothing in time.";
    default: return "Check the address and the options.";
  }
}

/// Runs `change` on each kind in one transaction and gives the sum.
template <typename Change>
Result<std::int64_t> for_each_kind(const Place& place, Change change) {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  return (*database)->transact([&](store::Transaction& tx) -> Result<std::int64_t> {
    std::int64_t sum = 0;
    for (const auto kind : kinds) {
      auto count = change(tx, kind);
      if (!count) return count;
      sum += *count;
    }
    return sum;
  });
}

}  // namespace

Result<void> mail_test(const MailTest& test) {
  auto server = notice::load_mail_server(test.server, test.from, test.password_file);
  if (!server) return tl::unexpected<Error>{std::move(server).error()};
  const SystemClock clock;
  SystemRng rng;
  const auto sent =
      notice::send_mail(*server,
                        {.to = test.to,
                         .subject = "Khiên: thư thử, a test",
                         .text = "Máy chủ thư nhận thư của Khiên. Không cần trả lời.\n"
                                 "The mail server takes Khiên's mail. No need to answer.\n"},
                        clock, rng);
  if (!sent) {
    return fail(sent.error().code, sent.error().message + ". " + std::string{advice(sent.error())});
  }
  std::printf("%s:%u took a mail to %s from %s. See whether it arrives.\n", server->host.c_str(),
              server->port, test.to.c_str(), server->from.c_str());
  return {};
}

Result<void> mail_list(const Place& place) {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  return (*database)->read([&](store::Executor& db) -> Result<void> {
    for (const auto kind : kinds) {
      auto counts = store::count_jobs(db, kind);
      if (!counts) return tl::unexpected<Error>{std::move(counts).error()};
      std::printf("%-24s %5lld waiting  %5lld given up\n", std::string{kind}.c_str(),
                  static_cast<long long>(counts->waiting), static_cast<long long>(counts->dead));
      auto dead = store::list_dead_jobs(db, kind, listed_max);
      if (!dead) return tl::unexpected<Error>{std::move(dead).error()};
      for (const auto& job : *dead) {
        std::printf("  %s  after %d tries: %s\n", job.payload.c_str(), job.attempts,
                    job.why.c_str());
      }
    }
    return {};
  });
}

Result<void> mail_retry(const Place& place) {
  const SystemClock clock;
  auto count = for_each_kind(place, [&](store::Transaction& tx, std::string_view kind) {
    return store::revive_dead_jobs(tx, clock, kind);
  });
  if (!count) return tl::unexpected<Error>{std::move(count).error()};
  std::printf("%lld mails will be tried again\n", static_cast<long long>(*count));
  return {};
}

Result<void> mail_forget(const Place& place) {
  const SystemClock clock;
  auto count = for_each_kind(place, [&](store::Transaction& tx, std::string_view kind) {
    return store::forget_dead_jobs(tx, kind, clock.now_ms());
  });
  if (!count) return tl::unexpected<Error>{std::move(count).error()};
  std::printf("%lld mails forgotten\n", static_cast<long long>(*count));
  return {};
}

}  // namespace khien::khienctl
