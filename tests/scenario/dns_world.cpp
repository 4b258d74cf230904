#include "dns_world.h"

#include <algorithm>

#include "codec/hex.h"
#include "dns_answer.h"
#include "resolver/block_text.h"
#include "resolver/zone_transfer.h"

namespace khien::scenario {
namespace {

constexpr std::uint32_t emergency_expire_s = 4 * 3'600;  // as publish/zone_names.h has it
constexpr std::uint32_t other_expire_s = 7 * 86'400;

std::string zone_name(const policy::Source source) {
  return policy::source_id(source) + ".rpz.khien.";
}

/// "10:0102030405060708": code and data of an EDNS option.
bool read_edns_option(const std::string& text, resolver::TestQuery& query) {
  const auto colon = text.find(':');
  if (colon == std::string::npos) return false;
  auto data = codec::parse_hex(text.substr(colon + 1));
  if (!data) return false;
  const auto code = std::strtoul(text.c_str(), nullptr, 10);
  query.options.emplace_back(static_cast<std::uint16_t>(code), std::move(*data));
  return true;
}

/// "A", "no-edns", "tcp", … behind the name of a query.
bool read_option(const std::string& word, resolver::TestQuery& query,
                 resolver::Transport& transport) {
  if (word == "tcp") {
    transport = resolver::Transport::tcp;
  } else if (word == "dot") {
    transport = resolver::Transport::dot;
  } else if (word == "structured") {
    query.options.emplace_back(dns::option_extended_error, Octets{0, 0});
  } else if (word == "padding") {
    query.options.emplace_back(dns::option_padding, Octets{});
  } else if (word.starts_with("option=")) {
    return read_edns_option(word.substr(7), query);
  } else if (word == "no-edns") {
    query.edns = false;
  } else if (word == "do") {
    query.dnssec_ok = true;
  } else if (word == "no-rd") {
    query.flags = 0;
  } else if (word == "ad") {
    query.flags |= dns::flag_ad;
  } else if (word == "cd") {
    query.flags |= dns::flag_cd;
  } else if (word == "edns1") {
    query.version = 1;
  } else if (word == "chaos") {
    query.qclass = 3;
  } else if (word.starts_with("size=")) {
    query.payload_size = static_cast<std::uint16_t>(std::strtoul(word.c_str() + 5, nullptr, 10));
  } else {
    return false;
  }
  return true;
}

/// "from ADDRESS", "by LISTENER", "by dot NAME", "by doh PATH" at `words[at]`: how many words it
/// takes, 0 if it is none of these.
std::size_t read_client(const std::vector<std::string>& words, std::size_t at,
                        resolver::ClientRef& client) {
  const std::size_t left = words.size() - at;
  if (words[at] == "from" && left >= 2) {
    const auto ip = net::IpAddress::parse(words[at + 1]);
    if (ip) client.source = policy::AddressKey::of(ip->octets());
    return ip ? 2 : 0;
  }
  if (words[at] != "by" || left < 2) return 0;
  const bool is_dot = words[at + 1] == "dot";
  if (is_dot || words[at + 1] == "doh") {
    const auto kind = is_dot ? policy::EntryKind::dot_name : policy::EntryKind::doh_path;
    if (left >= 3) client.entry = policy::entry_point(kind, words[at + 2]);
    return left >= 3 ? 3 : 0;
  }
  client.entry = policy::entry_point(policy::EntryKind::listener, words[at + 1]);
  return 2;
}

}  // namespace

DnsWorld::DnsWorld(ManualClock& clock) : clock_(clock) {
  using policy::mask_of;
  options_.policy.sources = mask_of(policy::source_pass) | mask_of(Basis::emergency) |
                            mask_of(Basis::orders) | mask_of(Basis::feeds);
  options_.cookies = &cookies_;
}

const std::map<std::string, DnsWorld::Handler>& DnsWorld::handlers() {
  static const std::map<std::string, Handler> all{
      {"base-url", &DnsWorld::set_base_url},
      {"choices", &DnsWorld::set_choices},
      {"sinkhole", &DnsWorld::set_sinkhole},
      {"contact", &DnsWorld::set_block_answer},
      {"organisation", &DnsWorld::set_block_answer},
      {"language", &DnsWorld::set_block_answer},
      {"structured-errors", &DnsWorld::set_block_answer},
      {"rules", &DnsWorld::set_rules},
      {"third-party", &DnsWorld::add_third_party},
      {"axfr", &DnsWorld::transfer_zone},
      {"ixfr", &DnsWorld::transfer_zone},
      {"metric", &DnsWorld::check_metric},
      {"policies", &DnsWorld::set_policies},
      {"block", &DnsWorld::change_rule},
      {"nodata", &DnsWorld::change_rule},
      {"lift", &DnsWorld::change_rule},
      {"confirm", &DnsWorld::confirm},
      {"snapshot", &DnsWorld::snapshot},
      {"upstream", &DnsWorld::set_upstream},
      {"servers", &DnsWorld::set_server_count},
      {"server", &DnsWorld::set_server},
      {"server-is", &DnsWorld::check_server},
      {"counted", &DnsWorld::check_count},
      {"wait", &DnsWorld::wait},
      {"query", &DnsWorld::query},
      {"reply", &DnsWorld::reply}};
  return all;
}

bool DnsWorld::run(const Statement& statement, Failures& failures) {
  const auto handler = handlers().find(statement.line.words[0]);
  if (handler == handlers().end()) return false;
  (this->*handler->second)(statement, failures);
  return true;
}

void DnsWorld::set_base_url(const Statement& statement, Failures& failures) {
  if (engine_) failures.add(statement.line, "settings come first");
  options_.block.base_url = statement.line.rest(1);
}

void DnsWorld::set_block_answer(const Statement& statement, Failures& failures) {
  if (engine_) failures.add(statement.line, "settings come first");
  const std::string& word = statement.line.words[0];
  const std::string value = statement.line.rest(1);
  resolver::BlockAnswer& block = options_.block;
  if (word == "contact") block.contacts.push_back(value);
  if (word == "organisation") block.organisation = value;
  if (word == "language") block.language = value;
  if (word == "structured-errors") block.structured = value != "off";
  if (auto checked = resolver::check_block_answer(block); !checked) {
    failures.add(statement.line, checked.error().message);
  }
}

void DnsWorld::set_choices(const Statement& statement, Failures& failures) {
  if (engine_) failures.add(statement.line, "settings come first");
  for (std::size_t i = 1; i < statement.line.words.size(); ++i) {
    const auto source = policy::parse_source(statement.line.words[i]);
    if (!source) failures.add(statement.line, "there is no choice " + statement.line.words[i]);
    if (source) options_.policy.sources |= policy::mask_of(*source);
  }
}

void DnsWorld::set_sinkhole(const Statement& statement, Failures& failures) {
  if (engine_) failures.add(statement.line, "settings come first");
  for (std::size_t i = 1; i < statement.line.words.size(); ++i) {
    const auto address = net::IpAddress::parse(statement.line.words[i]);
    if (!address) {
      failures.add(statement.line, address.error().message);
      continue;
    }
    (address->is_v4() ? options_.block.sinkhole_v4 : options_.block.sinkhole_v6) = *address;
  }
}

void DnsWorld::set_rules(const Statement& statement, Failures& failures) {
  const std::string state = statement.line.rest(1);
  if (state != "missing" && state != "loaded") {
    failures.add(statement.line, "rules are missing or loaded");
  }
  ready_ = state != "missing";
  if (engine_) engine_->ready_ = ready_;
}

// policies [refused WHY], the document below
void DnsWorld::set_policies(const Statement& statement, Failures& failures) {
  const auto& words = statement.line.words;
  std::string text;
  for (const Line& line : statement.details) text += line.rest(0) + "\n";
  const policy::PolicyDocumentContext context{
      .key = store_.rules().key(),
      .others = options_.policy,
      .has_sinkhole = options_.block.sinkhole_v4 || options_.block.sinkhole_v6};
  auto book = policy::read_policies(text, context);
  const bool refused = words.size() > 1 && words[1] == "refused";
  if (words.size() > 1 && !refused) failures.add(statement.line, "policies [refused WHY]");
  if (refused) {
    const std::string why = book ? "was accepted" : book.error().message;
    if (!why.starts_with(statement.line.rest(2))) failures.add(statement.line, "policies: " + why);
    return;
  }
  if (!book) {
    failures.add(statement.line, "policies: " + book.error().message);
    return;
  }
  book_ = std::move(*book);
  policies_ = nullptr;
  follow_time();
}

void DnsWorld::follow_time() {
  if (!book_) return;
  policies_ = policy::in_force(*book_, clock_.now_ms(), policies_);
  if (engine_) engine_->networks_.publish(policies_);
}

// third-party ZONE CATEGORY [OVERRIDE [NAME]]
void DnsWorld::add_third_party(const Statement& statement, Failures& failures) {
  const auto& words = statement.line.words;
  const auto name = words.size() < 3 ? std::nullopt : std::optional{dns::Name::from_text(words[1])};
  const auto category = words.size() < 3 ? std::nullopt : parse_category(words[2]);
  const auto wish = policy::parse_override(words.size() > 3 ? words[3] : "given");
  if (engine_ || !name || !name->has_value() || !category || !wish) {
    failures.add(statement.line, "third-party ZONE CATEGORY [OVERRIDE [NAME]], before the rest");
    return;
  }
  third_parties_.push_back(
      {.name = (*name)->to_text(), .category = *category, .override_action = *wish});
  if (words.size() > 4) third_parties_.back().redirect = *dns::Name::from_text(words[4]);
  auto zones = policy::ThirdParty::of(third_parties_);
  if (!zones) failures.add(statement.line, zones.error().message);
  if (zones) store_.set_third_party(std::move(*zones));
}

// axfr ZONE SERIAL, ixfr ZONE FROM TO; records below, for ixfr each behind - or +
void DnsWorld::transfer_zone(const Statement& statement, Failures& failures) {
  const auto& words = statement.line.words;
  const bool is_whole = words[0] == "axfr";
  const auto name = words.size() < 3 ? std::nullopt : std::optional{dns::Name::from_text(words[1])};
  if (words.size() != (is_whole ? 3 : 4) || !name || !name->has_value()) {
    failures.add(statement.line, "axfr ZONE SERIAL, or ixfr ZONE FROM TO");
    return;
  }
  std::optional<policy::Source> source;
  const std::string zone = (*name)->to_text();
  if (!third_parties_.empty()) source = store_.rules().rare->zones().find(zone);
  if (!source) source = policy::parse_source(words[1].substr(0, words[1].find('.')));
  if (!source) {
    failures.add(statement.line, "there is no zone " + words[1]);
    return;
  }
  ZoneStream stream{**name};
  const auto serial = [&](std::size_t word) {
    return static_cast<std::uint32_t>(std::strtoul(words[word].c_str(), nullptr, 10));
  };
  stream.soa(serial(words.size() - 1));
  const auto add_all = [&](std::string_view sign) {
    for (const Line& line : statement.details) {
      if (!sign.empty() && line.words[0] != sign) continue;
      auto record = read_record(line, sign.empty() ? 0 : 1);
      if (!record || !stream.add(*record)) {
        failures.add(line, "cannot read the record: [-|+] OWNER TTL TYPE DATA");
      }
    }
  };
  if (is_whole) {
    add_all("");
  } else {
    stream.soa(serial(2));
    add_all("-");
    stream.soa(serial(3));
    add_all("+");
  }
  stream.soa(serial(words.size() - 1));
  const auto done = apply_transfer(stream, {.name = zone, .source = *source}, is_whole);
  if (!done) failures.add(statement.line, done.error().message);
}

/// As resolver::Secondary does.
Result<void> DnsWorld::apply_transfer(const ZoneStream& stream, policy::ZoneState zone,
                                      bool is_whole) {
  const policy::ZoneState* known = store_.zone(zone.name);
  const bool asks_for_changes = !is_whole && known != nullptr;
  resolver::ZoneTransfer transfer{stream.zone(), zone.source,
                                  asks_for_changes ? std::optional{known->serial} : std::nullopt,
                                  store_.spool()};
  for (const Octets& message : stream.messages()) {
    if (auto fed = transfer.feed(message); !fed) return fed;
  }
  if (!transfer.done()) return fail(ErrorCode::malformed, "the transfer has no end");
  store_.count_skipped(transfer.skipped());
  zone.serial = transfer.soa().serial;
  zone.expire_s = transfer.soa().expire_s;
  zone.confirmed_at_ms = clock_.now_ms();
  const bool has_changes = transfer.outcome() == resolver::ZoneTransfer::Outcome::changes;
  auto done = has_changes ? store_.change_zone(zone, transfer.edits())
                          : store_.replace_zone(zone, transfer.edits());
  publish();
  return done;
}

// metric NAME VALUE
void DnsWorld::check_metric(const Statement& statement, Failures& failures) {
  const resolver::Counters* counters = &engine().counters_;
  const std::string text =
      "\n" + resolver::exposition(std::span{&counters, 1}) + metrics_.exposition();
  if (text.find("\n" + statement.line.rest(1) + "\n") == std::string::npos) {
    failures.add(statement.line, "the metrics do not say " + statement.line.rest(1));
  }
}

// block ZONE NAME host|domain; nodata …; lift …
void DnsWorld::change_rule(const Statement& statement, Failures& failures) {
  const auto& words = statement.line.words;
  if (words.size() != 4 || (words[3] != "host" && words[3] != "domain")) {
    failures.add(statement.line, words[0] + " ZONE NAME host|domain");
    return;
  }
  const auto done = edit({.zone = words[1],
                          .name = words[2],
                          .add = words[0] != "lift",
                          .domain = words[3] == "domain",
                          .nodata = words[0] == "nodata"});
  if (!done) failures.add(statement.line, done.error().message);
}

Result<void> DnsWorld::edit(const Edit& edit) {
  const auto source = policy::parse_source(edit.zone);
  const auto name = dns::Name::from_text(edit.name);
  if (!source) return fail(ErrorCode::not_found, "there is no zone " + edit.zone);
  if (!name) return fail(ErrorCode::malformed, "no name: " + edit.name);
  resolver::RuleEdits edits;
  for (const bool below : {false, true}) {
    if (below && !edit.domain) continue;
    edits.push({.add = edit.add, .below = below, .nodata = edit.nodata, .name = name->wire()});
  }
  const policy::ZoneState* known = store_.zone(zone_name(*source));
  policy::ZoneState zone{.name = zone_name(*source), .source = *source, .serial = 1};
  zone.expire_s = *source == policy::source_emergency ? emergency_expire_s : other_expire_s;
  if (known != nullptr) zone.serial = known->serial + 1;
  zone.confirmed_at_ms = clock_.now_ms();
  auto done = known == nullptr ? store_.replace_zone(zone, edits) : store_.change_zone(zone, edits);
  publish();
  return done;
}

void DnsWorld::confirm(const Statement& statement, Failures& failures) {
  const auto source = policy::parse_source(statement.line.rest(1));
  if (!source || store_.zone(zone_name(*source)) == nullptr) {
    failures.add(statement.line, "there is no such zone yet");
    return;
  }
  store_.confirm_zone(zone_name(*source), clock_.now_ms());
  (void)store_.check_expiry(clock_.now_ms());
  publish();
}

void DnsWorld::snapshot(const Statement& statement, Failures& failures) {
  if (auto saved = store_.save(); !saved) failures.add(statement.line, saved.error().message);
  publish();
}

// counted NAME N: a line of /metrics
void DnsWorld::check_count(const Statement& statement, Failures& failures) {
  const auto& words = statement.line.words;
  const std::array<const resolver::Counters*, 1> counters{&engine().counters_};
  const std::string all = resolver::exposition(counters);
  const std::string name = words.size() == 3 ? "\nkhien_dnsd_" + words[1] + " " : "";
  const auto at = name.empty() ? std::string::npos : all.find(name);
  if (at == std::string::npos) {
    failures.add(statement.line, "counted NAME N, where NAME is a counter of /metrics");
    return;
  }
  const auto from = at + name.size();
  const std::string value = all.substr(from, all.find('\n', from) - from);
  if (value != words[2])
    failures.add(statement.line, "expected " + words[2] + ", counted " + value);
}

void DnsWorld::wait(const Statement& statement, Failures& failures) {
  const std::int64_t ms = duration_ms(statement.line.rest(1));
  if (ms < 0) {
    failures.add(statement.line, "wait DURATION, such as 50ms, 30s, 5m, 4h or 7d");
    return;
  }
  clock_.advance(ms);
  passed(ms);
}

void DnsWorld::passed(std::int64_t ms) {
  engine().pass_time(ms);
  if (store_.check_expiry(clock_.now_ms())) publish();
  follow_time();
}

void DnsWorld::query(const Statement& statement, Failures& failures) {
  const auto& words = statement.line.words;
  resolver::TestQuery query;
  auto transport = resolver::Transport::udp;
  bool good = words.size() >= 3 && dns::Name::from_text(words[1]) && dns::type_from_text(words[2]);
  resolver::ClientRef client;
  for (std::size_t i = 3; good && i < words.size();) {
    const std::size_t taken = read_client(words, i, client);
    good = taken != 0 || read_option(words[i], query, transport);
    i += std::max<std::size_t>(taken, 1);
  }
  if (!good) {
    failures.add(statement.line,
                 "query NAME TYPE [tcp] [dot] [no-edns] [do] [ad] [cd] [no-rd] [size=N] [edns1] "
                 "[chaos] [structured] [padding] [option=CODE:HEX] [from ADDRESS] "
                 "[by LISTENER|dot NAME|doh PATH]");
    return;
  }
  query.name = words[1];
  query.type = words[2];
  const Octets packet = resolver::packet_of(query);
  const std::size_t question_size = resolver::test_name(query.name).wire().size() + 4;
  asked_question_ = to_octets(Bytes{packet}.subspan(dns::header_size, question_size));
  const std::size_t asked_before = engine().asked_count_;
  engine().client_ = client;
  const Octets message = engine().send(packet, transport);
  check_answer(statement,
               {.message = message,
                .question = asked_question_,
                .asked_count = engine().asked_count_ - asked_before},
               failures);
}

/// reply [from ADDRESS]: the answer that came late, to the last query or to that client.
void DnsWorld::reply(const Statement& statement, Failures& failures) {
  const auto& words = statement.line.words;
  const auto& late = engine().late_answers_;
  resolver::ClientRef client;
  const bool any = words.size() == 1;
  if (!any && read_client(words, 1, client) == 0)
    failures.add(statement.line, "reply from ADDRESS");
  Octets message;
  for (std::size_t i = late.size(); i-- > 0;) {
    if (any || engine().late_clients_[i].source == client.source) message = late[i];
  }
  check_answer(statement, {.message = message, .question = asked_question_}, failures);
}

resolver::TestEngine& DnsWorld::engine() {
  if (!engine_) {
    constexpr std::uint64_t seed = 1;
    engine_ = std::make_unique<resolver::TestEngine>(
        options_, seed, std::make_shared<const policy::Rules>(store_.rules()));
    engine_->ready_ = ready_;
    if (policies_) engine_->networks_.publish(policies_);
  }
  return *engine_;
}

void DnsWorld::publish() {
  if (engine_) engine_->rules_.publish(std::make_shared<const policy::Rules>(store_.rules()));
}

}  // namespace khien::scenario
