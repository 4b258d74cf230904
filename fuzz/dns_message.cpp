// The readers of whole messages, of EDNS and of RDATA; and what they accept must survive our
// writer.
#include "base/assert.h"
#include "dns/edns.h"
#include "dns/message.h"
#include "dns/rdata.h"
#include "dns/writer.h"

using namespace khien;

namespace {

void read_rdata(const dns::Record& record) {
  const std::string text = dns::rdata_to_text(record.type, record.rdata);
  KHIEN_ASSERT(!text.empty());
  if (record.type == dns::type_soa) {
    const auto soa = dns::parse_soa(record.rdata);
    KHIEN_ASSERT(!soa || dns::make_soa(*soa) == record.rdata);
    KHIEN_ASSERT(!soa || *dns::parse_soa_serial(record.rdata) == soa->serial);
  }
  const auto svcb = dns::parse_svcb(record.rdata);
  KHIEN_ASSERT(!svcb || (svcb->ipv4_hints.size() % 4 == 0 && svcb->ipv6_hints.size() % 16 == 0));
}

bool write_section(dns::MessageWriter& writer, dns::Section section,
                   const std::vector<dns::Record>& records) {
  for (const auto& record : records) {
    if (!writer.add_record(section, record)) return false;
  }
  return true;
}

void round_trip(const dns::Message& message) {
  Octets buffer(dns::message_size_max);
  dns::MessageWriter writer{buffer, buffer.size()};
  writer.begin(message.header.id, message.header.flags);
  if (const auto& question = message.question) {
    if (!writer.add_question(question->name, question->qtype, question->qclass)) return;
  }
  if (!write_section(writer, dns::Section::answer, message.answers)) return;
  if (!write_section(writer, dns::Section::authority, message.authorities)) return;
  if (!write_section(writer, dns::Section::additional, message.additionals)) return;
  const auto again = dns::parse_message(writer.message());
  KHIEN_ASSERT(again.has_value());
  KHIEN_ASSERT(again->answers == message.answers);
  KHIEN_ASSERT(again->authorities == message.authorities);
  KHIEN_ASSERT(again->additionals == message.additionals);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dns::Bytes octets{data, size};
  const auto edns = dns::find_edns(octets);
  if (edns && edns->has_value()) {
    KHIEN_ASSERT((*edns)->payload_size >= 512);
    if (const auto option = dns::find_option(**edns, dns::option_extended_error)) {
      static_cast<void>(dns::parse_extended_error(*option));
    }
  }
  const auto message = dns::parse_message(octets);
  if (!message) return 0;
  for (const auto* records : {&message->answers, &message->authorities, &message->additionals}) {
    for (const auto& record : *records) read_rdata(record);
  }
  round_trip(*message);
  return 0;
}
