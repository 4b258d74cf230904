#include "publish/good_names.h"

#include <algorithm>

#include "publish/address_names.h"
#include "publish/url_names.h"

namespace khien::publish {
namespace {

using cases::FindingKind;

bool counts(const cases::Finding& finding, Basis basis, cases::Scope scope) noexcept {
  // One page of a site that everybody knows is what such an order is for.
  if (scope == cases::Scope::url) return finding.severity == cases::Severity::refuse;
  // These are no names for a zone, which refuses them by itself.
  if (finding.kind == FindingKind::not_a_name || finding.kind == FindingKind::ip_address ||
      finding.kind == FindingKind::single_label || finding.kind == FindingKind::public_suffix) {
    return false;
  }
  const bool popular =
      finding.kind == FindingKind::popular || finding.kind == FindingKind::popular_below;
  if (basis == Basis::choice) {
    return !popular && finding.kind != FindingKind::never_block_above &&
           finding.severity == cases::Severity::refuse;
  }
  return popular || finding.severity == cases::Severity::refuse;
}

}  // namespace

FindGoodName good_names_of(Snapshot<cases::ImpactData>& impact) {
  return [&impact](std::string_view name, Scope scope, Basis basis) -> std::optional<GoodName> {
    const auto data = impact.get();
    cases::ImpactInput asked{
        .name = std::string{name},
        .scope = scope == Scope::domain ? cases::Scope::domain : cases::Scope::host};
    if (const auto address = address_text(name)) {
      asked.name = *address;
      asked.scope =
          address->find('/') == std::string::npos ? cases::Scope::address : cases::Scope::prefix;
    }
    if (auto page = url_text(name)) {
      asked.name = std::move(*page);
      asked.scope = cases::Scope::url;
    }
    const auto seen = cases::assess_impact(*data, asked);
    const auto at = std::find_if(
        seen.findings.begin(), seen.findings.end(),
        [&](const cases::Finding& finding) { return counts(finding, basis, asked.scope); });
    if (at == seen.findings.end()) return std::nullopt;
    std::string why{to_string(at->kind)};
    if (!at->source.empty()) why += ": " + at->source;
    // Findings stand worst first, so an orderable one means that nothing worse was found.
    return GoodName{.name = at->names.empty() ? std::string{name} : at->names.front(),
                    .why = std::move(why),
                    .orderable = at->severity < cases::Severity::refuse};
  };
}

}  // namespace khien::publish
