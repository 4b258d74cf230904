#include "dns/transfer_reader.h"

#include "base/assert.h"
#include "dns/serial.h"
#include "dns/writer.h"

namespace khien::dns {
namespace {

constexpr std::size_t request_size_max = 1'024;

}  // namespace

tl::unexpected<Error> bad_transfer(std::string what) {
  return fail(ErrorCode::malformed, "zone transfer: " + std::move(what), "bad_transfer");
}

Octets make_transfer_request(const Name& zone, std::optional<std::uint32_t> serial,
                             std::uint16_t id) {
  Octets buffer(request_size_max);
  MessageWriter writer{buffer, buffer.size()};
  writer.begin(id, 0);
  bool good = writer.add_question(zone, serial ? type_ixfr : type_axfr, class_in);
  if (serial) {
    // Our SOA in the authority section; only its serial counts.
    const Octets soa = make_soa({.primary = {}, .mailbox = {}, .serial = *serial});
    good = good && writer.add_record(Section::authority, zone, {.type = type_soa}, soa);
  }
  KHIEN_ASSERT(good);  // two names and a SOA always fit
  buffer.resize(writer.size());
  return buffer;
}

Result<void> TransferReader::feed(Bytes message, const TakeRecord& take) {
  if (stage_ == Stage::done) return bad_transfer("messages behind its end");
  if (message.size() > transfer_size_max - octets_) {
    return fail(ErrorCode::limit_exceeded, "zone transfer: too large", "transfer_size");
  }
  octets_ += message.size();
  auto reader = MessageReader::open(message);
  if (!reader) return bad_transfer(std::string{to_string(reader.error())});
  const Header& header = reader->header();
  if (!header.is_response()) return bad_transfer("not an answer");
  if (header.rcode() != rcode_noerror) {
    return fail(ErrorCode::denied,
                "zone transfer: the primary answers rcode " + std::to_string(header.rcode()),
                "refused");
  }
  std::size_t records = 0;
  while (true) {
    const auto record = reader->next();
    if (!record) return bad_transfer(std::string{to_string(record.error())});
    if (!record->has_value()) break;
    if ((**record).section != Section::answer) continue;  // TSIG, OPT
    ++records;
    if (auto taken = take_one(message, **record, take); !taken) return taken;
  }
  if (records == 0) return bad_transfer("a message without records");
  // A lone SOA that is not newer than ours: nothing to do (RFC 1995 section 2).
  if (stage_ == Stage::second && have_ && !serial_before(*have_, soa_.serial)) {
    outcome_ = Outcome::current;
    stage_ = Stage::done;
  }
  return {};
}

Result<void> TransferReader::take_one(Bytes message, const RecordView& record,
                                      const TakeRecord& take) {
  if (stage_ == Stage::done) return bad_transfer("records behind its end");
  if (record.rclass != class_in) return bad_transfer("another class");
  if (record.type == type_soa) {
    if (record.owner.view() != zone_.view()) return bad_transfer("a SOA of another zone");
    auto rdata = expand_rdata(message, record);
    if (!rdata) return bad_transfer("a broken SOA");
    auto soa = parse_soa(*rdata);
    if (!soa) return bad_transfer("a broken SOA");
    return take_soa(*soa);
  }
  switch (stage_) {
    case Stage::start: return bad_transfer("no SOA at its start");
    case Stage::second:
      stage_ = Stage::whole;
      outcome_ = Outcome::whole;
      [[fallthrough]];
    case Stage::whole:
    case Stage::adding: return take(message, record, Change::add);
    default: return take(message, record, Change::remove);
  }
}

Result<void> TransferReader::take_soa(const Soa& soa) {
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
      if (soa.serial != soa_.serial)
        return bad_transfer("changes from a serial that we do not have");
      // A zone with nothing but its SOA; or what we have, told in two records.
      outcome_ = have_ && *have_ == soa_.serial ? Outcome::current : Outcome::whole;
      stage_ = Stage::done;
      return {};
    case Stage::whole:
      if (soa.serial != soa_.serial) return bad_transfer("it ends with another serial");
      stage_ = Stage::done;
      return {};
    case Stage::removing:
      if (!serial_before(step_serial_, soa.serial)) return bad_transfer("a step back");
      step_serial_ = soa.serial;
      stage_ = Stage::adding;
      return {};
    case Stage::adding:
      if (soa.serial != step_serial_) return bad_transfer("a gap between two steps");
      stage_ = step_serial_ == soa_.serial ? Stage::done : Stage::removing;
      return {};
    case Stage::done: break;
  }
  return bad_transfer("records behind its end");
}

}  // namespace khien::dns
