#include "resolver/zone_transfer.h"

#include "dns/serial.h"

namespace khien::resolver {
namespace {

tl::unexpected<Error> malformed(std::string what) {
  return fail(ErrorCode::malformed, "zone transfer: " + std::move(what), "bad_transfer");
}

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
  if (stage_ == Stage::done) return malformed("messages behind its end");
  if (message.size() > transfer_size_max - octets_) {
    return fail(ErrorCode::limit_exceeded, "zone transfer: too large", "transfer_size");
  }
  octets_ += message.size();
  auto reader = dns::MessageReader::open(message);
  if (!reader) return malformed(std::string{to_string(reader.error())});
  const dns::Header& header = reader->header();
  if (!header.is_response()) return malformed("not an answer");
  if (header.rcode() != dns::rcode_noerror) {
    return fail(ErrorCode::denied,
                "zone transfer: the primary answers rcode " + std::to_string(header.rcode()),
                "refused");
  }
  std::size_t records = 0;
  while (true) {
    const auto record = reader->next();
    if (!record) return malformed(std::string{to_string(record.error())});
    if (!record->has_value()) break;
    if ((**record).section != dns::Section::answer) continue;  // TSIG, OPT
    ++records;
    if (auto taken = take(message, **record); !taken) return taken;
  }
  if (records == 0) return malformed("a message without records");
  // A lone SOA that is not newer than ours: nothing to do (RFC 1995 section 2).
  if (stage_ == Stage::second && have_ && !dns::serial_before(*have_, soa_.serial)) {
    outcome_ = Outcome::current;
    stage_ = Stage::done;
  }
  return {};
}

Result<void> ZoneTransfer::take(Bytes message, const dns::RecordView& record) {
  if (stage_ == Stage::done) return malformed("records behind its end");
  if (record.rclass != dns::class_in) return malformed("another class");
  if (record.type == dns::type_soa) {
    if (record.owner.view() != zone_.view()) return malformed("a SOA of another zone");
    auto rdata = dns::expand_rdata(message, record);
    if (!rdata) return malformed("a broken SOA");
    auto soa = dns::parse_soa(*rdata);
    if (!soa) return malformed("a broken SOA");
    return take_soa(*soa);
  }
  switch (stage_) {
    case Stage::start: return malformed("no SOA at its start");
    case Stage::second:
      stage_ = Stage::whole;
      outcome_ = Outcome::whole;
      [[fallthrough]];
    case Stage::whole:
    case Stage::adding: return take_rule(message, record, true);
    default: return take_rule(message, record, false);
  }
}

Result<void> ZoneTransfer::take_soa(const dns::Soa& soa) {
  switch (stage_) {
    case Stage::start:
      soa_ = soa;
      stage_ = Stage::second;
      return {};
    case Stage::second:
      if (have_ && soa.serial == *have_ && soa.serial != soa_.serial) {
        outcome_ = Outcome::changes;
        step_serial_ = soa.serial;
        stage_ = Stage::removing;
        return {};
      }
      if (soa.serial != soa_.serial) return malformed("changes from a serial that we do not have");
      // A zone with nothing but its SOA; or what we have, told in two records.
      outcome_ = have_ && *have_ == soa_.serial ? Outcome::current : Outcome::whole;
      stage_ = Stage::done;
      return {};
    case Stage::whole:
      if (soa.serial != soa_.serial) return malformed("it ends with another serial");
      stage_ = Stage::done;
      return {};
    case Stage::removing:
      if (!dns::serial_before(step_serial_, soa.serial)) return malformed("a step back");
      step_serial_ = soa.serial;
      stage_ = Stage::adding;
      return {};
    case Stage::adding:
      if (soa.serial != step_serial_) return malformed("a gap between two steps");
      stage_ = step_serial_ == soa_.serial ? Stage::done : Stage::removing;
      return {};
    case Stage::done: break;
  }
  return malformed("records behind its end");
}

Result<void> ZoneTransfer::take_rule(Bytes message, const dns::RecordView& record, bool add) {
  if (!record.owner.view().is_at_or_below(zone_)) return malformed("a record of another zone");
  if (record.owner.view() == zone_.view()) {
    return record.type == dns::type_ns ? Result<void>{} : skip(Skipped::apex);
  }
  if (is_third_party(source_)) return take_third_party(message, record, add);
  const auto trigger = dns::parse_rpz_owner(record.owner, zone_);
  if (!trigger) return skip(Skipped::too_wide);
  if (trigger->kind != dns::RpzTriggerKind::qname || record.type != dns::type_cname) {
    return skip(Skipped::unsupported);
  }
  if (is_too_wide(*trigger)) return skip(Skipped::too_wide);
  const auto target = dns::read_name(message, record.rdata_at);
  if (!target) return malformed("a broken CNAME");
  const auto action = dns::rpz_action(*trigger, record.type, target->name.view().wire());
  if (!action) return malformed("a broken CNAME");
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
  const auto trigger = dns::parse_rpz_owner(record.owner, zone_);
  if (!trigger) return skip(Skipped::too_wide);
  if (is_address_kind(trigger->kind) && !trigger->prefix) return skip(Skipped::bad_address);
  if (is_too_wide(*trigger)) return skip(Skipped::too_wide);
  if (!is_local_data(record.type)) return skip(Skipped::unsupported);
  const auto rdata = dns::expand_rdata(message, record);
  if (!rdata) return malformed("a broken record");
  if (rdata->size() > policy::rare_rdata_size_max) return skip(Skipped::too_large);
  const auto action = dns::rpz_action(*trigger, record.type, *rdata);
  if (!action) return malformed("a broken CNAME");
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
