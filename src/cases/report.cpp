// Receiving and reading reports; triage is in report_triage.cpp, the reporter's view in
// report_view.cpp.
#include "cases/report.h"

#include <algorithm>
#include <array>

#include "cases/deadline_rows.h"
#include "cases/membership.h"
#include "cases/record.h"
#include "cases/report_rows.h"
#include "cases/settings.h"
#include "codec/crockford.h"
#include "text/normalise.h"
#include "text/utf8.h"

namespace khien::cases {
namespace {

constexpr std::size_t title_from_text_size_max = 80;  // octets of a title that is no host
constexpr std::size_t submission_size_max = 128;
constexpr std::size_t indexed_reports_max = 20;  // later ones of a campaign add no words
// Screening, DOMAIN 7.3: danger to children or life, active fraud, the rest.
constexpr std::int64_t screen_danger_ms = 15 * ms_per_minute;
constexpr std::int64_t screen_active_duty_ms = 30 * ms_per_minute;
constexpr std::int64_t screen_active_ms = 2 * ms_per_hour;
constexpr int screen_other_days = 1;
constexpr std::int64_t office_opens_hour = 8;

constexpr std::array<std::string_view, 3> channel_words{"web", "api", "officer"};

constexpr std::string_view sql_insert = R"(
INSERT INTO report (id, state, channel, category, body, language, code_hash, submission_hash,
  received_at_ms, accepted_at_ms, change_sequence)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11))";
constexpr std::string_view sql_by_submission = "SELECT id FROM report WHERE submission_hash = $1";
constexpr std::string_view sql_add_subject =
    "INSERT INTO report_subject (report_id, subject_id) VALUES ($1, $2)";
constexpr std::string_view sql_add_contact =
    "INSERT INTO report_contact (report_id, sealed) VALUES ($1, $2)";
constexpr std::string_view sql_case_state =
    "SELECT state, number, (SELECT count(*) FROM case_report m WHERE m.case_id = c.id AND "
    "m.unlinked_at_ms IS NULL) FROM case_file c WHERE c.id = $1";

// What a draft is once it is cleaned: the same text that is stored, searched and hashed.
struct CleanDraft {
  std::string body;
  std::string contact;
  std::optional<Octets> submission_hash;
};

Result<CleanDraft> clean(const ReportDraft& draft) {
  if (draft.category && is_choice(*draft.category)) {
    return fail(ErrorCode::invalid_argument, "a network choice is nothing to report",
                "choice_category");
  }
  auto body = text::clean_text(draft.text, report_text_size_max);
  if (!body) {
    auto error = std::move(body).error();
    if (error.code == ErrorCode::limit_exceeded) error.reason = "report_too_long";
    return propagate(std::move(error), "read a report");
  }
  if (body->size() < 3) {
    return fail(ErrorCode::invalid_argument, "the report is empty", "report_empty");
  }
  auto contact = text::clean_line(draft.contact, contact_size_max);
  if (!contact) return propagate(std::move(contact).error(), "read a contact");
  CleanDraft out{.body = std::move(*body), .contact = std::move(*contact), .submission_hash = {}};
  if (!draft.submission.empty()) {
    if (draft.submission.size() > submission_size_max) {
      return fail(ErrorCode::invalid_argument, "the submission word is too long", "bad_field");
    }
    out.submission_hash = hash_of("submission:" + draft.submission);
  }
  return out;
}

std::string shortened(std::string_view text) {
  const auto kept = text::truncate(text, title_from_text_size_max);
  return std::string{kept} + (kept.size() < text.size() ? "…" : "");
}

/// What the case is called at first: its foremost subject, or the report's beginning. A host stands
/// whole, because what tells whose it is stands at its end.
std::string title_of(const std::vector<Subject>& subjects, std::string_view body) {
  for (const auto kind : {SubjectKind::host, SubjectKind::url, SubjectKind::phone,
                          SubjectKind::bank_account, SubjectKind::email}) {
    const auto found = std::find_if(subjects.begin(), subjects.end(),
                                    [&](const Subject& s) { return s.kind == kind; });
    if (found != subjects.end()) {
      return kind == SubjectKind::host ? found->display : shortened(found->display);
    }
  }
  return shortened(text::collapse_whitespace(body));
}

Result<InstantMs> screen_due(store::Executor& db, std::optional<Category> category,
                             InstantMs now_ms) {
  if (category == Category::child_abuse || category == Category::threats) {
    return now_ms + screen_danger_ms;
  }
  auto calendar = read_calendar(db);
  if (!calendar) return tl::unexpected<Error>{std::move(calendar).error()};
  if (category == Category::phishing || category == Category::fraud ||
      category == Category::malware) {
    const auto day = vietnam_day(now_ms);
    const auto hour = (now_ms + vietnam_offset_ms - day * ms_per_day) / ms_per_hour;
    const bool on_duty =
        calendar->is_working_day(day) && hour >= office_opens_hour && hour < office_closes_hour;
    return now_ms + (on_duty ? screen_active_duty_ms : screen_active_ms);
  }
  return after_working_days(now_ms, screen_other_days, *calendar);
}

// Where a new report goes before anybody has seen it.
struct Place {
  ReportState state = ReportState::received;
  std::optional<CaseId> case_id;
  std::string case_number;
  std::int64_t members = 0;
  std::string_view why = "new_case";
};

