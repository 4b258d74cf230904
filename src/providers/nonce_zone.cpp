#include "providers/nonce_zone.h"

#include <algorithm>
#include <array>

#include "dns/edns.h"
#include "dns/message.h"
#include "dns/rdata.h"
#include "dns/writer.h"

namespace khien::providers {
namespace {

constexpr std::uint32_t ttl_s = 0;  // an answer from a cache would show nobody
constexpr std::string_view words = "khien-probe";

Octets txt_rdata() {
  Octets rdata{static_cast<std::uint8_t>(words.size())};
  rdata.insert(rdata.end(), words.begin(), words.end());
  return rdata;
}

dns::Record record_of(const dns::Name& owner, std::uint16_t type, Octets rdata) {
  return {.owner = owner,
          .type = type,
          .rclass = dns::class_in,
          .ttl = ttl_s,
          .rdata = std::move(rdata)};
}

/// The zone has one server, itself: its parent's delegation says where that is.
dns::Record soa_record(const dns::Name& zone) {
  constexpr std::uint32_t day_s = 86'400;
  return record_of(zone, dns::type_soa,
                   dns::make_soa({.primary = zone,
                                  .mailbox = zone,
                                  .serial = 1,
                                  .refresh_s = day_s,
                                  .retry_s = day_s,
                                  .expire_s = day_s,
                                  .minimum_s = ttl_s}));
}

/// Lower case, without the final dot: resolvers mix the case of what they ask.
std::string plain_text(const dns::Name& name) {
  std::string text = name.to_text();
  if (text.ends_with('.')) text.pop_back();
  for (auto& c : text) c = static_cast<char>(dns::fold(static_cast<std::uint8_t>(c)));
  return text;
}

struct Reply {
  std::uint16_t rcode = dns::rcode_noerror;
  std::optional<dns::Record> answer = {};
  std::optional<dns::Record> authority = {};
};

Octets write(const dns::Message& query, const Reply& reply, bool has_edns) {
  std::array<std::uint8_t, nonce_reply_size_max> buffer;
  dns::MessageWriter writer{buffer, buffer.size()};
  std::uint16_t flags = dns::opcode_flags(query.header.opcode()) | dns::flag_qr;
  flags = static_cast<std::uint16_t>(flags | (query.header.flags & dns::flag_rd));
  if (reply.rcode == dns::rcode_noerror) flags |= dns::flag_aa;
  writer.begin(query.header.id, dns::with_rcode(flags, reply.rcode));
  bool fits = true;
  if (query.question) {
    fits = writer.add_question(query.question->name, query.question->qtype, query.question->qclass);
  }
  if (reply.answer) fits = fits && writer.add_record(dns::Section::answer, *reply.answer);
  if (reply.authority) {
    fits = fits && writer.add_record(dns::Section::authority, *reply.authority);
  }
  if (has_edns) fits = fits && dns::add_edns(writer, {.rcode = reply.rcode});
  // A name of 255 octets with our SOA does not fit 512: say nothing, such a name is no probe's.
  return fits ? to_octets(writer.message()) : Octets{};
}

Reply answer_question(const dns::OwnedQuestion& question, const dns::Name& zone,
                      std::string& noted) {
  const bool ours = question.qclass == dns::class_in && question.name.is_at_or_below(zone.view());
  if (!ours) return {.rcode = dns::rcode_refused};
  const bool is_apex = question.name == zone;
  if (is_apex && question.qtype == dns::type_soa) return {.answer = soa_record(zone)};
  if (is_apex && question.qtype == dns::type_ns) {
    return {.answer = record_of(zone, dns::type_ns, to_octets(zone.wire()))};
  }
  if (is_apex || question.qtype != dns::type_txt) return {.authority = soa_record(zone)};
  noted = plain_text(question.name);
  return {.answer = record_of(question.name, dns::type_txt, txt_rdata())};
}

}  // namespace

void AskedNames::note(const std::string& name, const net::IpAddress& asker, InstantMs now_ms) {
  auto names = names_.lock();
  auto found = names->find(name);
  if (found == names->end()) {
    if (names->size() >= asked_names_max) {
      std::erase_if(*names,
                    [&](const auto& entry) { return now_ms - entry.second.at_ms > asker_kept_ms; });
    }
    if (names->size() >= asked_names_max) return;
    found = names->emplace(name, Asked{.at_ms = now_ms}).first;
  }
  auto& askers = found->second.askers;
  if (askers.size() < askers_of_a_name_max && std::ranges::find(askers, asker) == askers.end()) {
    askers.push_back(asker);
  }
}

std::vector<net::IpAddress> AskedNames::askers(std::string_view name, InstantMs now_ms) {
  auto names = names_.lock();
  const auto found = names->find(name);
  if (found == names->end() || now_ms - found->second.at_ms > asker_kept_ms) return {};
  return found->second.askers;
}

std::size_t AskedNames::size() { return names_.lock()->size(); }

Octets answer_nonce(Bytes query, const dns::Name& zone, std::string& noted) {
  const auto header = dns::parse_header(query);
  if (!header || header->is_response()) return {};
  const auto message = dns::parse_message(query);
  const auto edns = dns::find_edns(query);
  if (!message || !edns) return {};
  const bool has_edns = edns->has_value();
  if (header->opcode() != dns::opcode_query) {
    return write(*message, {.rcode = dns::rcode_notimp}, has_edns);
  }
  if (!message->question) return {};
  return write(*message, answer_question(*message->question, zone, noted), has_edns);
}

}  // namespace khien::providers
