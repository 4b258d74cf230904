#include "resolver/zone_transfer.h"

namespace khien::resolver {
namespace {

/// DNSSEC's own records (a signed policy zone has them), and types that no answer can hold.
bool is_local_data(std::uint16_t type) noexcept {
  constexpr std::uint16_t type_nsec3 = 50;
  constexpr std::uint16_t type_nsec3param = 51;
  constexpr std::uint16_t types_of_questions = 128;  // TKEY, TSIG, IXFR, AXFR, ANY … up to 255
  switch (type) {
    case dns::type_rrsig:
    case dns::type_nsec:
    case type_nsec3:
    case type_nsec3param:
    case dns::type_dnskey:
    case dns::type_ds:
    case dns::type_dname:
    case dns::type_ns:
    case dns::type_opt: return false;
    default: return type != 0 && (type < types_of_questions || type > 255);
  }
}

bool is_too_wide(const dns::RpzTrigger& trigger) noexcept {
  if (trigger.prefix) {
    return trigger.prefix->length < (trigger.prefix->is_v6 ? prefix_v6_min : prefix_v4_min);
  }
  return trigger.name.label_count() < policy::rule_labels_min;
}

bool is_address_kind(dns::RpzTriggerKind kind) noexcept {
  return kind != dns::RpzTriggerKind::qname && kind != dns::RpzTriggerKind::nsdname;
}

}  // namespace

Result<void> ZoneTransfer::feed(Bytes message) {
  return reader_.feed(message, [this](Bytes whole, const dns::RecordView& record,
                                      dns::TransferReader::Change change) {
    return take_rule(whole, record, change == dns::TransferReader::Change::add);
  });
}

Result<void> ZoneTransfer::take_rule(Bytes message, const dns::RecordView& record, bool add) {
  if (!record.owner.view().is_at_or_below(zone()))
    return dns::bad_transfer("a record of another zone");
  if (record.owner.view() == zone().view()) {
    return record.type == dns::type_ns ? Result<void>{} : skip(Skipped::apex);
  }
  if (is_third_party(source_)) return take_third_party(message, record, add);
  const auto trigger = dns::parse_rpz_owner(record.owner, zone());
  if (!trigger) return skip(Skipped::too_wide);
  if (trigger->kind != dns::RpzTriggerKind::qname || record.type != dns::type_cname) {
    return skip(Skipped::unsupported);
  }
  if (is_too_wide(*trigger)) return skip(Skipped::too_wide);
  const auto target = dns::read_name(message, record.rdata_at);
  if (!target) return dns::bad_transfer("a broken CNAME");
  const auto action = dns::rpz_action(*trigger, record.type, target->name.view().wire());
  if (!action) return dns::bad_transfer("a broken CNAME");
  const bool blocks = *action == dns::RpzAction::nxdomain || *action == dns::RpzAction::nodata;
  const bool passes = *action == dns::RpzAction::passthru;
  if (source_ == policy::source_pass ? !passes : !blocks) return skip(Skipped::unsupported);
  edits_.push(source_, {.add = add,
                        .below = trigger->wildcard,
                        .nodata = *action == dns::RpzAction::nodata,
                        .name = trigger->name.wire()});
  return {};
}

Result<void> ZoneTransfer::take_third_party(Bytes message, const dns::RecordView& record,
                                            bool add) {
  const auto trigger = dns::parse_rpz_owner(record.owner, zone());
  if (!trigger) return skip(Skipped::too_wide);
  if (is_address_kind(trigger->kind) && !trigger->prefix) return skip(Skipped::bad_address);
  if (is_too_wide(*trigger)) return skip(Skipped::too_wide);
  if (!is_local_data(record.type)) return skip(Skipped::unsupported);
  const auto rdata = dns::expand_rdata(message, record);
  if (!rdata) return dns::bad_transfer("a broken record");
  if (rdata->size() > policy::rare_rdata_size_max) return skip(Skipped::too_large);
  const auto action = dns::rpz_action(*trigger, record.type, *rdata);
  if (!action) return dns::bad_transfer("a broken CNAME");
  if (*action == dns::RpzAction::unsupported) return skip(Skipped::unsupported);
  const bool is_plain = *action == dns::RpzAction::nxdomain || *action == dns::RpzAction::nodata;
  if (trigger->kind == dns::RpzTriggerKind::qname && is_plain) {
    edits_.push(source_, {.add = add,
                          .below = trigger->wildcard,
                          .nodata = *action == dns::RpzAction::nodata,
                          .name = trigger->name.wire()});
    return {};
  }
  take_rare(*trigger, {.type = record.type, .ttl = record.ttl, .rdata = *rdata}, add);
  return {};
}

void ZoneTransfer::take_rare(const dns::RpzTrigger& trigger, policy::RareRecord record, bool add) {
  record.kind = trigger.kind;
  record.below = trigger.wildcard;
  const dns::Name name = trigger.name.lower();
  const policy::PrefixKey prefix =
      trigger.prefix ? policy::prefix_key(*trigger.prefix) : policy::PrefixKey{};
  record.key = trigger.prefix ? Bytes{prefix} : name.wire();
  edits_.push(source_, {.add = add, .rare = record});
}

}  // namespace khien::resolver
