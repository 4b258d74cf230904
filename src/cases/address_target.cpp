#include "cases/address_target.h"

#include <set>

#include "cases/impact.h"
#include "text/ip_prefix.h"
#include "text/utf8.h"

namespace khien::cases {
namespace {

constexpr std::string_view sql_addresses =
    "SELECT id, value FROM subject WHERE kind = 'ip' ORDER BY value LIMIT $1";
constexpr std::string_view sql_address =
    "SELECT id, value FROM subject WHERE kind = 'ip' AND value = $1 LIMIT $2";
constexpr std::string_view sql_names_with = R"(
SELECT DISTINCT s.value FROM subject s WHERE s.kind IN ('host', 'domain') AND (
  s.id IN (SELECT b.subject_id FROM report_subject a JOIN report_subject b
           ON b.report_id = a.report_id WHERE a.subject_id = $1)
  OR s.id IN (SELECT d.subject_id FROM case_subject c JOIN case_subject d
              ON d.case_id = c.case_id WHERE c.subject_id = $1))
ORDER BY s.value LIMIT $2)";

}  // namespace

Result<std::string> read_address_target(std::string_view written, Scope scope) {
  auto inside = text::trim(written);
  if (inside.starts_with('[') && inside.ends_with(']'))
    inside = inside.substr(1, inside.size() - 2);
  const auto prefix = text::parse_prefix(inside);
  if (!prefix) {
    return fail(ErrorCode::malformed, "neither an address nor a prefix with its host bits zero",
                "bad_address");
  }
  if (prefix->is_address() != (scope == Scope::address)) {
    return fail(ErrorCode::malformed, "an address has scope address, a prefix has scope prefix",
                "bad_address");
  }
  return text::to_string(*prefix);
}

std::vector<std::string> targets_covering(std::string_view written) {
  std::vector<std::string> targets;
  const auto prefix = text::parse_prefix(text::trim(written));
  if (!prefix) return targets;
  const int length_min = prefix->base.is_v6 ? order_length_min_v6 : order_length_min_v4;
  targets.push_back(text::to_string(*prefix));
  for (int length = prefix->length - 1; length >= length_min; --length) {
    targets.push_back(text::to_string(text::prefix_of(prefix->base, length)));
  }
  return targets;
}

Result<std::vector<std::string>> names_at(store::Executor& db, std::string_view target) {
  const auto wanted = text::parse_prefix(target);
  if (!wanted) return std::vector<std::string>{};
  auto rows = wanted->is_address() ? db.query(sql_address, {target, 1})
                                   : db.query(sql_addresses, {addresses_scanned_max});
  if (!rows) return propagate(std::move(rows).error(), "look for known addresses");
  std::set<std::string> names;
  for (const auto& row : *rows) {
    const auto known = text::parse_prefix(row.text(1));
    if (!known || !text::overlap(*known, *wanted)) continue;
    auto found = db.query(sql_names_with, {row.text(0), names_at_max});
    if (!found) return propagate(std::move(found).error(), "look for names at an address");
    for (const auto& name : *found) names.insert(name.text(0));
    if (names.size() >= static_cast<std::size_t>(names_at_max)) break;
  }
  std::vector<std::string> out{names.begin(), names.end()};
  if (out.size() > static_cast<std::size_t>(names_at_max)) out.resize(names_at_max);
  return out;
}

}  // namespace khien::cases
