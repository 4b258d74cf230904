#include "cases/impact_json.h"

#include <utility>

#include "cases/impact_words.h"
#include "cases/url_target.h"
#include "codec/hex.h"
#include "crypto/hash.h"

namespace khien::cases {
namespace {

using codec::Json;

Json words_to_json(const Words& words) {
  return Json::object({{"vi", words.vi}, {"en", words.en}});
}

Json finding_to_json(const Impact& impact, const Finding& finding) {
  Json out = Json::object({{"rule", to_string(finding.kind)},
                           {"severity", to_string(finding.severity)},
                           {"text", words_to_json(words_of(impact, finding))}});
  if (!finding.source.empty()) out.set("source", finding.source);
  return out;
}

}  // namespace

Result<codec::Json> impact_to_json(const Impact& impact, InstantMs checked_at_ms) {
  Json::Array findings;
  for (const auto& finding : impact.findings) findings.push_back(finding_to_json(impact, finding));
  Json::Array covered;
  for (auto& name : covers(impact)) covered.emplace_back(std::move(name));

  Json out = Json::object({{"name", impact.name},
                           {"display", display_of(impact.name)},
                           {"scope", to_string(impact.scope)},
                           {"covers", std::move(covered)},
                           {"verdict", to_string(impact.verdict)},
                           {"summary", words_to_json(summary_of(impact))},
                           {"findings", std::move(findings)},
                           {"rank", impact.rank},
                           {"names_below", impact.names_below},
                           {"data_version", impact.data_version},
                           {"checked_at_ms", checked_at_ms}});
  if (impact.names_at) out.set("names_at", *impact.names_at);
  if (!impact.registrable_domain.empty()) out.set("registrable_domain", impact.registrable_domain);
  auto canonical = out.canonical();
  if (!canonical) return propagate(std::move(canonical).error(), "digest an impact");
  out.set("digest", codec::hex(crypto::sha256(*canonical)));
  return out;
}

}  // namespace khien::cases
