// Reports: what people tell us, without an account. The reporter holds a random code, which we keep
// as a hash; contact data is sealed in a table of its own, or not kept at all. A report that names
// a subject of an open case joins that case by an edge that an officer can undo.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/category.h"
#include "cases/context.h"
#include "cases/ids.h"
#include "cases/page.h"
#include "cases/states.h"
#include "cases/subject.h"
#include "identity/actor.h"
#include "store/executor.h"

namespace khien::cases {

constexpr std::size_t report_text_size_max = 10'000 * 4;  // octets: 10,000 characters
constexpr std::size_t contact_size_max = 200 * 4;

enum class Channel : std::uint8_t { web, api, officer };
[[nodiscard]] std::string_view to_string(Channel channel) noexcept;

struct ReportDraft {
  Channel channel = Channel::web;
  std::string text;                       ///< the one required field
  std::optional<Category> category = {};  ///< the reporter's own idea of it
  std::string contact = {};               ///< empty: none is kept
  std::string language = "vi";
  /// One random word a form: sending it twice makes one report. Empty: not checked.
  std::string submission = {};
};

struct Receipt {
  ReportId report;
  std::string code;  ///< shown this once; empty where the same submission came before
  std::optional<CaseId> case_id;
  std::string case_number;  ///< for the telephone; empty while it waits for screening
  std::vector<Subject> subjects;
  InstantMs received_at_ms = 0;
};

/// Takes a report: extracts subjects; joins the open case that holds one of them or opens one;
/// begins the screening deadline. If all its subjects stand judged benign it goes to screening and
/// into no case. malformed, limit_exceeded "report_too_long"; invalid_argument "report_empty",
/// "choice_category". Leaf report.received, and case.opened for a new case.
[[nodiscard]] Result<Receipt> receive_report(store::Transaction& tx, const Context& context,
                                             const ReportDraft& draft);

struct Report {
  ReportId id;
  std::int64_t version = 1;
  ReportState state = ReportState::received;
  Channel channel = Channel::web;
  std::optional<Category> category;
  std::string text;
  std::string language;
  bool has_contact = false;
  std::string reason;  ///< of a rejection or quarantine
  std::optional<CaseId> case_id;
  InstantMs received_at_ms = 0;
  std::int64_t cursor = 0;
};
[[nodiscard]] Result<Report> load_report(store::Executor& db, const ReportId& id);
[[nodiscard]] Result<Page<Report>> list_case_reports(store::Executor& db, const CaseId& case_id,
                                                     const PageRequest& page);
/// Reports in no case that wait for an officer: screening and quarantined.
[[nodiscard]] Result<Page<Report>> list_screening(store::Executor& db, const PageRequest& page);
/// The contact that the reporter left; nullopt if none. Right report.triage, and an event of its
/// own: leaf report.contact_opened.
[[nodiscard]] Result<std::optional<std::string>> open_contact(store::Transaction& tx,
                                                              const Context& context,
                                                              const identity::Actor& actor,
                                                              const ReportId& id);

enum class TriageDecision : std::uint8_t { accept, reject, quarantine, screen };
struct TriageMove {
  ReportId report;
  std::int64_t version;
  TriageDecision decision;
  std::string reason = {};                ///< needed for all but accept and screen
  std::optional<Category> category = {};  ///< the officer's, for the case too
};
/// One move of an officer. Accepting a report that is in no case opens one; accepting in a case
/// moves that case from open to triaged. Leaf report.accepted | .rejected | .quarantined |
/// .screening.
[[nodiscard]] Result<Report> triage_report(store::Transaction& tx, const Context& context,
                                           const identity::Actor& actor, const TriageMove& move);

/// Accepts every report of a case that waits, in one move: a campaign has thousands. The case
/// becomes triaged. Right report.triage. Leaf case.reports_accepted. Returns how many there were.
[[nodiscard]] Result<std::int64_t> accept_case_reports(store::Transaction& tx,
                                                       const Context& context,
                                                       const identity::Actor& actor,
                                                       const CaseId& id, std::int64_t version);

struct LinkMove {
  ReportId report;
  std::int64_t version;
  std::optional<CaseId> case_id;  ///< none: out of its case
  std::string reason;
};
/// Moves a report to another case or out of its case; doing the reverse restores both. conflict
/// "case_closed". Leaf report.linked | report.unlinked.
[[nodiscard]] Result<Report> link_report(store::Transaction& tx, const Context& context,
                                         const identity::Actor& actor, const LinkMove& move);

// ---- the reporter's view, by code -----------------------------------------------------------

enum class ReporterStepKind : std::uint8_t {
  received,
  accepted,
  rejected,
  blocked,
  lifted,
  closed,
  withdrawn
};
[[nodiscard]] std::string_view to_string(ReporterStepKind kind) noexcept;
struct ReporterStep {
  ReporterStepKind kind;
  InstantMs at_ms;
};

struct ReporterView {
  ReportState state = ReportState::received;
  InstantMs received_at_ms = 0;
  std::string reason;       ///< of a rejection
  std::string case_number;  ///< empty without a case
  bool can_withdraw = false;
  std::vector<ReporterStep> steps;  ///< in order of time
  std::vector<OrderId> orders;      ///< about the report's own subjects: register.h shows them
};
/// not_found for every code that is none; takes the same work for a wrong code as for a right one.
/// Rate limits are the caller's.
[[nodiscard]] Result<ReporterView> report_status(store::Executor& db, std::string_view code);
/// Any time before it is closed; takes the sealed contact away. Leaf report.withdrawn.
[[nodiscard]] Result<ReporterView> withdraw_report(store::Transaction& tx, const Context& context,
                                                   std::string_view code);

}  // namespace khien::cases
