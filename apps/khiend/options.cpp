#include "options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "recheck/asker.h"
#include "recheck/page_looker.h"
#include "version.h"

namespace khien::khiend {
namespace {

constexpr std::size_t stage_lists_above_most = 5'000'000;  // no list is larger

constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t dns_port = 53;
constexpr std::size_t nonce_zone_size_max = 200;  // "r7.", an id and the zone fit 253

/// As written, before anything is checked.
struct Written {
  std::vector<std::string> listen{"127.0.0.1:8080"};
  std::vector<std::string> dns_listen{"127.0.0.1:5380"};
  std::string dns_tls_listen;
  std::string dns_tls_certificate;
  std::string dns_tls_key;
  std::vector<std::string> block_listen;
  std::string database;
  std::string state{"var"};
  std::string data{"data"};
  std::string texts;
  std::string web;
  std::string public_url;
  std::string tls_certificate;
  std::string tls_key;
  std::vector<std::string> trusted_proxies;
  std::vector<std::string> metrics_from;
  std::string smtp;
  std::string smtp_from{"khien@localhost"};
  std::string smtp_password_file;
  std::vector<std::string> verify;
  // Names that every working line resolves; a test holds them to the never-block lists.
  std::vector<std::string> probe_canaries{"chinhphu.vn", "dichvucong.gov.vn", "wikipedia.org",
                                          "vnexpress.net"};
  std::int64_t probe_interval_s = 300;
  std::string nonce_zone;
  std::string nonce_listen;
  std::vector<std::string> recheck_resolvers;
  std::string recheck_control{"chinhphu.vn"};
  std::int64_t recheck_list_budget = recheck::list_budget_default;
  std::size_t stage_lists_above = 0;
  bool share_feeds = false;
  std::string recheck_pages{"off"};
  std::string recheck_user_agent{recheck::user_agent_default};
  std::string pair;
  std::vector<std::string> roles{"api", "worker", "publisher"};
  bool demo = false;
  bool version = false;
};

void describe(CLI::App& app, Written& out) {
  app.add_option("--listen", out.listen, "HTTP address; may be repeated")->capture_default_str();
  app.add_option("--dns-listen", out.dns_listen, "zone transfer address; may be repeated")
      ->capture_default_str();
  app.add_option("--dns-tls-listen", out.dns_tls_listen,
                 "address for zone transfer over TLS (RFC 9103), usually port 853");
  app.add_option("--dns-tls-cert", out.dns_tls_certificate,
                 "its PEM certificate chain, read again when it changes (default: --tls-cert)");
  app.add_option("--dns-tls-key", out.dns_tls_key, "its PEM key (default: --tls-key)");
  app.add_option("--block-listen", out.block_listen,
                 "address that shows the block page over plain HTTP, where a resolver's sinkhole "
                 "leads; may be repeated");
  app.add_option("--database", out.database,
                 "sqlite:PATH or postgresql://…  (default: sqlite:STATE/khien.db)");
  app.add_option("--state", out.state, "folder of keys, zones, evidence and ledger")
      ->capture_default_str();
  app.add_option("--data", out.data, "folder of the shipped lists")->capture_default_str();
  app.add_option("--texts", out.texts, "folder of the texts (default: i18n beside --data)");
  app.add_option("--web", out.web, "folder of the built officers' app");
  app.add_option("--public-url", out.public_url,
                 "how browsers reach us (default: http://localhost:PORT)");
  app.add_option("--tls-cert", out.tls_certificate, "PEM certificate chain: serve HTTPS");
  app.add_option("--tls-key", out.tls_key, "its PEM key");
  app.add_option("--trusted-proxy", out.trusted_proxies,
                 "address or prefix whose X-Forwarded-For and -Proto count");
  app.add_option("--metrics-from", out.metrics_from,
                 "address or prefix that may read /metrics, beside loopback");
  app.add_option("--smtp", out.smtp,
                 "mail server: smtp+starttls://[USER@]HOST:587, smtps://[USER@]HOST:465, or "
                 "smtp://127.0.0.1:25 (default: no mail)");
  app.add_option("--smtp-from", out.smtp_from, "sender of mail")->capture_default_str();
  app.add_option("--smtp-password-file", out.smtp_password_file,
                 "file with USER's password, which a command line would show to everybody");
  app.add_option("--verify", out.verify,
                 "resolver to ask whether blocks took effect; may be repeated");
  app.add_option("--probe-canary", out.probe_canaries,
                 "good name that probes resolve first, to know that their line works; may be "
                 "repeated")
      ->capture_default_str();
  app.add_option("--probe-interval", out.probe_interval_s, "seconds between rounds of a probe")
      ->capture_default_str();
  app.add_option(
      "--nonce-zone", out.nonce_zone,
      "zone of ours below which probes ask for names of their own, to see which resolver "
      "answers; its parent delegates it to --nonce-listen (default: none)");
  app.add_option("--nonce-listen", out.nonce_listen, "address that answers it, UDP");
  app.add_option("--recheck-resolver", out.recheck_resolvers,
                 "resolver that filters nothing, to ask whether blocked names still exist; may be "
                 "repeated (default: nobody looks)");
  app.add_option("--recheck-control", out.recheck_control,
                 "good name that it must resolve, or nothing that it says counts")
      ->capture_default_str();
  app.add_option("--recheck-list-budget", out.recheck_list_budget,
                 "entries of lists that are looked at in an hour, 0 to 3000")
      ->capture_default_str();
  app.add_option("--recheck-pages", out.recheck_pages,
                 "on: rechecks of orders also contact the listed site, to see whether its reported "
                 "pages are gone")
      ->capture_default_str();
  app.add_option("--recheck-user-agent", out.recheck_user_agent,
                 "how they name themselves there; one that says who asks is shown another page")
      ->capture_default_str();
  app.add_option(
      "--pair", out.pair,
      "name of this publisher (a to z, digits, hyphens) beside another khiend that serves "
      "the same zones from the same PostgreSQL: docs/runbooks/pair.md");
  app.add_option("--stage-lists-above", out.stage_lists_above,
                 "a list that adds more names than this at once begins on trial, at our own "
                 "resolvers, and waits for a person to go on; 0: none does")
      ->check(CLI::Range(std::size_t{0}, stage_lists_above_most))
      ->capture_default_str();
  app.add_flag("--share-feeds", out.share_feeds,
               "give lists of other sources on as signed lists, too: only where the licence of "
               "each of them allows it (docs/publish/lists.md)");
  app.add_option("--roles", out.roles, "of api, worker, publisher")
      ->delimiter(',')
      ->capture_default_str();
  app.add_flag("--demo", out.demo, "invented accounts and configuration, loopback only");
  app.add_flag("--version", out.version, "print the version");
}

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message));
}

