#include "dns/rpz.h"

#include "dns/rdata.h"

namespace khien::dns {
namespace {

bool label_is(Bytes label, std::string_view lower) noexcept {
  if (label.size() != lower.size()) return false;
  for (std::size_t i = 0; i < label.size(); ++i) {
    if (fold(label[i]) != static_cast<std::uint8_t>(lower[i])) return false;
  }
  return true;
}

NameView last_label(NameView name) noexcept {
  while (!name.is_root() && !name.parent().is_root()) name = name.parent();
  return name;
}

/// The label next to the zone tells the kind, for example 32.1.2.0.192.rpz-ip.ZONE.
RpzTriggerKind kind_of(NameView relative) noexcept {
  const Bytes label = last_label(relative).first_label();
  if (label_is(label, "rpz-client-ip")) return RpzTriggerKind::client_ip;
  if (label_is(label, "rpz-ip")) return RpzTriggerKind::ip;
  if (label_is(label, "rpz-nsdname")) return RpzTriggerKind::nsdname;
  if (label_is(label, "rpz-nsip")) return RpzTriggerKind::nsip;
  return RpzTriggerKind::qname;
}

/// Without the label next to the zone. `relative` has one at least.
Name without_last_label(NameView relative) {
  const std::size_t cut = last_label(relative).size();
  Octets wire = to_octets(relative.wire().first(relative.size() - cut));
  wire.push_back(0);
  auto name = Name::from_wire(wire);
  KHIEN_ASSERT(name.has_value());
  return std::move(*name);
}

bool begins_with_rpz(Bytes label) noexcept {
  return label.size() >= 4 && label_is(label.first(4), "rpz-");
}

}  // namespace

std::optional<RpzTrigger> parse_rpz_owner(NameView owner, NameView zone) {
  if (!owner.is_below(zone)) return std::nullopt;
  Name relative = relative_to(owner, zone);
  const RpzTriggerKind kind = kind_of(relative);
  if (kind != RpzTriggerKind::qname) relative = without_last_label(relative);
  if (kind != RpzTriggerKind::qname && kind != RpzTriggerKind::nsdname) {
    return RpzTrigger{.kind = kind, .name = {}, .prefix = parse_rpz_prefix(relative)};
  }
  if (!relative.is_wildcard()) return RpzTrigger{.kind = kind, .name = std::move(relative)};
  if (kind == RpzTriggerKind::qname && relative.label_count() == 1) return std::nullopt;
  return RpzTrigger{.kind = kind, .name = relative.parent(), .wildcard = true};
}

Wire<Name> make_rpz_owner(NameView name, bool wildcard, NameView zone) {
  if (name.is_root()) return tl::unexpected(WireError::bad_label);
  auto owner = join(name, zone);
  if (!owner || !wildcard) return owner;
  return owner->prepend(as_bytes("*"));
}

Wire<RpzAction> rpz_action(const RpzTrigger& trigger, std::uint16_t record_type,
                           Bytes rdata) noexcept {
  if (record_type != type_cname) return RpzAction::local_data;
  const auto target = parse_name_rdata(rdata);
  if (!target) return tl::unexpected(target.error());
  if (target->is_root()) return RpzAction::nxdomain;
  const Bytes top = last_label(*target).first_label();
  const bool one_label = target->label_count() == 1;
  if (one_label && target->is_wildcard()) return RpzAction::nodata;
  if (one_label && label_is(top, "rpz-passthru")) return RpzAction::passthru;
  if (one_label && label_is(top, "rpz-drop")) return RpzAction::drop;
  if (one_label && label_is(top, "rpz-tcp-only")) return RpzAction::tcp_only;
  if (begins_with_rpz(top)) return RpzAction::unsupported;
  if (trigger.kind == RpzTriggerKind::qname && !trigger.wildcard &&
      *target == trigger.name.view()) {
    return RpzAction::passthru;
  }
  return RpzAction::redirect;
}

Name rpz_action_target(RpzAction action) {
  const auto one_label = [](std::string_view label) {
    const auto name = Name{}.prepend(as_bytes(label));
    KHIEN_ASSERT(name.has_value());
    return *name;
  };
  switch (action) {
    case RpzAction::nodata: return one_label("*");
    case RpzAction::passthru: return one_label("rpz-passthru");
    case RpzAction::drop: return one_label("rpz-drop");
    case RpzAction::tcp_only: return one_label("rpz-tcp-only");
    case RpzAction::nxdomain:
    case RpzAction::redirect:
    case RpzAction::local_data:
    case RpzAction::unsupported: break;
  }
  return Name{};
}

}  // namespace khien::dns
