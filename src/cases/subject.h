// Subjects: what reports are about, each once, under one canonical key. A verdict is a dated
// decision of a person; "benign" is met first by every later report and never joins one to a case.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cases/context.h"
#include "cases/ids.h"
#include "identity/actor.h"
#include "store/executor.h"
#include "text/extract.h"

namespace khien::cases {

enum class SubjectKind : std::uint8_t {
  domain,
  host,
  url,
  ip,
  phone,
  sender_name,
  email,
  bank_account,
  wallet,
  social,
  app,
  file_hash,
};
[[nodiscard]] std::string_view to_string(SubjectKind kind) noexcept;
[[nodiscard]] std::optional<SubjectKind> parse_subject_kind(std::string_view word) noexcept;

enum class Verdict : std::uint8_t { unknown, suspected, confirmed, benign, gone };
[[nodiscard]] std::string_view to_string(Verdict verdict) noexcept;
[[nodiscard]] std::optional<Verdict> parse_verdict(std::string_view word) noexcept;
/// unknown → suspected → {confirmed, benign}; confirmed → {gone, benign}; gone → suspected. An
/// officer who is sure may go from unknown straight to confirmed or benign, and take benign back.
[[nodiscard]] bool may_move(Verdict from, Verdict to) noexcept;

/// A decision "benign" lasts at most this long; then the subject is looked at anew.
constexpr std::int64_t benign_life_max_ms = 365 * ms_per_day;
constexpr std::size_t subject_value_size_max = 2'048;
constexpr std::size_t reason_size_max = 2'000;  // octets of every reason people write

struct Subject {
  SubjectId id;
  SubjectKind kind = SubjectKind::host;
  std::string value;    ///< canonical key
  std::string display;  ///< as people read it: IDNs in Unicode
  Verdict verdict = Verdict::unknown;
  std::string verdict_reason;
  std::optional<InstantMs> verdict_until_ms;  ///< of benign
  InstantMs first_seen_ms = 0;
  std::int64_t version = 1;
  std::int64_t case_count = 0;  ///< cases that hold it
};

/// The canonical key of a value as written: host and domain in A-labels, URL without default port,
/// phone in E.164, e-mail in lower case, wallets, accounts and hashes without spaces. malformed
/// with the reason of the reader, or "bad_subject".
[[nodiscard]] Result<std::string> canonical_subject(SubjectKind kind, std::string_view written);

[[nodiscard]] Result<Subject> load_subject(store::Executor& db, const SubjectId& id);
/// The subject under that key; nullopt if it was never seen.
[[nodiscard]] Result<std::optional<Subject>> find_subject(store::Executor& db, SubjectKind kind,
                                                          std::string_view value);
/// Found or made. Not a move: no leaf.
[[nodiscard]] Result<Subject> ensure_subject(store::Transaction& tx, const Context& context,
                                             SubjectKind kind, std::string_view value);
/// True if a decision "benign" stands at `now_ms`.
[[nodiscard]] bool is_benign(const Subject& subject, InstantMs now_ms) noexcept;

struct VerdictMove {
  SubjectId subject;
  std::int64_t version;  ///< as the person saw it
  Verdict verdict;
  std::string reason;
  std::optional<InstantMs> until_ms;  ///< benign only; default and at most benign_life_max_ms
};
/// One move. denied; conflict "stale_version", "wrong_state"; invalid_argument "reason_needed",
/// "end_date_too_late". Leaf subject.judged.
[[nodiscard]] Result<Subject> judge_subject(store::Transaction& tx, const Context& context,
                                            const identity::Actor& actor, const VerdictMove& move);

}  // namespace khien::cases
