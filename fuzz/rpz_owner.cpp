// RPZ owners and actions: a trigger that is read is written back as the same owner.
#include "base/assert.h"
#include "dns/rpz.h"

using namespace khien;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto zone = dns::Name::from_text("orders-phishing.rpz.khien.");
  KHIEN_ASSERT(zone.has_value());
  const dns::Bytes octets{data, size};
  const auto prefix = dns::NameView::parse_prefix(octets);
  if (!prefix) return 0;

  const auto owner = dns::join(*prefix, *zone);
  if (!owner) return 0;
  const auto trigger = dns::parse_rpz_owner(*owner, *zone);
  if (!trigger) {
    KHIEN_ASSERT(prefix->is_root() || (prefix->is_wildcard() && prefix->label_count() == 1));
    return 0;
  }
  const dns::Bytes rdata = octets.subspan(prefix->size());
  static_cast<void>(dns::rpz_action(*trigger, dns::type_cname, rdata));
  if (trigger->kind != dns::RpzTriggerKind::qname) return 0;
  const auto again = dns::make_rpz_owner(trigger->name, trigger->wildcard, *zone);
  KHIEN_ASSERT(again.has_value());
  KHIEN_ASSERT(as_text(again->wire()) == as_text(owner->wire()));

  // Text of any octets either is refused or reads back from its canonical form.
  const auto name = dns::Name::from_text(as_text(octets));
  if (name) KHIEN_ASSERT(*dns::Name::from_text(name->to_text()) == *name);
  return 0;
}
