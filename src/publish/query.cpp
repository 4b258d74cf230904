#include "publish/query.h"

#include "dns/edns.h"
#include "dns/serial.h"

namespace khien::publish {
namespace {

/// Builds the one answer to one query.
class Answerer {
 public:
  Answerer(const QueryContext& context, const Query& query) : context_(context), query_(query) {}

  Answer run() {
    const auto header = dns::parse_header(query_.message);
    if (!header || header->is_response()) {
      context_.counters.malformed.add();
      return {};
    }
    header_ = *header;
    auto message = dns::parse_message(query_.message);
    if (!message) return malformed();
    message_ = std::move(*message);
    if (header_.opcode() != dns::opcode_query) return reply(dns::rcode_notimp);
    if (!message_.question) return malformed();
    if (auto refusal = check_signature()) return std::move(*refusal);
    if (auto refusal = check_edns()) return std::move(*refusal);
    return answer_question();
  }

 private:
  Answer malformed() {
    context_.counters.malformed.add();
    return reply(dns::rcode_formerr);
  }

  Answer refused() {
    context_.counters.refused.add();
    return reply(dns::rcode_refused);
  }

  std::optional<Answer> check_signature() {
    check_ = dns::check_request(query_.message, context_.access.keys, context_.now_s);
    switch (check_.status) {
      case dns::TsigStatus::ok:
      case dns::TsigStatus::not_signed: return std::nullopt;
      case dns::TsigStatus::malformed: check_ = {}; return malformed();
      default: break;
    }
    context_.counters.bad_signature.add();
    Octets octets = build(dns::rcode_notauth, {});
    if (!dns::sign_error(octets, check_, context_.now_s)) return Answer{};
    return Answer{.reply = std::move(octets)};
  }

  std::optional<Answer> check_edns() {
    const auto edns = dns::find_edns(query_.message);
    if (!edns) return malformed();
    has_edns_ = edns->has_value();
    if (has_edns_ && (*edns)->version != 0) return reply(dns::rcode_badvers);
    return std::nullopt;
  }

  Answer answer_question() {
    const dns::OwnedQuestion& question = *message_.question;
    const ZoneFacts* zone = nullptr;
    for (const ZoneFacts& candidate : all_zones()) {
      if (candidate.name == question.name) zone = &candidate;
    }
    if (zone == nullptr || question.qclass != dns::class_in) return refused();
    const bool is_signed = check_.status == dns::TsigStatus::ok;
    rule_ = context_.access.find(*zone, {.address = query_.peer.unmapped(),
                                         .key = is_signed ? &check_.key->name : nullptr});
    if (rule_ == nullptr) return refused();

    switch (question.qtype) {
      case dns::type_soa: return answer_serial(*zone);
      case dns::type_ns: return answer_record(ns_record(*zone));
      case dns::type_ixfr: return answer_ixfr(*zone);
      case dns::type_axfr:
        if (query_.transport == Transport::udp) return malformed();  // RFC 5936 section 4.2
        return transfer(*zone, dns::type_axfr, 0);
      default: return refused();
    }
  }

  Answer answer_ixfr(const ZoneFacts& zone) {
    // The client's SOA stands in the authority section (RFC 1995 section 3).
    const auto& authorities = message_.authorities;
    if (authorities.size() != 1 || authorities[0].type != dns::type_soa) return malformed();
    const auto serial = dns::parse_soa_serial(authorities[0].rdata);
    if (!serial) return malformed();
    const std::uint32_t ours = context_.zones.serial(zone).value_or(0);
    const bool is_current = *serial == ours || dns::serial_before(ours, *serial);
    if (is_current) context_.counters.up_to_date.add();
    // Over UDP one SOA says: ask again over TCP, or you are up to date (section 4).
    const bool by_soa = is_current || query_.transport == Transport::udp;
    Answer answer = by_soa ? answer_serial(zone) : transfer(zone, dns::type_ixfr, *serial);
    answer.claimed = seen(zone, *serial, Learnt::claimed);
    return answer;
  }

