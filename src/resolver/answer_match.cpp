#include "resolver/answer_match.h"

#include <algorithm>
#include <array>

#include "dns/message.h"
#include "dns/rdata.h"

namespace khien::resolver {
namespace {

using dns::RpzTriggerKind;

constexpr std::size_t servers_max = 16;  // of one answer; more are not looked at

dns::NameBuffer folded_name(Bytes message, std::size_t at, std::array<std::uint8_t, 255>& out,
                            std::size_t& size) noexcept {
  const auto name = dns::read_name(message, at);
  size = 0;
  if (!name) return {};
  for (const std::uint8_t octet : name->name.view().wire()) out[size++] = dns::fold(octet);
  return name->name;
}

class Matcher {
 public:
  Matcher(const policy::RareRules& rules, Bytes message, policy::SourceMask sources) noexcept
      : rules_(rules), message_(message), sources_(sources) {}

  policy::RareMatch run() noexcept {
    const auto reader = dns::MessageReader::open(message_);
    if (!reader || !reader->question()) return {};
    const std::uint16_t qtype = reader->question()->qtype;
    if (qtype == dns::type_ds || qtype == dns::type_dnskey) return {};
    visit(*reader, [this](const dns::RecordView& record) { take(record); });
    if (server_count_ != 0 && (rules_.nsip() & sources_) != 0) {
      // Glue may stand in front of what names it nowhere, but a second walk is simpler than a list.
      visit(*reader, [this](const dns::RecordView& record) { take_glue(record); });
    }
    return best_;
  }

 private:
  template <typename Visit>
  static void visit(dns::MessageReader reader, Visit&& take) noexcept {
    while (true) {
      const auto record = reader.next();
      if (!record || !record->has_value()) return;
      take(**record);
    }
  }

  void match(RpzTriggerKind kind, Bytes addresses, std::size_t size) noexcept {
    for (; addresses.size() >= size; addresses = addresses.subspan(size)) {
      rules_.match_address(kind, addresses.first(size), sources_, best_);
    }
  }

  void take(const dns::RecordView& record) noexcept {
    if (record.type == dns::type_ns && record.section != dns::Section::additional) {
      std::array<std::uint8_t, 255> name;
      std::size_t size = 0;
      const dns::NameBuffer server = folded_name(message_, record.rdata_at, name, size);
      if (size <= 1) return;
      rules_.match_server(Bytes{name}.first(size), sources_, best_);
      if (server_count_ < servers_.size()) servers_[server_count_++] = server;
      return;
    }
    if (record.section != dns::Section::answer) return;
    switch (record.type) {
      case dns::type_a: match(RpzTriggerKind::ip, record.rdata, 4); break;
      case dns::type_aaaa: match(RpzTriggerKind::ip, record.rdata, 16); break;
      case dns::type_svcb:
      case dns::type_https:
        if (const auto svcb = dns::parse_svcb(record.rdata)) {
          match(RpzTriggerKind::ip, svcb->ipv4_hints, 4);
          match(RpzTriggerKind::ip, svcb->ipv6_hints, 16);
        }
        break;
      default: break;
    }
  }

  void take_glue(const dns::RecordView& record) noexcept {
    const std::size_t size = record.type == dns::type_a      ? 4
                             : record.type == dns::type_aaaa ? 16
                                                             : 0;
    if (size == 0 || record.rdata.size() != size) return;
    const auto servers = std::span{servers_}.first(server_count_);
    const bool is_server = std::ranges::any_of(
        servers, [&](const dns::NameBuffer& name) { return name.view() == record.owner.view(); });
    if (is_server) rules_.match_address(RpzTriggerKind::nsip, record.rdata, sources_, best_);
  }

  const policy::RareRules& rules_;
  Bytes message_;
  policy::SourceMask sources_;
  policy::RareMatch best_;
  std::array<dns::NameBuffer, servers_max> servers_;
  std::size_t server_count_ = 0;
};

}  // namespace

policy::RareMatch match_answer(const policy::RareRules& rules, Bytes message,
                               policy::SourceMask sources) noexcept {
  if ((rules.late() & sources) == 0) return {};
  return Matcher{rules, message, sources}.run();
}

}  // namespace khien::resolver
