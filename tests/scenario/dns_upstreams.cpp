// The statements of a DNS scenario about upstream servers: what they answer, how they behave, how
// they stand.
#include <array>
#include <cstdlib>
#include <map>

#include "dns_answer.h"
#include "dns_world.h"

namespace khien::scenario {

// upstream silent | unreachable | answers; upstream NAME TYPE [RCODE] [truncated] [ad], EDE and
// records below
void DnsWorld::set_upstream(const Statement& statement, Failures& failures) {
  const auto& words = statement.line.words;
  if (words.size() == 2) {
    const bool known = words[1] == "silent" || words[1] == "unreachable" || words[1] == "answers";
    if (!known) failures.add(statement.line, "an upstream answers, or is silent or unreachable");
    auto& world = engine();
    world.silent_ = words[1] == "silent";
    world.unreachable_ = words[1] == "unreachable";
    if (words[1] == "answers") world.pump();
    return;
  }
  const auto name = words.size() < 3 ? std::nullopt : std::optional{dns::Name::from_text(words[1])};
  const auto type = words.size() < 3 ? std::nullopt : dns::type_from_text(words[2]);
  if (!name || !name->has_value() || !type) {
    failures.add(statement.line, "upstream NAME TYPE [NXDOMAIN|SERVFAIL] [truncated] [ad]");
    return;
  }
  resolver::TestAnswer answer;
  for (std::size_t i = 3; i < words.size(); ++i) {
    if (words[i] == "truncated") answer.truncated = true;
    if (words[i] == "ad") answer.authentic = true;
    if (words[i] == "NXDOMAIN") answer.rcode = dns::rcode_nxdomain;
    if (words[i] == "SERVFAIL") answer.rcode = dns::rcode_servfail;
  }
  for (const Line& line : statement.details) {
    if (line.words[0] == "ede" && line.words.size() > 1) {
      answer.ede_code =
          static_cast<std::uint16_t>(std::strtoul(line.words[1].c_str(), nullptr, 10));
      answer.ede_text = line.rest(2);
      continue;
    }
    const bool is_authority = line.words[0] == "authority";
    const bool is_additional = line.words[0] == "additional";
    auto record = read_record(line, is_authority || is_additional ? 1 : 0);
    if (!record) {
      failures.add(line,
                   "cannot read: ede CODE TEXT, or [authority|additional] OWNER TTL TYPE DATA");
      continue;
    }
    auto& section = is_authority    ? answer.authorities
                    : is_additional ? answer.additionals
                                    : answer.answers;
    section.push_back(std::move(*record));
  }
  engine().upstream(words[1], words[2]) = std::move(answer);
}

// servers N [tls]
void DnsWorld::set_server_count(const Statement& statement, Failures& failures) {
  const auto& words = statement.line.words;
  const auto count = words.size() < 2 ? 0UL : std::strtoul(words[1].c_str(), nullptr, 10);
  if (engine_) failures.add(statement.line, "settings come first");
  if (count == 0 || count > resolver::candidates_max) {
    failures.add(statement.line, "servers COUNT [udp|tcp|tls]");
    return;
  }
  resolver::Route all{.zone = {0}, .upstreams = {}};
  for (std::uint16_t i = 0; i < count; ++i) all.upstreams.push_back(i);
  options_.routes = {std::move(all)};
  const std::string protocol = words.size() > 2 ? words[2] : "udp";
  options_.protocols.assign(count, protocol == "tls"   ? resolver::UpstreamProtocol::tls
                                   : protocol == "tcp" ? resolver::UpstreamProtocol::tcp
                                                       : resolver::UpstreamProtocol::udp);
}

namespace {

/// How a server behaves, said in words.
bool set_behaviour(const std::vector<std::string>& words, resolver::TestServer& server) {
  using Trick = resolver::TestServer::Trick;
  static const std::map<std::string, Trick> tricks{{"lower-case", Trick::lower_case},
                                                   {"wrong-question", Trick::wrong_question},
                                                   {"wrong-port", Trick::wrong_port},
                                                   {"rubbish", Trick::rubbish},
                                                   {"cut", Trick::cut},
                                                   {"no-edns", Trick::no_edns},
                                                   {"bare-formerr", Trick::bare_formerr},
                                                   {"wrong-opcode", Trick::lies},
                                                   {"flags", Trick::flags},
                                                   {"extras", Trick::extras},
                                                   {"truncates-tcp", Trick::truncates_tcp}};
  const std::string& how = words[2];
  const std::string more = words.size() > 3 ? words[3] : "";
  if (how == "answers") {
    server = {};
  } else if (how == "silent") {
    server.silent = true;
  } else if (how == "unreachable") {
    server.unreachable = true;
  } else if (how == "no-tcp") {
    server.no_tcp = true;
  } else if (how == "delay") {
    server.delay_ms = duration_ms(more);
    return server.delay_ms >= 0;
  } else if (how == "forged-ids") {
    server.spoofed_ids = std::atoi(more.c_str());
    return server.spoofed_ids > 0;
  } else if (how == "SERVFAIL") {
    server.rcode = dns::rcode_servfail;
  } else if (how == "REFUSED") {
    server.rcode = dns::rcode_refused;
  } else if (const auto trick = tricks.find(how); trick != tricks.end()) {
    server.trick = trick->second;
  } else {
    return false;
  }
  return true;
}

std::optional<std::uint16_t> server_number(const std::vector<std::string>& words) {
  if (words.size() < 3) return std::nullopt;
  const auto number = std::strtoul(words[1].c_str(), nullptr, 10);
  if (number == 0 || number > resolver::candidates_max) return std::nullopt;
  return static_cast<std::uint16_t>(number - 1);
}

}  // namespace

// server N BEHAVIOUR
void DnsWorld::set_server(const Statement& statement, Failures& failures) {
  const auto& words = statement.line.words;
  const auto number = server_number(words);
  if (!number || !set_behaviour(words, engine().servers_[*number])) {
    failures.add(statement.line, "server N BEHAVIOUR (README.md lists them)");
    return;
  }
  engine().pump();
}

// server-is N up|suspect|down
void DnsWorld::check_server(const Statement& statement, Failures& failures) {
  static constexpr std::array<std::string_view, 3> states{"up", "suspect", "down"};
  const auto& words = statement.line.words;
  const auto number = server_number(words);
  if (!number || *number >= engine().engine_->upstreams().count()) {
    failures.add(statement.line, "server-is N up|suspect|down");
    return;
  }
  const auto state = static_cast<std::size_t>(engine().engine_->upstreams().state(*number));
  if (states[state] != words[2]) {
    failures.add(statement.line, "expected " + words[2] + ", it is " + std::string{states[state]});
  }
}

}  // namespace khien::scenario
