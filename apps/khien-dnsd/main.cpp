// khien-dnsd: the filtering resolver front-end. Options into ServiceOptions, signals, nothing else.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "base/file.h"
#include "base/log.h"
#include "resolver/service.h"
#include "resolver/transfer_key.h"

using namespace khien;

namespace {

constexpr std::size_t resolv_conf_size_max = 65'536;
constexpr std::uint16_t dns_port = 53;

struct Arguments {
  std::vector<std::string> listen;
  std::size_t workers = 1;
  std::vector<std::string> upstream;
  std::vector<std::string> forward;
  std::vector<std::string> list;
  std::string snapshot;
  std::string base_url = "http://localhost:8080";
  std::vector<std::string> sinkhole;
  std::string status;
  std::string primary;
  std::string tsig_key;
  std::vector<std::string> zones{"pass", "emergency", "orders", "feeds"};
  std::vector<std::string> choice;
  std::string without_rules = "refuse";
  std::size_t cache_mb = 32;
};

void add_options(CLI::App& app, Arguments& a) {
  app.add_option("--listen", a.listen,
                 "ADDR:PORT to answer on, UDP and TCP; repeat for more (default 127.0.0.1:5300)");
  app.add_option("--workers", a.workers, "threads for UDP, one a core (default 1)");
  app.add_option("--upstream", a.upstream,
                 "ADDR[:PORT] of a resolver to ask; repeat for more (default: those of "
                 "/etc/resolv.conf)");
  app.add_option("--forward", a.forward,
                 "ZONE=ADDR:PORT: names below ZONE are asked there instead; repeat for more");
  app.add_option("--list", a.list,
                 "CATEGORY=FILE: block every domain of FILE, one a line, and what lies below it; "
                 "CATEGORY is one of phishing fraud malware unlawful-gambling spam intrusion "
                 "child-abuse intimate-abuse illegal-trade threats choice-adult choice-gambling "
                 "choice-ads; repeat for more");
  app.add_option("--snapshot", a.snapshot,
                 "folder that keeps the compiled rules, for a fast start and for starting without "
                 "the primary");
  app.add_option("--base-url", a.base_url,
                 "where the pages about blocked names live: answers link to URL/l/NAME; empty for "
                 "no link (default http://localhost:8080)");
  app.add_option("--sinkhole", a.sinkhole,
                 "ADDR of a server that shows the block page over plain HTTP (khiend "
                 "--block-listen): blocked names lead there instead of not existing; one IPv4 and "
                 "one IPv6 at most");
  app.add_option("--status", a.status,
                 "ADDR:PORT for /healthz and /metrics over HTTP; keep it on loopback");
  app.add_option("--primary", a.primary,
                 "ADDR:PORT of the zones' primary (khiend), which NOTIFY must come from");
  app.add_option("--tsig-key", a.tsig_key,
                 "key file (as `khienctl zone key add` writes it) that signs and proves transfers");
  app.add_option("--zones", a.zones,
                 "which of the primary's zones to obey: pass, emergency, orders, feeds, or single "
                 "ones such as orders-phishing (default: those four)")
      ->delimiter(',');
  app.add_option("--choice", a.choice,
                 "a network choice to switch on here: choice-adult, choice-gambling, choice-ads; "
                 "repeat for more (default none)");
  app.add_option("--without-rules", a.without_rules,
                 "before any rules were loaded: `refuse` answers SERVFAIL (default), `resolve` "
                 "answers unfiltered")
      ->check(CLI::IsMember({"refuse", "resolve"}));
  app.add_option("--cache-mb", a.cache_mb, "megabytes of cached answers a worker (default 32)")
      ->check(CLI::Range(1, 65'536));
}

tl::unexpected<Error> bad_option(std::string_view option, std::string_view value) {
  return fail(ErrorCode::invalid_argument,
              std::string{option} + ": cannot read \"" + std::string{value} + "\"");
}

/// "ZONE=REST" in two; nullopt without `=`.
std::optional<std::pair<std::string, std::string>> split_pair(const std::string& text) {
  const auto at = text.find('=');
  if (at == std::string::npos) return std::nullopt;
  return std::pair{text.substr(0, at), text.substr(at + 1)};
}

Result<void> add_lists(const Arguments& a, resolver::ServiceOptions& options) {
  for (const std::string& text : a.list) {
    const auto pair = split_pair(text);
    const auto category = pair ? parse_category(pair->first) : std::nullopt;
    if (!category) return bad_option("--list", text);
    const Basis basis = is_choice(*category) ? Basis::choice : Basis::feeds;
    const auto source = policy::source_of(basis, *category);
    if (!source) return bad_option("--list", text);
    // Whoever gives a list of a network choice has chosen it.
    if (is_choice(*category)) options.choices |= mask_of(*source);
    options.lists.push_back({.source = *source, .path = pair->second});
  }
  return {};
}

Result<void> add_upstreams(const Arguments& a, resolver::ServiceOptions& options) {
  for (const std::string& text : a.upstream) {
    auto address = net::SocketAddress::parse(text, dns_port);
    if (!address) return bad_option("--upstream", text);
    options.upstreams.push_back(*address);
  }
  if (options.upstreams.empty()) {
    if (auto conf = read_file("/etc/resolv.conf", resolv_conf_size_max)) {
      options.upstreams = resolver::resolv_conf_servers(as_text(*conf));
    }
    if (options.upstreams.empty()) {
      return fail(ErrorCode::invalid_argument,
                  "--upstream is missing, and /etc/resolv.conf names no server");
    }
  }
  for (const std::string& text : a.forward) {
    const auto pair = split_pair(text);
    auto zone = dns::Name::from_text(pair ? pair->first : "");
    auto address = net::SocketAddress::parse(pair ? pair->second : "", dns_port);
    if (!pair || !zone || !address) return bad_option("--forward", text);
    options.forwards.push_back({.zone = std::move(*zone), .upstream = *address});
  }
  return {};
}

Result<void> add_sinkholes(const Arguments& a, resolver::ServiceOptions& options) {
  for (const std::string& text : a.sinkhole) {
    const auto address = net::IpAddress::parse(text);
    if (!address) return bad_option("--sinkhole", text);
    auto& place = address->is_v4() ? options.block.sinkhole_v4 : options.block.sinkhole_v6;
    if (place) {
      return fail(ErrorCode::invalid_argument, "--sinkhole: one IPv4 and one IPv6 address at most");
    }
    place = *address;
  }
  return {};
}

bool wanted(const Arguments& a, const policy::Source source) {
  const std::string id = policy::source_id(source);
  const auto basis = policy::basis_of(source);
  const auto among = [](const std::vector<std::string>& words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
  };
  if (basis == Basis::choice) return among(a.choice, id) || among(a.zones, id);
  return among(a.zones, id) || (basis && among(a.zones, to_string(*basis)));
}

Result<void> add_zones(const Arguments& a, resolver::ServiceOptions& options) {
  for (const auto* words : {&a.zones, &a.choice}) {
    for (const std::string& word : *words) {
      if (!policy::parse_source(word) && word != "orders" && word != "feeds") {
        return bad_option(words == &a.zones ? "--zones" : "--choice", word);
      }
    }
  }
  for (const std::string& word : a.choice) {
    if (!word.starts_with("choice-")) return bad_option("--choice", word);
  }
  resolver::SecondaryOptions secondary;
  for (std::uint8_t i = 0; i < policy::source_count; ++i) {
    if (!wanted(a, {i})) continue;
    if (policy::basis_of({i}) == Basis::choice)
      options.choices |= policy::mask_of(policy::Source{i});
    auto name = dns::Name::from_text(policy::source_id({i}) + ".rpz.khien.");
    secondary.zones.push_back({.name = std::move(*name), .source = {i}});
  }
  if (a.primary.empty()) return {};
  auto primary = net::SocketAddress::parse(a.primary, dns_port);
  if (!primary) return bad_option("--primary", a.primary);
  secondary.primary = *primary;
  if (!a.tsig_key.empty()) {
    auto key = resolver::read_key(a.tsig_key);
    if (!key) return propagate(std::move(key).error(), "--tsig-key");
    secondary.key = std::move(*key);
  }
  options.secondary = std::move(secondary);
  return {};
}

Result<resolver::ServiceOptions> service_options(const Arguments& a) {
  resolver::ServiceOptions options;
  options.workers = a.workers;
  options.snapshot_folder = a.snapshot;
  options.block.base_url = a.base_url;
  options.refuse_without_rules = a.without_rules == "refuse";
  options.cache_size = a.cache_mb << 20;
  for (const std::string& text : a.listen) {
    auto address = net::SocketAddress::parse(text, dns_port);
    if (!address) return bad_option("--listen", text);
    options.listen.push_back(*address);
  }
  if (a.listen.empty()) options.listen.push_back(*net::SocketAddress::parse("127.0.0.1:5300"));
  if (!a.status.empty()) {
    auto address = net::SocketAddress::parse(a.status);
    if (!address) return bad_option("--status", a.status);
    options.status = *address;
  }
  for (const auto& add : {add_lists, add_upstreams, add_zones, add_sinkholes}) {
    if (auto added = add(a, options); !added) return tl::unexpected(std::move(added).error());
  }
  return options;
}

int report(const Error& error) {
  std::fprintf(stderr, "khien-dnsd: %s\n", error.message.c_str());
  return exit_code(error.code);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Khien's filtering DNS front-end: blocks by rules, forwards the rest through a cache.\n"
      "Rules come from a primary (--primary) or from plain lists (--list)."};
  app.set_version_flag("--version", "khien-dnsd " KHIEN_VERSION);
  Arguments arguments;
  add_options(app, arguments);
  CLI11_PARSE(app, argc, argv);

  auto options = service_options(arguments);
  if (!options) return report(options.error());

  // Blocked before any thread starts, so that only sigwait() below sees them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  const SystemClock clock;
  SystemRng rng;
  auto service = resolver::Service::open(std::move(*options), clock, rng);
  if (!service) return report(service.error());
  (*service)->start();
  for (const auto& address : (*service)->addresses()) {
    KHIEN_LOG(info, "listening", {"address", to_string(address)});
  }
  if (const auto address = (*service)->status_address()) {
    KHIEN_LOG(info, "status", {"address", to_string(*address)});
  }
  int number = 0;
  sigwait(&signals, &number);
  KHIEN_LOG(info, "stopping");
  (*service)->stop();
  return 0;
}