/// Each of `texts` through `parse`, or the first error with the option's name before it.
template <typename T, typename Parse>
Result<std::vector<T>> parse_all(std::string_view option, const std::vector<std::string>& texts,
                                 Parse parse) {
  std::vector<T> out;
  for (const auto& text : texts) {
    auto parsed = parse(text);
    if (!parsed) return bad(std::string{option} + " " + text + ": " + parsed.error().message);
    out.push_back(std::move(*parsed));
  }
  return out;
}

Result<void> read_addresses(const Written& in, Options& out) {
  const auto parse_address = [](std::string_view t) { return net::SocketAddress::parse(t); };
  const auto parse_dns = [](std::string_view t) { return net::SocketAddress::parse(t, 53); };
  const auto parse_prefix = [](std::string_view t) { return net::Prefix::parse(t); };
  auto listen = parse_all<net::SocketAddress>("--listen", in.listen, parse_address);
  if (!listen) return tl::unexpected<Error>{listen.error()};
  auto block = parse_all<net::SocketAddress>(
      "--block-listen", in.block_listen,
      [](std::string_view t) { return net::SocketAddress::parse(t, http_port); });
  if (!block) return tl::unexpected<Error>{block.error()};
  auto dns = parse_all<net::SocketAddress>("--dns-listen", in.dns_listen, parse_dns);
  if (!dns) return tl::unexpected<Error>{dns.error()};
  auto verify = parse_all<net::SocketAddress>("--verify", in.verify, parse_dns);
  if (!verify) return tl::unexpected<Error>{verify.error()};
  auto proxies = parse_all<net::Prefix>("--trusted-proxy", in.trusted_proxies, parse_prefix);
  if (!proxies) return tl::unexpected<Error>{proxies.error()};
  auto metrics = parse_all<net::Prefix>("--metrics-from", in.metrics_from, parse_prefix);
  if (!metrics) return tl::unexpected<Error>{metrics.error()};
  out.listen = std::move(*listen);
  out.block_listen = std::move(*block);
  out.dns_listen = std::move(*dns);
  out.verify = std::move(*verify);
  out.trusted_proxies = std::move(*proxies);
  out.metrics_from = std::move(*metrics);
  return {};
}

