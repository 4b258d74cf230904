#include "cases/subject.h"

#include <algorithm>
#include <array>

#include "cases/record.h"
#include "text/host.h"
#include "text/ip.h"
#include "text/normalise.h"
#include "text/phone.h"
#include "text/url.h"
#include "text/utf8.h"

namespace khien::cases {
namespace {

constexpr std::array<std::string_view, 12> kind_words{
    "domain", "host",         "url",    "ip",     "phone", "sender_name",
    "email",  "bank_account", "wallet", "social", "app",   "file_hash"};
constexpr std::array<std::string_view, 5> verdict_words{"unknown", "suspected", "confirmed",
                                                        "benign", "gone"};

constexpr std::string_view sql_columns = R"(
SELECT s.id, s.kind, s.value, s.verdict, s.verdict_reason, s.verdict_until_ms, s.first_seen_ms,
  s.version, (SELECT count(*) FROM case_subject c WHERE c.subject_id = s.id
              AND (c.reports > 0 OR c.by_officer = 1))
FROM subject s )";
constexpr std::string_view sql_insert = R"(
INSERT INTO subject (id, kind, value, first_seen_ms) VALUES ($1, $2, $3, $4)
ON CONFLICT (kind, value) DO NOTHING)";
constexpr std::string_view sql_judge = R"(
UPDATE subject SET verdict = $3, verdict_reason = $4, verdict_until_ms = $5, verdict_at_ms = $6,
  version = version + 1
WHERE id = $1 AND version = $2)";

Result<Subject> read_subject(const store::Row& row) {
  const auto kind = parse_subject_kind(row.text(1));
  const auto verdict = parse_verdict(row.text(3));
  if (!kind || !verdict) return fail(ErrorCode::corrupt, "a subject of an unknown kind");
  Subject subject{.id = SubjectId{row.text(0)},
                  .kind = *kind,
                  .value = row.text(2),
                  .display = row.text(2),
                  .verdict = *verdict,
                  .verdict_reason = row.text(4),
                  .verdict_until_ms = row.optional_integer(5),
                  .first_seen_ms = row.integer(6),
                  .version = row.integer(7),
                  .case_count = row.integer(8)};
  if (*kind == SubjectKind::host || *kind == SubjectKind::domain) {
    subject.display = text::host_for_display(subject.value);
  }
  return subject;
}

Result<std::optional<Subject>> read_one(Result<std::optional<store::Row>> row) {
  if (!row) return propagate(std::move(row).error(), "load a subject");
  if (!row->has_value()) return std::optional<Subject>{};
  auto subject = read_subject(**row);
  if (!subject) return tl::unexpected<Error>{std::move(subject).error()};
  return std::optional<Subject>{std::move(*subject)};
}

Result<std::string> without_spaces(std::string_view written) {
  std::string out;
  std::copy_if(written.begin(), written.end(), std::back_inserter(out),
               [](char c) { return c != ' ' && c != '\t' && c != '\n' && c != '\r'; });
  if (out.empty() || !text::is_valid_utf8(out)) {
    return fail(ErrorCode::malformed, "the value of a subject is empty or no text", "bad_subject");
  }
  return out;
}

}  // namespace

std::string_view to_string(SubjectKind kind) noexcept {
  return kind_words[static_cast<std::size_t>(kind)];
}

std::optional<SubjectKind> parse_subject_kind(std::string_view word) noexcept {
  const auto found = std::find(kind_words.begin(), kind_words.end(), word);
  if (found == kind_words.end()) return std::nullopt;
  return static_cast<SubjectKind>(found - kind_words.begin());
}

std::string_view to_string(Verdict verdict) noexcept {
  return verdict_words[static_cast<std::size_t>(verdict)];
}

std::optional<Verdict> parse_verdict(std::string_view word) noexcept {
  const auto found = std::find(verdict_words.begin(), verdict_words.end(), word);
  if (found == verdict_words.end()) return std::nullopt;
  return static_cast<Verdict>(found - verdict_words.begin());
}

bool may_move(Verdict from, Verdict to) noexcept {
  switch (from) {
    case Verdict::unknown:
      return to == Verdict::suspected || to == Verdict::confirmed || to == Verdict::benign;
    case Verdict::suspected:
      return to == Verdict::confirmed || to == Verdict::benign || to == Verdict::gone;
    case Verdict::confirmed: return to == Verdict::gone || to == Verdict::benign;
    // Benign may be said again, with a new end.
    case Verdict::benign:
      return to == Verdict::suspected || to == Verdict::confirmed || to == Verdict::benign;
    case Verdict::gone: return to == Verdict::suspected || to == Verdict::confirmed;
  }
  return false;
}

