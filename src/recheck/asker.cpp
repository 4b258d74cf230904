#include "recheck/asker.h"

#include <algorithm>
#include <optional>

#include "dns/rdata.h"
#include "probe/ask.h"
#include "text/host.h"

namespace khien::recheck {
namespace {

// RFC 8914: blocked, censored, filtered, prohibited. Whoever says so is no unfiltered upstream.
bool is_policy(const probe::Observation& seen) noexcept {
  if (seen.rpz_soa) return true;
  return seen.extended_error && *seen.extended_error >= 15 && *seen.extended_error <= 18;
}

std::string plain(dns::NameView name) {
  auto text = dns::Name{name}.lower().to_text();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

/// The one name in the RDATA of each record of `type` in the answer that belongs to `owner`.
std::vector<std::string> names_in(Bytes message, std::uint16_t type, const dns::Name& owner) {
  std::vector<std::string> names;
  auto reader = dns::MessageReader::open(message);
  if (!reader) return names;
  while (names.size() < servers_max * 4) {
    const auto record = reader->next();
    if (!record || !record->has_value()) break;
    const auto& view = **record;
    if (view.section != dns::Section::answer || view.type != type) continue;
    if (view.owner.view() != owner.view()) continue;
    const auto rdata = dns::expand_rdata(message, view);
    if (!rdata) continue;
    if (type == dns::type_soa) {
      if (const auto soa = dns::parse_soa(*rdata)) names.push_back(plain(soa->primary.view()));
    } else if (const auto name = dns::parse_name_rdata(*rdata)) {
      names.push_back(plain(*name));
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names.size() > servers_max) names.resize(servers_max);
  return names;
}

}  // namespace

struct Asker::Answer {
  enum class Kind : std::uint8_t { good, no_such_name, failed, filtered };
  Kind kind = Kind::failed;
  std::vector<std::string> names = {};         // of NS and SOA questions
  std::vector<net::IpAddress> addresses = {};  // of A and AAAA questions
};

Asker::Answer Asker::ask(const std::string& name, std::uint16_t qtype) {
  auto parsed = dns::Name::from_text(name);
  if (!parsed) return {};
  Answer answer;
  for (const auto& resolver : options_.resolvers) {
    const auto whole = probe::ask_whole(
        {.resolver = resolver, .name = *parsed, .qtype = qtype, .timeout_ms = options_.timeout_ms},
        clock_, rng_);
    if (!whole) continue;
    if (is_policy(whole->seen)) {
      answer.kind = Answer::Kind::filtered;
      continue;
    }
    if (whole->seen.rcode == dns::rcode_nxdomain) return {.kind = Answer::Kind::no_such_name};
    if (whole->seen.rcode != dns::rcode_noerror) continue;
    answer.kind = Answer::Kind::good;
    if (qtype == dns::type_a || qtype == dns::type_aaaa) {
      answer.addresses = whole->seen.addresses;
    } else {
      answer.names = names_in(whole->message, qtype, *parsed);
    }
    return answer;
  }
  return answer;
}

std::string Asker::domain_of(std::string_view name) const {
  auto domain = suffixes_.registrable_domain(name).value_or(std::string{name});
  for (auto above = text::parent_of(domain);
       above && suffixes_.section_of(*above) == text::SuffixSection::hosting;
       above = text::parent_of(domain)) {
    domain = std::string{*above};
  }
  return domain;
}

Look Asker::look(std::string_view name) {
  Look look{.at_ms = clock_.now_ms()};
  const auto set_silent = [&look](Answer::Kind kind) {
    look.outcome = kind == Answer::Kind::filtered ? LookOutcome::filtered : LookOutcome::failed;
  };
  const auto is_told = [](const Answer& answer) {
    return answer.kind == Answer::Kind::good || answer.kind == Answer::Kind::no_such_name;
  };
  const auto domain = domain_of(name);
  auto servers = ask(domain, dns::type_ns);
  if (!is_told(servers)) {
    set_silent(servers.kind);
    return look;
  }
  if (servers.kind == Answer::Kind::no_such_name) {
    look.outcome = LookOutcome::no_domain;
    return look;
  }
  look.servers = std::move(servers.names);
  // No NS where a registry would have put them. Elsewhere (a platform's domain that is cut
  // differently) only the name itself tells.
  const bool registered = suffixes_.registrable_domain(name) == domain;
  if (look.servers.empty() && registered) {
    look.outcome = LookOutcome::no_servers;
    return look;
  }
  const auto address = ask(std::string{name}, dns::type_a);
  if (!is_told(address)) {
    set_silent(address.kind);
    return look;
  }
  look.outcome =
      address.kind == Answer::Kind::no_such_name ? LookOutcome::no_name : LookOutcome::exists;
  if (look.outcome == LookOutcome::exists) {
    if (auto primary = ask(domain, dns::type_soa); !primary.names.empty()) {
      look.primary = std::move(primary.names.front());
    }
  }
  return look;
}

std::vector<net::IpAddress> Asker::addresses_of(std::string_view host) {
  std::vector<net::IpAddress> addresses;
  for (const auto qtype : {dns::type_a, dns::type_aaaa}) {
    const auto answer = ask(std::string{host}, qtype);
    addresses.insert(addresses.end(), answer.addresses.begin(), answer.addresses.end());
  }
  return addresses;
}

Result<void> Asker::check() {
  const auto seen = look(options_.control);
  if (seen.outcome == LookOutcome::exists) return {};
  return fail(ErrorCode::unavailable,
              "the recheck resolvers do not resolve " + options_.control + ": " +
                  std::string{to_string(seen.outcome)},
              "recheck_resolver");
}

}  // namespace khien::recheck