constexpr std::uint16_t dot_port = 853;

Result<void> read_dns_tls(const Written& in, Options& out) {
  if (in.dns_tls_certificate.empty() != in.dns_tls_key.empty()) {
    return bad("--dns-tls-cert and --dns-tls-key belong together");
  }
  if (in.dns_tls_listen.empty()) {
    if (!in.dns_tls_key.empty()) return bad("--dns-tls-cert belongs to --dns-tls-listen");
    return {};
  }
  auto listen = net::SocketAddress::parse(in.dns_tls_listen, dot_port);
  if (!listen) return bad("--dns-tls-listen " + in.dns_tls_listen + ": " + listen.error().message);
  const bool own = !in.dns_tls_key.empty();
  out.dns_tls = {.listen = *listen,
                 .files = {.certificate = own ? in.dns_tls_certificate : in.tls_certificate,
                           .key = own ? in.dns_tls_key : in.tls_key}};
  if (out.dns_tls->files.key.empty()) {
    return bad(
        "--dns-tls-listen needs --dns-tls-cert and --dns-tls-key, or --tls-cert and --tls-key");
  }
  return {};
}

Result<void> read_roles(const Written& in, Options& out) {
  const auto has = [&](std::string_view role) {
    return std::ranges::find(in.roles, role) != in.roles.end();
  };
  for (const auto& role : in.roles) {
    if (role != "api" && role != "worker" && role != "publisher") {
      return bad("--roles: " + role + " is none of api, worker, publisher");
    }
  }
  out.api = has("api");
  out.worker = has("worker");
  out.publisher = has("publisher");
  return {};
}

Result<void> read_probe_work(const Written& in, Options& out) {
  if (in.probe_canaries.empty() || in.probe_canaries.size() > probe::work_canaries_max ||
      !std::ranges::all_of(in.probe_canaries, probe::is_plain_name)) {
    return bad("--probe-canary: one to " + std::to_string(probe::work_canaries_max) +
               " names in lower case without a final dot");
  }
  if (in.probe_interval_s < probe::round_interval_min_s ||
      in.probe_interval_s > probe::round_interval_max_s) {
    return bad("--probe-interval: 30 to 3600 seconds");
  }
  if (in.nonce_zone.empty() != in.nonce_listen.empty()) {
    return bad("--nonce-zone and --nonce-listen belong together");
  }
  if (!in.nonce_zone.empty()) {
    if (!probe::is_plain_name(in.nonce_zone) || in.nonce_zone.size() > nonce_zone_size_max) {
      return bad(
          "--nonce-zone is a name in lower case without a final dot, 200 characters at most");
    }
    auto listen = net::SocketAddress::parse(in.nonce_listen, dns_port);
    if (!listen) return bad("--nonce-listen: " + listen.error().message);
    out.nonce_listen = *listen;
    out.probe_work.nonce_zone = in.nonce_zone;
  }
  out.probe_work.canaries = in.probe_canaries;
  out.probe_work.next_s = in.probe_interval_s;
  return {};
}

Result<void> read_recheck(const Written& in, Options& out) {
  auto resolvers = parse_all<net::SocketAddress>(
      "--recheck-resolver", in.recheck_resolvers,
      [](std::string_view t) { return net::SocketAddress::parse(t, dns_port); });
  if (!resolvers) return tl::unexpected<Error>{resolvers.error()};
  if (resolvers->size() > recheck::resolvers_max) {
    return bad("--recheck-resolver: at most " + std::to_string(recheck::resolvers_max));
  }
  if (!probe::is_plain_name(in.recheck_control)) {
    return bad("--recheck-control is a name in lower case without a final dot");
  }
  if (in.recheck_list_budget < 0 || in.recheck_list_budget > recheck::list_budget_max) {
    return bad("--recheck-list-budget: 0 to " + std::to_string(recheck::list_budget_max));
  }
  // It would answer with our own blocks, and every name would look as if it were gone.
  for (const auto& resolver : *resolvers) {
    if (std::ranges::find(out.verify, resolver) == out.verify.end()) continue;
    return bad("--recheck-resolver " + to_string(resolver) +
               " is named by --verify, too: it blocks what it should look at");
  }
  if (in.recheck_pages != "on" && in.recheck_pages != "off") {
    return bad("--recheck-pages is on or off");
  }
  const bool pages = in.recheck_pages == "on";
  if (pages && resolvers->empty()) {
    return bad("--recheck-pages on needs --recheck-resolver: our own resolvers block those names");
  }
  if (in.recheck_user_agent.empty() ||
      in.recheck_user_agent.size() > recheck::user_agent_size_max ||
      !http::is_writable_header("User-Agent", in.recheck_user_agent)) {
    return bad("--recheck-user-agent is one line of 1 to " +
               std::to_string(recheck::user_agent_size_max) + " characters");
  }
  out.recheck = {.resolvers = std::move(*resolvers),
                 .control = in.recheck_control,
                 .list_budget = in.recheck_list_budget,
                 .pages = pages,
                 .user_agent = in.recheck_user_agent};
  return {};
}

