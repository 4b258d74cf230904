#include "options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>

#include "base/file.h"
#include "codec/rfc3339.h"
#include "config_file.h"
#include "primary_tls.h"
#include "reference.h"
#include "resolver/transfer_key.h"
#include "written.h"

namespace khien::dnsd {
namespace {

constexpr std::size_t resolv_conf_size_max = 65'536;
constexpr std::uint16_t dns_port = 53;
constexpr std::size_t primaries_max = 4;  // that serve the same zones
// Who may ask where nothing is said: loopback, RFC 1918, link-local, RFC 4193.
constexpr std::array private_networks{
    std::string_view{"127.0.0.0/8"},    std::string_view{"10.0.0.0/8"},
    std::string_view{"172.16.0.0/12"},  std::string_view{"192.168.0.0/16"},
    std::string_view{"169.254.0.0/16"}, std::string_view{"::1/128"},
    std::string_view{"fc00::/7"},       std::string_view{"fe80::/10"}};
constexpr std::uint16_t dot_port = 853;
constexpr std::uint16_t doh_port = 443;
constexpr std::size_t handshake_burst_s = 4;

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

Result<void> add_lists(const Written& a, resolver::ServiceOptions& options) {
  for (const std::string& text : a.list) {
    const auto pair = split_pair(text);
    if (!pair) return bad_option("--list", text);
    const auto category = parse_category(pair->first);
    if (!category) {
      return fail(ErrorCode::invalid_argument, "--list " + text + ": there is no category \"" +
                                                   pair->first + "\"; --help lists them");
    }
    const Basis basis = is_choice(*category) ? Basis::choice : Basis::feeds;
    const auto source = policy::source_of(basis, *category);
    if (!source) return bad_option("--list", text);
    // Whoever gives a list of a network choice has chosen it.
    if (is_choice(*category)) options.choices |= mask_of(*source);
    options.lists.push_back({.source = *source, .path = pair->second});
  }
  return {};
}

Result<void> add_addresses(std::string_view option, const std::vector<std::string>& texts,
                           std::uint16_t port, std::vector<net::SocketAddress>& out) {
  for (const std::string& text : texts) {
    auto address = net::SocketAddress::parse(text, port);
    if (!address) return bad_option(option, text);
    out.push_back(*address);
  }
  return {};
}

Result<void> add_streams(const Written& a, resolver::ServiceOptions& options) {
  resolver::StreamOptions& streams = options.streams;
  if (auto added = add_addresses("--dot", a.dot, dot_port, streams.dot); !added) return added;
  if (auto added = add_addresses("--doh", a.doh, doh_port, streams.doh); !added) return added;
  streams.tls = {.certificate = a.tls_cert, .key = a.tls_key};
  streams.doh_paths = a.doh_path;
  std::vector<net::Prefix> proxies;
  for (const std::string& text : a.proxy_from) {
    const auto prefix = net::Prefix::parse(text);
    if (!prefix) return bad_option("--proxy-from", text);
    proxies.push_back(*prefix);
  }
  streams.proxies = resolver::ProxyPeers{proxies};
  streams.threads = a.stream_threads;
  streams.limits.connections_max = a.stream_connections;
  streams.limits.prefix = {
      .open_max = a.network_connections,
      .handshakes_burst = static_cast<std::uint32_t>(a.network_handshakes * handshake_burst_s),
      .handshakes_per_second = static_cast<std::uint32_t>(a.network_handshakes)};
  return {};
}

Result<void> add_upstreams(const Written& a, resolver::ServiceOptions& options) {
  for (const std::string& text : a.upstream) {
    auto upstream = resolver::parse_upstream(text);
    if (!upstream) return propagate(std::move(upstream).error(), "--upstream " + text);
    options.upstreams.push_back(std::move(*upstream));
  }
  if (options.upstreams.empty()) {
    if (auto conf = read_file("/etc/resolv.conf", resolv_conf_size_max)) {
      const auto servers = resolver::resolv_conf_servers(as_text(*conf));
      options.upstreams.assign(servers.begin(), servers.end());
    }
    if (options.upstreams.empty()) {
      return fail(ErrorCode::invalid_argument,
                  "--upstream is missing, and /etc/resolv.conf names no server");
    }
  }
  for (const std::string& text : a.forward) {
    const auto pair = split_pair(text);
    auto zone = dns::Name::from_text(pair ? pair->first : "");
    auto upstream = resolver::parse_upstream(pair ? pair->second : "");
    if (!pair || !zone || !upstream) return bad_option("--forward", text);
    options.forwards.push_back({.zone = std::move(*zone), .upstream = std::move(*upstream)});
  }
  options.upstream_authorities = a.upstream_ca;
  return {};
}

Result<void> add_sinkholes(const Written& a, resolver::ServiceOptions& options) {
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

Result<void> add_socket(const Written& a, resolver::ServiceOptions& options) {
  using resolver::SocketKind;
  const std::string kind = a.socket.substr(0, a.socket.find(':'));
  resolver::XdpOptions& xdp = options.xdp;
  if (kind == "xdp" || kind == "auto") {
    xdp.kind = kind == "xdp" ? SocketKind::xdp : SocketKind::automatic;
  } else if (a.socket != "udp") {
    return bad_option("--socket", a.socket);
  }
  if (a.socket.size() > kind.size()) {
    const std::string place = a.socket.substr(kind.size() + 1);
    xdp.interface = place.substr(0, place.find(':'));
    if (xdp.interface.empty()) return bad_option("--socket", a.socket);
    if (place.size() > xdp.interface.size()) {
      // Read as a port: digits only, and more than queues can be.
      const auto queue = net::parse_port(place.substr(xdp.interface.size() + 1));
      if (!queue || *queue >= net::xdp_queues_max) return bad_option("--socket", a.socket);
      xdp.queue = *queue;
    }
  }
  xdp.mode = a.xdp_mode == "native"    ? net::XdpMode::native
             : a.xdp_mode == "generic" ? net::XdpMode::generic
                                       : net::XdpMode::automatic;
  return {};
}

Result<void> add_clients(const Written& a, resolver::ServiceOptions& options) {
  options.drop_refused_clients = a.refused_clients == "drop";
  const auto add = [&](std::string_view text) -> Result<void> {
    auto prefix = net::Prefix::parse(text);
    if (!prefix) return bad_option("--allow-from", text);
    options.allow_from.push_back(*prefix);
    return {};
  };
  if (a.allow_from.empty()) {
    for (const auto text : private_networks) {
      if (auto added = add(text); !added) return added;
    }
  }
  for (const auto& text : a.allow_from) {
    if (auto added = add(text); !added) return added;
  }
  return {};
}

bool among(const std::vector<std::string>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

bool chosen(const Written& a, std::string_view choice) {
  return among(a.choice, choice) || among(a.zones, choice);
}

bool wanted(const Written& a, const policy::Source source) {
  const std::string id = policy::source_id(source);
  const auto basis = policy::basis_of(source);
  // Which choices networks make may change while khien-dnsd runs: their zones are then there.
  if (basis == Basis::choice) return chosen(a, id) || !a.policies.empty();
  return among(a.zones, id) || (basis && among(a.zones, to_string(*basis)));
}

Result<void> add_zones(const Written& a, resolver::ServiceOptions& options) {
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
    if (policy::basis_of({i}) == Basis::choice && chosen(a, policy::source_id({i}))) {
      options.choices |= policy::mask_of(policy::Source{i});
    }
    auto name = dns::Name::from_text(policy::source_id({i}) + ".rpz.khien.");
    secondary.zones.push_back({.name = std::move(*name), .source = {i}});
  }
  auto tls = read_primary_tls(a);
  if (!tls) return tl::unexpected<Error>{std::move(tls).error()};
  if (a.primary.empty()) return {};
  if (a.primary.size() > primaries_max) {
    return fail(ErrorCode::invalid_argument, "--primary: at most 4 for the same zones");
  }
  for (const auto& text : a.primary) {
    auto primary = net::SocketAddress::parse(text, *tls ? dot_port : dns_port);
    if (!primary) return bad_option("--primary", text);
    if (&text == &a.primary.front()) {
      secondary.primary = *primary;
    } else {
      secondary.other_primaries.push_back(*primary);
    }
  }
  if (!a.tsig_key.empty()) {
    auto key = resolver::read_key(a.tsig_key);
    if (!key) return propagate(std::move(key).error(), "--tsig-key");
    secondary.key = std::move(*key);
    secondary.key_file = a.tsig_key;
  }
  if (*tls) {
    const resolver::ZonePrimary over_tls{.address = secondary.primary,
                                         .others = secondary.other_primaries,
                                         .key = secondary.key,
                                         .key_file = secondary.key_file,
                                         .tls = std::move(*tls)};
    for (auto& zone : secondary.zones) zone.primary = over_tls;
  }
  options.secondary = std::move(secondary);
  return {};
}

Result<void> add_answers(const Written& a, resolver::ServiceOptions& options) {
  options.block.base_url = a.base_url;
  options.block.structured = a.structured_errors == "on";
  options.block.contacts = a.contact;
  options.block.organisation = a.organisation;
  options.block.language = a.organisation_language;
  options.cookies = a.cookies == "on";
  if (a.cookie_secret_file.empty()) return {};
  auto secrets = resolver::read_cookie_secrets(a.cookie_secret_file);
  if (!secrets) return propagate(std::move(secrets).error(), "--cookie-secret-file");
  options.cookie_secrets = *secrets;
  options.cookie_secret_file = a.cookie_secret_file;
  return {};
}

Result<void> add_third_parties(const Written& a, resolver::ServiceOptions& options) {
  if (a.rpz.empty()) return {};
  auto zones = resolver::read_rpz_zones(a.rpz);
  if (!zones) return propagate(std::move(zones).error(), "--rpz");
  for (const resolver::RpzZone& rpz : *zones) {
    // Whoever follows a zone of a network choice has chosen it.
    if (!is_choice(rpz.zone.category)) continue;
    options.choices |= mask_of(*policy::source_of(Basis::choice, rpz.zone.category));
  }
  options.rpz = std::move(*zones);
  return {};
}

/// The trial zones of the ring: in front of third parties', behind all that is decided.
Result<void> add_trial(const Written& a, resolver::ServiceOptions& options) {
  if (a.trial == "none") return {};
  if (a.primary.empty()) return fail(ErrorCode::invalid_argument, "--trial belongs to --primary");
  std::vector<resolver::RpzZone> zones;
  for (const CategoryFacts& facts : all_categories()) {
    if (is_choice(facts.category)) continue;
    zones.push_back(
        {.zone = {.name = "trial-" + a.trial + "-" + std::string{facts.id} + ".rpz.khien.",
                  .category = facts.category,
                  .on_trial = true},
         .primary = {}});
  }
  options.rpz.insert(options.rpz.begin(), zones.begin(), zones.end());
  return {};
}

// With `reports` khiend is told, so names are looked for unless the operator says 0.
Result<void> add_new_names(const Written& a, bool reports, resolver::ServiceOptions& options) {
  if (!reports && !a.new_names_min_given) return {};
  if (a.new_names_min == 0) return {};
  if (a.new_names_min < resolver::new_names_min_least) {
    return fail(ErrorCode::invalid_argument, "--new-names-min: 2 to 100, or 0 for none");
  }
  options.new_names = resolver::SeenNamesOptions{
      .networks_min = static_cast<std::uint32_t>(a.new_names_min),
      .suffix_list = a.suffix_list,
      .learning_ms = static_cast<std::int64_t>(a.new_names_learning) * ms_per_hour};
  return {};
}

Result<void> add_dnstap(const Written& a, resolver::ServiceOptions& options) {
  if (a.dnstap.empty() && a.dnstap_until.empty()) return {};
  if (a.dnstap.empty() || a.dnstap_until.empty()) {
    return fail(ErrorCode::invalid_argument, "--dnstap and --dnstap-until go together");
  }
  const auto until_ms = codec::read_rfc3339(a.dnstap_until);
  if (!until_ms) return bad_option("--dnstap-until", a.dnstap_until);
  options.tap = resolver::TapOptions{
      .file = a.dnstap, .until_ms = *until_ms, .size_max = std::uint64_t{a.dnstap_size_mb} << 20};
  return {};
}

Result<void> add_reports(const Written& a, resolver::ServiceOptions& options) {
  if (a.report_to.empty()) {
    if (a.report_key.empty()) return {};
    return fail(ErrorCode::invalid_argument, "--report-key without --report-to");
  }
  auto url = resolver::ReportUrl::parse(a.report_to);
  if (!url) return propagate(std::move(url).error(), "--report-to");
  if (a.report_key.empty()) return fail(ErrorCode::invalid_argument, "--report-key is missing");
  options.report =
      resolver::ReportOptions{.url = std::move(*url),
                              .key_file = a.report_key,
                              .authorities = a.report_ca,
                              .interval_ms = std::int64_t{a.report_interval} * ms_per_second};
  return {};
}

Result<resolver::ServiceOptions> service_options(const Written& a) {
  resolver::ServiceOptions options;
  options.workers = a.workers;
  options.snapshot_folder = a.snapshot;
  options.policies = a.policies;
  options.refuse_without_rules = a.without_rules == "refuse";
  options.cache_size = a.cache_mb << 20;
  options.cache_ttl_min_s = a.cache_ttl_min;
  options.cache_ttl_max_s = a.cache_ttl_max;
  for (const std::string& text : a.listen) {
    auto address = net::SocketAddress::parse(text, dns_port);
    if (!address) return bad_option("--listen", text);
    options.listen.push_back(*address);
  }
  if (!a.status.empty()) {
    auto address = net::SocketAddress::parse(a.status);
    if (!address) return bad_option("--status", a.status);
    options.status = *address;
  }
  for (const auto& add :
       {add_clients, add_lists, add_streams, add_upstreams, add_zones, add_third_parties, add_trial,
        add_sinkholes, add_socket, add_answers, add_dnstap, add_reports}) {
    if (auto added = add(a, options); !added) return tl::unexpected(std::move(added).error());
  }
  if (auto added = add_new_names(a, options.report.has_value(), options); !added) {
    return tl::unexpected(std::move(added).error());
  }
  return options;
}

}  // namespace

Result<std::optional<Options>> read_options(int argc, const char* const* argv) {
  CLI::App app{
      "Khien's filtering DNS front-end: blocks by rules, forwards the rest through a cache.\n"
      "Rules come from a primary (--primary) or from plain lists (--list)."};
  Written written;
  app.set_version_flag("--version", "khien-dnsd " KHIEN_VERSION)->configurable(false);
  describe(app, written);
  app.set_config("--config", "", "file of options, as --print-config writes one; these here win");
  app.config_formatter(std::make_shared<ConfigFile>(app));
  const auto printed = [](const std::string& text) {
    std::fputs(text.c_str(), stdout);
    return std::optional<Options>{};
  };
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return printed(app.help());
  } catch (const CLI::CallForVersion& version) {
    return printed(std::string{version.what()} + "\n");
  } catch (const CLI::ParseError& error) {
    return fail(ErrorCode::invalid_argument, error.what());
  }
  if (written.print_config) return printed(config_text(app));
  if (written.print_settings) return printed(settings_text(app));
  auto service = service_options(written);
  if (!service) return tl::unexpected(std::move(service).error());
  return std::optional{Options{.service = std::move(*service),
                               .tsig_key = written.tsig_key,
                               .allow_from_given = !written.allow_from.empty(),
                               .user = written.user,
                               .sandbox = written.sandbox == "on",
                               .check = written.check}};
}

}  // namespace khien::dnsd
