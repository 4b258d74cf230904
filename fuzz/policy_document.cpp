// The policy document's reader on any octets: it accepts or refuses with a place; what it accepts
// has a policy for every client at every time, and in each the lawful sources.
#include "policy/policy_document.h"
#include "base/assert.h"

using namespace khien;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const policy::PolicyDocumentContext context{.key = {.a = 1, .b = 3},
                                              .others = {.sources = policy::lawful_sources()},
                                              .has_sinkhole = true};
  const auto book = policy::read_policies(as_text(Bytes{data, size}), context);
  if (!book) {
    KHIEN_ASSERT(!book.error().message.empty());
    return 0;
  }
  std::shared_ptr<const policy::NetworkPolicies> policies;
  for (const InstantMs now_ms : {InstantMs{0}, InstantMs{1'767'225'600'000}}) {
    policies = policy::in_force(**book, now_ms, policies);
    KHIEN_ASSERT(policies->all().size() == (*book)->recipes.size());
    for (const auto& policy : policies->all()) {
      KHIEN_ASSERT((policy.policy.sources & policy::lawful_sources()) == policy::lawful_sources());
      KHIEN_ASSERT(policy.decision != 0);
    }
    (void)policies->of(policy::AddressKey::v4(0xC000'0201), policy::no_entry_point);
    (void)policies->of({.high = 0x2001'0DB8'0000'0000, .low = 1},
                       policy::entry_point(policy::EntryKind::doh_path, "/a"));
  }
  return 0;
}