  Answer transfer(const ZoneFacts& zone, std::uint16_t qtype, std::uint32_t client_serial) {
    TransferOrder order{
        .zone = &zone, .id = header_.id, .qtype = qtype, .client_serial = client_serial};
    if (check_.status == dns::TsigStatus::ok) {
      order.key = *check_.key;
      order.request_mac = check_.tsig->mac;
    }
    order.follower = rule_->name;
    return {.reply = {}, .transfer = std::move(order)};
  }

  Answer answer_serial(const ZoneFacts& zone) {
    const std::uint32_t serial = context_.zones.serial(zone).value_or(0);
    Answer answer = answer_record(soa_record(zone, serial));
    answer.seen = seen(zone, serial, Learnt::told);
    return answer;
  }

  SerialSeen seen(const ZoneFacts& zone, std::uint32_t serial, Learnt how) const {
    SerialSeen seen{.zone = &zone,
                    .serial = serial,
                    .peer = query_.peer.unmapped(),
                    .how = how,
                    .follower = rule_->name};
    if (check_.status == dns::TsigStatus::ok) seen.key = check_.key->name;
    return seen;
  }

  static dns::Record soa_record(const ZoneFacts& zone, std::uint32_t serial) {
    return {.owner = zone.name,
            .type = dns::type_soa,
            .rclass = dns::class_in,
            .ttl = record_ttl_s,
            .rdata = dns::make_soa(soa_of(zone, serial))};
  }

  static dns::Record ns_record(const ZoneFacts& zone) {
    return {.owner = zone.name,
            .type = dns::type_ns,
            .rclass = dns::class_in,
            .ttl = record_ttl_s,
            .rdata = to_octets(soa_of(zone, 0).primary.wire())};
  }

  Answer answer_record(const dns::Record& record) {
    context_.counters.answered.add();
    return sign(build(dns::rcode_noerror, {&record, 1}));
  }

  Answer reply(std::uint16_t rcode) { return sign(build(rcode, {})); }

  Octets build(std::uint16_t rcode, std::span<const dns::Record> answers) const {
    std::array<std::uint8_t, reply_size_max> buffer;
    dns::MessageWriter writer{buffer, buffer.size()};
    std::uint16_t flags = dns::opcode_flags(header_.opcode()) | dns::flag_qr;
    flags = static_cast<std::uint16_t>(flags | (header_.flags & dns::flag_rd));
    if (!answers.empty()) flags |= dns::flag_aa;
    writer.begin(header_.id, dns::with_rcode(flags, rcode));
    bool fits = true;
    if (const auto& question = message_.question) {
      fits = writer.add_question(question->name, question->qtype, question->qclass);
    }
    for (const dns::Record& record : answers) {
      fits = fits && writer.add_record(dns::Section::answer, record);
    }
    if (has_edns_) fits = fits && dns::add_edns(writer, {.rcode = rcode});
    KHIEN_ASSERT(fits);  // two names of 255 octets, a SOA and OPT are far below the limit
    return to_octets(writer.message());
  }

  Answer sign(Octets octets) const {
    if (check_.status == dns::TsigStatus::ok) {
      dns::TsigSigner signer{*check_.key, check_.tsig->mac};
      if (!signer.sign(octets, context_.now_s)) return {};
    }
    return {.reply = std::move(octets)};
  }

  const QueryContext& context_;
  const Query& query_;
  dns::Header header_;
  dns::Message message_;
  dns::TsigCheck check_;
  const AccessRule* rule_ = nullptr;  // of the access; set once it lets the query in
  bool has_edns_ = false;
};

}  // namespace

Answer answer_query(const QueryContext& context, const Query& query) {
  return Answerer{context, query}.run();
}

}  // namespace khien::publish