Result<Place> find_place(store::Transaction& tx, const Context& context, const ReportDraft& draft,
                         const CleanDraft& cleaned, const std::vector<Subject>& subjects) {
  const auto now_ms = context.clock.now_ms();
  const bool all_benign =
      !subjects.empty() && std::all_of(subjects.begin(), subjects.end(),
                                       [&](const Subject& s) { return is_benign(s, now_ms); });
  // A decision "benign" is met first: it costs an officer one look, not a case.
  if (all_benign) return Place{.state = ReportState::screening, .case_id = {}, .case_number = {}};

  auto found = find_open_case(tx, context, subjects);
  if (!found) return tl::unexpected<Error>{std::move(found).error()};
  Place place;
  if (*found) {
    place.case_id = **found;
    place.why = "same_subject";
  } else {
    auto opened = open_case(
        tx, context, {.title = title_of(subjects, cleaned.body), .category = draft.category});
    if (!opened) return tl::unexpected<Error>{std::move(opened).error()};
    place.case_id = *opened;
  }
  auto row = tx.query_one(sql_case_state, {*place.case_id});
  if (!row) return propagate(std::move(row).error(), "read the case of a report");
  // In a case that an officer has taken up, one more of the same needs no second look.
  if ((*row)->text(0) != to_string(CaseState::open)) place.state = ReportState::linked;
  place.case_number = (*row)->text(1);
  place.members = (*row)->integer(2);
  return place;
}

Result<void> keep_parts(store::Transaction& tx, const Context& context, const ReportId& id,
                        const CleanDraft& cleaned, const std::vector<Subject>& subjects) {
  for (const auto& subject : subjects) {
    auto done = tx.execute(sql_add_subject, {id, subject.id});
    if (!done) return propagate(std::move(done).error(), "keep a report's subjects");
  }
  if (cleaned.contact.empty()) return {};
  const auto sealed = crypto::seal(context.contact_key, as_bytes(cleaned.contact),
                                   contact_context(id), context.rng);
  auto done = tx.execute(sql_add_contact, {id, sealed});
  if (!done) return propagate(std::move(done).error(), "keep a contact");
  return {};
}

Result<void> place_report(store::Transaction& tx, const Context& context, const ReportId& id,
                          const Place& place, std::optional<Category> category) {
  if (place.case_id) {
    auto done = add_member(tx, context, *place.case_id, id, place.why);
    if (!done) return done;
    if (place.members < static_cast<std::int64_t>(indexed_reports_max)) {
      done = index_case(tx, *place.case_id);
      if (!done) return done;
    }
  }
  if (place.state == ReportState::linked) return {};
  auto due = screen_due(tx, category, context.clock.now_ms());
  if (!due) return tl::unexpected<Error>{std::move(due).error()};
  return open_deadline(tx, context,
                       {.kind = DeadlineKind::screen,
                        .record = "report",
                        .record_id = id.value,
                        .case_id = place.case_id.value_or(CaseId{}),
                        .due_at_ms = *due});
}

}  // namespace

std::string_view to_string(Channel channel) noexcept {
  return channel_words[static_cast<std::size_t>(channel)];
}

std::optional<Channel> parse_channel(std::string_view word) noexcept {
  const auto found = std::find(channel_words.begin(), channel_words.end(), word);
  if (found == channel_words.end()) return std::nullopt;
  return static_cast<Channel>(found - channel_words.begin());
}

Result<Receipt> receive_report(store::Transaction& tx, const Context& context,
                               const ReportDraft& draft) {
  const auto now_ms = context.clock.now_ms();
  auto cleaned = clean(draft);
  if (!cleaned) return tl::unexpected<Error>{std::move(cleaned).error()};
  if (cleaned->submission_hash) {
    auto before = tx.query_one(sql_by_submission, {*cleaned->submission_hash});
    if (!before) return propagate(std::move(before).error(), "look for a report sent twice");
    if (before->has_value()) {
      return Receipt{.report = ReportId{(*before)->text(0)},
                     .code = {},
                     .case_id = {},
                     .case_number = {},
                     .subjects = {},
                     .received_at_ms = now_ms};
    }
  }
  auto subjects = ensure_subjects_of(tx, context, cleaned->body);
  if (!subjects) return tl::unexpected<Error>{std::move(subjects).error()};
  auto place = find_place(tx, context, draft, *cleaned, *subjects);
  if (!place) return tl::unexpected<Error>{std::move(place).error()};

  const auto id = ReportId::make(context.clock, context.rng);
  const auto code = codec::random_code(context.rng);
  auto code_hash = hash_of_code(code);
  if (!code_hash) return tl::unexpected<Error>{std::move(code_hash).error()};
  auto event = record_event(tx, context,
                            {.kind = "report.received",
                             .record = "report",
                             .record_id = id.value,
                             .case_id = place->case_id.value_or(CaseId{}),
                             .after = to_string(place->state),
                             .fields = {{"channel", std::string{to_string(draft.channel)}}}});
  if (!event) return tl::unexpected<Error>{std::move(event).error()};
  std::optional<std::string_view> category;
  if (draft.category) category = to_string(*draft.category);
  std::optional<InstantMs> accepted_at_ms;
  if (place->state == ReportState::linked) accepted_at_ms = now_ms;
  auto done = tx.execute(sql_insert, {id, to_string(place->state), to_string(draft.channel),
                                      category, cleaned->body, draft.language, *code_hash,
                                      cleaned->submission_hash, now_ms, accepted_at_ms, *event});
  if (!done) return propagate(std::move(done).error(), "keep a report");
  auto kept = keep_parts(tx, context, id, *cleaned, *subjects);
  if (kept) kept = place_report(tx, context, id, *place, draft.category);
  if (!kept) return tl::unexpected<Error>{std::move(kept).error()};
  return Receipt{.report = id,
                 .code = code,
                 .case_id = place->case_id,
                 .case_number = place->case_number,
                 .subjects = std::move(*subjects),
                 .received_at_ms = now_ms};
}

}  // namespace khien::cases
