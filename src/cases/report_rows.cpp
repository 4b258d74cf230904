#include "cases/report_rows.h"

#include "codec/crockford.h"
#include "crypto/hash.h"
#include "crypto/seal.h"

namespace khien::cases {
namespace {

constexpr std::string_view sql_select = R"(
SELECT r.id, r.version, r.state, r.channel, r.category, r.body, r.language,
  (SELECT count(*) FROM report_contact c WHERE c.report_id = r.id), r.reason,
  (SELECT m.case_id FROM case_report m WHERE m.report_id = r.id AND m.unlinked_at_ms IS NULL),
  r.received_at_ms, r.change_sequence
FROM report r )";
constexpr std::string_view sql_of_case = R"(
JOIN case_report e ON e.report_id = r.id AND e.unlinked_at_ms IS NULL
WHERE e.case_id = $1 AND r.change_sequence < $2 ORDER BY r.change_sequence DESC LIMIT $3)";
constexpr std::string_view sql_screening = R"(
WHERE r.state IN ('screening', 'quarantined', 'accepted') AND r.change_sequence < $1
ORDER BY r.change_sequence DESC LIMIT $2)";

Result<Page<Report>> read_page(Result<std::vector<store::Row>> rows, int size) {
  if (!rows) return propagate(std::move(rows).error(), "list reports");
  std::vector<Report> reports;
  for (const auto& row : *rows) {
    auto report = read_report(row);
    if (!report) return tl::unexpected<Error>{std::move(report).error()};
    reports.push_back(std::move(*report));
  }
  return make_page(std::move(reports), size, [](const Report& report) { return report.cursor; });
}

}  // namespace

Octets hash_of(std::string_view text) {
  const auto digest = crypto::sha256(text);
  return Octets{digest.begin(), digest.end()};
}

Result<Octets> hash_of_code(std::string_view typed) {
  const auto code = codec::normalise_code(typed);
  if (!code) return fail(ErrorCode::not_found, "no such code", "unknown_code");
  return hash_of(*code);
}

std::string contact_context(const ReportId& id) { return "report-contact:" + id.value; }
std::string contact_context(const AppealId& id) { return "appeal-contact:" + id.value; }
std::string contact_context(const ListingObjectionId& id) {
  return "objection-contact:" + id.value;
}

Result<std::optional<std::string>> open_contact_row(Result<std::optional<store::Row>> row,
                                                    const Context& context,
                                                    std::string_view tied_to) {
  if (!row) return propagate(std::move(row).error(), "read a contact");
  if (!row->has_value()) return std::optional<std::string>{};
  auto plain = crypto::open(context.contact_key, (*row)->octets(0), tied_to);
  if (!plain) return propagate(std::move(plain).error(), "open a contact");
  return std::optional<std::string>{std::string{as_text(*plain)}};
}

std::string_view report_select() noexcept { return sql_select; }

Result<Report> read_report(const store::Row& row) {
  const auto state = parse_report_state(row.text(2));
  const auto channel = parse_channel(row.text(3));
  if (!state || !channel) return fail(ErrorCode::corrupt, "a report in an unknown state");
  Report report{.id = ReportId{row.text(0)},
                .version = row.integer(1),
                .state = *state,
                .channel = *channel,
                .category = std::nullopt,
                .text = row.text(5),
                .language = row.text(6),
                .has_contact = row.integer(7) > 0,
                .reason = row.text(8),
                .case_id = std::nullopt,
                .received_at_ms = row.integer(10),
                .cursor = row.integer(11)};
  if (const auto category = row.optional_text(4)) report.category = parse_category(*category);
  if (const auto case_id = row.optional_text(9)) report.case_id = CaseId{*case_id};
  return report;
}

Result<Report> load_report(store::Executor& db, const ReportId& id) {
  auto row = db.query_one(std::string{sql_select} + "WHERE r.id = $1", {id});
  if (!row) return propagate(std::move(row).error(), "load a report");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such report");
  return read_report(**row);
}

Result<Page<Report>> list_case_reports(store::Executor& db, const CaseId& case_id,
                                       const PageRequest& page) {
  const int size = page_size(page);
  return read_page(db.query(std::string{sql_select} + std::string{sql_of_case},
                            {case_id, page_start(page), size + 1}),
                   size);
}

Result<Page<Report>> list_screening(store::Executor& db, const PageRequest& page) {
  const int size = page_size(page);
  return read_page(
      db.query(std::string{sql_select} + std::string{sql_screening}, {page_start(page), size + 1}),
      size);
}

}  // namespace khien::cases
