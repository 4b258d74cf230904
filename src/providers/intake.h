// Takes what a probe saw into the database: judges it (probe/finding.h), keeps what each probe saw
// last, and what follows for the provider. No ledger leaf: these are measurements, not decisions;
// the signed statement itself is kept wherever it changed a verdict.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "probe/statement.h"
#include "providers/verdict.h"
#include "providers/work_list.h"

namespace khien::providers {

constexpr std::int64_t clock_off_max_ms = 10 * ms_per_minute;  // of a probe's, either way

/// From where our own name was asked for in a run: the addresses of resolvers, not of people.
using FindAskers = std::function<std::vector<net::IpAddress>(std::string_view nonce_name)>;

struct Told {
  const probe::Statement& statement;
  std::string_view body;  ///< the octets that were signed
};

struct Intake {
  bool known = false;          ///< the same statement came before: nothing was added
  std::int64_t judged = 0;     ///< names
  std::int64_t changed = 0;    ///< verdicts
  std::int64_t overtaken = 0;  ///< names of which something else is expected by now
  probe::LineState line = probe::LineState::good;  ///< the worst
};

/// All of it in one transaction, or nothing. denied "body_hash" if `body` is not what was signed;
/// conflict "run_unknown" for a list that this probe was not given or that is older than
/// run_age_max_ms, "run_reported" where another statement came for it; invalid_argument "bad_time".
/// A dozen statements a name.
[[nodiscard]] Result<Intake> take_statement(store::Transaction& tx, const Context& context,
                                            const Reporter& reporter, const Told& told,
                                            const WorkOptions& options,
                                            const FindAskers& askers = {});

}  // namespace khien::providers