Result<std::string> canonical_subject(SubjectKind kind, std::string_view written) {
  if (written.size() > subject_value_size_max) {
    return fail(ErrorCode::limit_exceeded, "the value of a subject is too long", "bad_subject");
  }
  switch (kind) {
    case SubjectKind::domain:
    case SubjectKind::host: return text::normalise_host(text::trim(written));
    case SubjectKind::url: {
      auto url = text::read_url(written);
      if (!url) return tl::unexpected<Error>{std::move(url).error()};
      return text::to_string(*url);
    }
    case SubjectKind::phone: {
      auto phone = text::phone_to_e164(written);
      if (!phone) return fail(ErrorCode::malformed, "not a telephone number", "bad_subject");
      return std::move(*phone);
    }
    case SubjectKind::email: {
      auto plain = without_spaces(written);
      if (!plain) return plain;
      if (plain->find('@') == std::string::npos) {
        return fail(ErrorCode::malformed, "not a mail address", "bad_subject");
      }
      return text::ascii_lower(*plain);
    }
    case SubjectKind::file_hash: {
      auto plain = without_spaces(written);
      if (!plain) return plain;
      return text::ascii_lower(*plain);
    }
    case SubjectKind::sender_name:
    case SubjectKind::app: {
      auto line = text::clean_line(written, subject_value_size_max);
      if (!line) return line;
      if (line->empty()) return fail(ErrorCode::malformed, "an empty name", "bad_subject");
      return line;
    }
    case SubjectKind::ip:
    case SubjectKind::bank_account:
    case SubjectKind::wallet:
    case SubjectKind::social: return without_spaces(written);
  }
  return fail(ErrorCode::internal, "an unknown kind of subject");
}

Result<Subject> load_subject(store::Executor& db, const SubjectId& id) {
  auto subject = read_one(db.query_one(std::string{sql_columns} + "WHERE s.id = $1", {id}));
  if (!subject) return tl::unexpected<Error>{std::move(subject).error()};
  if (!*subject) return fail(ErrorCode::not_found, "no such subject");
  return std::move(**subject);
}

Result<std::optional<Subject>> find_subject(store::Executor& db, SubjectKind kind,
                                            std::string_view value) {
  return read_one(db.query_one(std::string{sql_columns} + "WHERE s.kind = $1 AND s.value = $2",
                               {to_string(kind), value}));
}

Result<Subject> ensure_subject(store::Transaction& tx, const Context& context, SubjectKind kind,
                               std::string_view value) {
  const auto id = SubjectId::make(context.clock, context.rng);
  auto done = tx.execute(sql_insert, {id, to_string(kind), value, context.clock.now_ms()});
  if (!done) return propagate(std::move(done).error(), "make a subject");
  auto subject = find_subject(tx, kind, value);
  if (!subject) return tl::unexpected<Error>{std::move(subject).error()};
  if (!*subject) return fail(ErrorCode::internal, "a subject that was made is not there");
  return std::move(**subject);
}

bool is_benign(const Subject& subject, InstantMs now_ms) noexcept {
  return subject.verdict == Verdict::benign && subject.verdict_until_ms &&
         now_ms < *subject.verdict_until_ms;
}

Result<Subject> judge_subject(store::Transaction& tx, const Context& context,
                              const identity::Actor& actor, const VerdictMove& move) {
  auto allowed = require(actor, identity::Action::subject_verdict);
  if (!allowed) return tl::unexpected<Error>{std::move(allowed).error()};
  auto subject = load_subject(tx, move.subject);
  if (!subject) return subject;
  auto fresh = expect_version(move.version, subject->version);
  if (!fresh) return tl::unexpected<Error>{std::move(fresh).error()};
  if (!may_move(subject->verdict, move.verdict)) {
    return wrong_state(to_string(subject->verdict), to_string(move.verdict));
  }
  auto reason = clean_reason(move.reason);
  if (!reason) return tl::unexpected<Error>{std::move(reason).error()};

  const auto now_ms = context.clock.now_ms();
  std::optional<InstantMs> until_ms;
  if (move.verdict == Verdict::benign) {
    until_ms = move.until_ms.value_or(now_ms + benign_life_max_ms);
    if (*until_ms > now_ms + benign_life_max_ms) {
      return fail(ErrorCode::invalid_argument, "benign lasts at most 365 days",
                  "end_date_too_late");
    }
    if (*until_ms <= now_ms) {
      return fail(ErrorCode::invalid_argument, "the end date has passed", "end_date_past");
    }
  }
  auto done = tx.execute(
      sql_judge, {move.subject, move.version, to_string(move.verdict), *reason, until_ms, now_ms});
  if (!done) return propagate(std::move(done).error(), "judge a subject");
  auto event = record_event(tx, context,
                            {.kind = "subject.judged",
                             .record = "subject",
                             .record_id = move.subject.value,
                             .actor = actor.account_id,
                             .before = to_string(subject->verdict),
                             .after = to_string(move.verdict),
                             .text = *reason});
  if (!event) return tl::unexpected<Error>{std::move(event).error()};
  return load_subject(tx, move.subject);
}

}  // namespace khien::cases