Result<Options> check(const Written& in) {
  Options out;
  if (auto read = read_probe_work(in, out); !read) return tl::unexpected<Error>{read.error()};
  if (auto read = read_addresses(in, out); !read) return tl::unexpected<Error>{read.error()};
  if (auto read = read_recheck(in, out); !read) return tl::unexpected<Error>{read.error()};
  if (auto read = read_roles(in, out); !read) return tl::unexpected<Error>{read.error()};
  if (auto read = read_dns_tls(in, out); !read) return tl::unexpected<Error>{read.error()};
  if (in.tls_certificate.empty() != in.tls_key.empty()) {
    return bad("--tls-cert and --tls-key belong together");
  }
  if (!in.tls_key.empty()) {
    out.tls = http::TlsFiles{.certificate = in.tls_certificate, .key = in.tls_key};
  }
  if (in.demo &&
      !std::ranges::all_of(out.listen, [](const auto& a) { return a.ip.is_loopback(); })) {
    return bad("--demo has known passwords: it listens on loopback only");
  }
  out.state = in.state;
  out.data = in.data;
  out.texts = in.texts.empty() ? std::filesystem::absolute(in.data).parent_path() / "i18n"
                               : std::filesystem::path{in.texts};
  out.web = in.web;
  out.database = in.database.empty() ? "sqlite:" + (out.state / "khien.db").string() : in.database;
  out.public_url = in.public_url;
  while (out.public_url.ends_with('/')) out.public_url.pop_back();
  if (out.public_url.empty() && !out.listen.empty()) {
    out.public_url = std::string{out.tls ? "https" : "http"} +
                     "://localhost:" + std::to_string(out.listen.front().port);
  }
  if (!out.public_url.starts_with("http://") && !out.public_url.starts_with("https://")) {
    return bad("--public-url begins with http:// or https://");
  }
  if (in.smtp.empty() && !in.smtp_password_file.empty()) {
    return bad("--smtp-password-file belongs to --smtp");
  }
  if (!in.smtp.empty()) {
    // What is made up from the port opens nothing on the reader's machine.
    if (in.public_url.empty()) return bad("--smtp needs --public-url: mail links to it");
    auto mail = notice::load_mail_server(in.smtp, in.smtp_from, in.smtp_password_file);
    if (!mail) return bad("--smtp: " + mail.error().message);
    out.mail = std::move(*mail);
  }
  out.demo = in.demo;
  if (!in.pair.empty()) {
    if (!out.publisher) return bad("--pair belongs to the role publisher");
    if (!out.database.starts_with("postgres")) {
      return bad("--pair needs a PostgreSQL that both publishers reach: --database postgresql://…");
    }
  }
  out.pair = in.pair;
  if (in.stage_lists_above != 0 && !out.publisher) {
    return bad("--stage-lists-above belongs to the role publisher");
  }
  out.stage_lists_above = in.stage_lists_above;
  out.share_feeds = in.share_feeds;
  return out;
}

}  // namespace

Result<std::optional<Options>> read_options(int argc, const char* const* argv) {
  CLI::App app{"khiend: Khiên's control plane (API, worker, publisher of zones)"};
  Written written;
  describe(app, written);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return std::optional<Options>{};
  } catch (const CLI::ParseError& error) {
    return bad(error.what());
  }
  if (written.version) {
    std::printf("khiend %s\n", std::string{program_version}.c_str());
    return std::optional<Options>{};
  }
  auto options = check(written);
  if (!options) return tl::unexpected<Error>{std::move(options).error()};
  return std::optional<Options>{std::move(*options)};
}

}  // namespace khien::khiend
