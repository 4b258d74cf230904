#include "written.h"

#include <CLI/CLI.hpp>

#include "resolver/service.h"

namespace khien::dnsd {
namespace {

constexpr std::size_t cache_mb_max = 65'536;
constexpr std::uint32_t cache_ttl_min_max_s =
    3'600;  // blocks elsewhere must be seen within the hour
constexpr std::size_t stream_connections_max = 1'000'000;
constexpr std::size_t network_handshakes_max = 1'000'000;

void describe_listening(CLI::App& app, Written& out) {
  app.add_option("--listen", out.listen, "ADDR[:PORT] to answer on, UDP and TCP; may be repeated");
  app.add_option("--workers", out.workers, "threads for UDP, one a core")
      ->check(CLI::Range(std::size_t{1}, resolver::workers_max));
  app.add_option("--socket", out.socket,
                 "what takes UDP queries: `udp`, kernel sockets; `xdp[:IFACE[:QUEUE]]`, "
                 "AF_XDP on an interface beside them (needs root, or CAP_BPF, CAP_NET_ADMIN and "
                 "CAP_NET_RAW; worker N takes QUEUE+N; what it takes passes by the kernel's "
                 "firewall); `auto[:IFACE[:QUEUE]]`, the same where it can be had");
  app.add_option("--xdp-mode", out.xdp_mode,
                 "where XDP runs: `native`, in the driver; `generic`, on any interface; `auto`, "
                 "native if it can")
      ->check(CLI::IsMember({"native", "generic", "auto"}));
  app.add_option("--allow-from", out.allow_from,
                 "PREFIX whose clients are answered, such as 198.51.100.0/24; may be repeated, at "
                 "most 4096; without one: loopback, link-local and private networks");
  app.add_option("--refused-clients", out.refused_clients,
                 "what other clients get: `refuse` answers REFUSED with EDE 18, `drop` nothing")
      ->check(CLI::IsMember({"refuse", "drop"}));
}

void describe_streams(CLI::App& app, Written& out) {
  app.add_option("--dot", out.dot,
                 "ADDR[:PORT] to answer on over TLS (DoT, port 853); may be repeated; needs "
                 "--tls-cert and --tls-key");
  app.add_option("--doh", out.doh,
                 "ADDR[:PORT] to answer on over HTTPS (DoH, HTTP/2, port 443); may be repeated; "
                 "needs --tls-cert and --tls-key");
  app.add_option("--tls-cert", out.tls_cert,
                 "PEM file with this server's certificate first, then the intermediate ones; taken "
                 "into use within a second when it changes, if it is good");
  app.add_option("--tls-key", out.tls_key, "PEM file with the key of --tls-cert, no pass phrase");
  app.add_option("--doh-path", out.doh_path,
                 "path that is answered over DoH; may be repeated, at most 64");
  app.add_option("--proxy-from", out.proxy_from,
                 "PREFIX of load balancers: what comes from there must begin with a PROXY header "
                 "(version 2), over UDP, TCP, DoT and DoH, and counts as its client's; may be "
                 "repeated");
  app.add_option("--stream-threads", out.stream_threads,
                 "threads for TCP, DoT and DoH; TLS costs more than UDP")
      ->check(CLI::Range(std::size_t{1}, resolver::stream_threads_max));
  app.add_option("--stream-connections", out.stream_connections,
                 "connections of TCP, DoT and DoH for each stream thread; more are closed at once")
      ->check(CLI::Range(std::size_t{1}, stream_connections_max));
  app.add_option("--network-connections", out.network_connections,
                 "of those, connections of one network (/24, /56)")
      ->check(CLI::Range(std::size_t{1}, stream_connections_max));
  app.add_option("--network-handshakes", out.network_handshakes,
                 "TLS handshakes a second of one network (/24, /56) for each stream thread; four "
                 "seconds' worth at once")
      ->check(CLI::Range(std::size_t{1}, network_handshakes_max));
}

void describe_upstreams(CLI::App& app, Written& out) {
  app.add_option(
      "--upstream", out.upstream,
      "ADDR[:PORT] of a resolver to ask, or tcp://ADDR[:PORT], or tls://ADDR[:PORT]#NAME "
      "with NAME in its certificate, or tls://ADDR[:PORT]#pin-sha256=BASE64 of its key; "
      "may be repeated, at most 16 with --forward; without one: those of "
      "/etc/resolv.conf");
  app.add_option("--forward", out.forward,
                 "ZONE=ADDR[:PORT]: names below ZONE are asked there instead, written like "
                 "--upstream; may be repeated");
  app.add_option("--upstream-ca", out.upstream_ca,
                 "PEM file of the authorities for tls:// upstreams; without one: those of the "
                 "system");
}

void describe_rules(CLI::App& app, Written& out) {
  app.add_option("--list", out.list,
                 "CATEGORY=FILE: block every domain of FILE, one a line, and what lies below it; "
                 "CATEGORY is one of phishing fraud malware unlawful-gambling spam intrusion "
                 "child-abuse intimate-abuse illegal-trade threats choice-adult choice-gambling "
                 "choice-ads; may be repeated, a file of at most 4 GiB; a file that changed is "
                 "read again by itself once it has stood still for 2 s, and on SIGHUP at once, "
                 "whole or not at all");
  app.add_option("--snapshot", out.snapshot,
                 "folder that keeps the compiled rules, for a fast start and for starting without "
                 "the primary");
  app.add_option("--primary", out.primary,
                 "ADDR[:PORT] of the zones' primary (khiend), which NOTIFY must come from; may be "
                 "repeated where several serve the same zones, at most 4");
  app.add_option("--tsig-key", out.tsig_key,
                 "key file (as `khienctl zone key add` writes it) that signs and proves transfers");
  app.add_option(
      "--primary-tls-name", out.primary_tls_name,
      "take zones over TLS (RFC 9103) from the --primary that proves this host name; its "
      "port is then 853 where none is given");
  app.add_option("--primary-tls-pin", out.primary_tls_pin,
                 "take zones over TLS from the --primary whose key this is, whatever its name: "
                 "base64 of the SHA-256 of its SubjectPublicKeyInfo; may be repeated, at most 8");
  app.add_option("--primary-tls-ca", out.primary_tls_ca,
                 "PEM file of the authorities for --primary-tls-name; without one: those of the "
                 "system");
  app.add_option("--primary-tls-cert", out.primary_tls_cert,
                 "PEM certificate that we show the primary, which knows us by its key");
  app.add_option("--primary-tls-key", out.primary_tls_key, "its PEM key");
  app.add_option("--rpz", out.rpz,
                 "JSON file of third parties' RPZ zones to obey behind the primary's "
                 "(docs/formats/rpz-zones.md), at most 39, with --trial 29");
  app.add_option("--trial", out.trial,
                 "obey what the primary has on trial (docs/publish/stages.md), too, if it lets "
                 "this follower: `own`, from the first stage on; `partner`, from the second")
      ->check(CLI::IsMember({"none", "own", "partner"}));
  app.add_option("--zones", out.zones,
                 "which of the primary's zones to obey: pass, emergency, orders, feeds, or single "
                 "ones such as orders-phishing")
      ->delimiter(',');
}

void describe_policy(CLI::App& app, Written& out) {
  app.add_option("--choice", out.choice,
                 "a network choice to switch on here: choice-adult, choice-gambling, choice-ads; "
                 "may be repeated");
  app.add_option("--policies", out.policies,
                 "JSON document of networks and their policies (docs/formats/policies.md), at most "
                 "16 MiB; read again on SIGHUP and when it changes, whole or not at all; without "
                 "one, everybody has the same policy");
  app.add_option("--without-rules", out.without_rules,
                 "before any rules were loaded: `refuse` answers SERVFAIL, `resolve` answers "
                 "unfiltered")
      ->check(CLI::IsMember({"refuse", "resolve"}));
}

void describe_answers(CLI::App& app, Written& out) {
  app.add_option("--base-url", out.base_url,
                 "where the pages about blocked names live: answers link to URL/l/NAME; empty for "
                 "no link");
  app.add_option("--sinkhole", out.sinkhole,
                 "ADDR of a server that shows the block page over plain HTTP (khiend "
                 "--block-listen): blocked names lead there instead of not existing; one IPv4 and "
                 "one IPv6 at most");
  app.add_option("--structured-errors", out.structured_errors,
                 "tell clients that ask for it why a name is blocked as JSON "
                 "(draft-ietf-dnsop-structured-dns-error)")
      ->check(CLI::IsMember({"on", "off"}));
  app.add_option(
      "--contact", out.contact,
      "tel:, sips:, mailto: or https: URI of who answers questions about blocks, in that "
      "JSON; may be repeated, at most 4 of 128 octets");
  app.add_option("--organisation", out.organisation,
                 "who blocks, for people, in that JSON; at most 128 octets");
  app.add_option("--organisation-language", out.organisation_language,
                 "language tag of that name, such as vi");
  app.add_option("--cookies", out.cookies, "DNS cookies (RFC 7873) for clients that send one")
      ->check(CLI::IsMember({"on", "off"}));
  app.add_option(
      "--cookie-secret-file", out.cookie_secret_file,
      "file with the cookies' secret, 32 hexadecimal digits, the same for all servers of "
      "an anycast set, and in a second line the one before it while it changes; without "
      "one: a random secret for this process");
}

void describe_cache(CLI::App& app, Written& out) {
  app.add_option("--cache-mb", out.cache_mb, "megabytes of cached answers a worker")
      ->check(CLI::Range(std::size_t{1}, cache_mb_max));
  app.add_option("--cache-ttl-min", out.cache_ttl_min,
                 "seconds for which an answer is kept at least, if its TTL is not 0")
      ->check(CLI::Range(0U, cache_ttl_min_max_s));
  app.add_option("--cache-ttl-max", out.cache_ttl_max,
                 "seconds for which an answer is kept at most")
      ->check(CLI::Range(1U, resolver::positive_ttl_max_s));
}

void describe_telemetry(CLI::App& app, Written& out) {
  app.add_option("--status", out.status,
                 "ADDR:PORT for /healthz and /metrics over HTTP; keep it on loopback");
  app.add_option(
         "--new-names-min", out.new_names_min,
         "client networks (/24, /56) that must have asked for a new registrable name within "
         "a day before anybody is told of it, 2 to 100; 0: nobody looks. Without this "
         "option: 10 with --report-to, otherwise 0")
      ->check(CLI::Range(std::size_t{0}, std::size_t{resolver::new_names_min_most}))
      ->each([&out](const std::string&) { out.new_names_min_given = true; });
  app.add_option("--new-names-learning", out.new_names_learning,
                 "hours after a first start in which names are learnt and nobody is told")
      ->check(CLI::Range(std::size_t{0}, std::size_t{24 * 7}));
  app.add_option("--suffix-list", out.suffix_list,
                 "the public suffix list, in the format of publicsuffix.org, by which registrable "
                 "names are found; empty: the one of libpsl");
  app.add_option(
      "--dnstap", out.dnstap,
      "for debugging: a new file that gets what clients ask and upstreams say, as dnstap "
      "without addresses, ports, ids and options; ends at --dnstap-until");
  app.add_option("--dnstap-until", out.dnstap_until,
                 "when that ends, at most 24 hours ahead: 2026-11-27T18:30:00Z or …+07:00");
  app.add_option("--dnstap-size", out.dnstap_size_mb,
                 "megabytes at which that file ends before its time")
      ->check(CLI::Range(std::size_t{1}, std::size_t{resolver::tap_file_size_most >> 20}));
  app.add_option("--report-to", out.report_to,
                 "URL of khiend (https://HOST/api/v1/resolver-reports) to tell how often each rule "
                 "was applied, in sums over everybody of 10 at least: no client, no network, no "
                 "policy (docs/formats/resolver-report.md); http:// to loopback alone; empty: "
                 "nobody is told");
  app.add_option("--report-key", out.report_key,
                 "file with the key that `khienctl resolver add` shows for this resolver; read "
                 "again on SIGHUP");
  app.add_option("--report-ca", out.report_ca,
                 "PEM file of the authorities for --report-to; without one: those of the system");
  app.add_option("--report-interval", out.report_interval, "seconds between two reports")
      ->check(
          CLI::Range(static_cast<std::uint32_t>(resolver::report_interval_min_ms / ms_per_second),
                     static_cast<std::uint32_t>(resolver::report_interval_max_ms / ms_per_second)));
}

void describe_operation(CLI::App& app, Written& out) {
  app.add_option("--user", out.user,
                 "account to become once everything is bound and loaded, when started as root; "
                 "empty: none");
  app.add_option("--sandbox", out.sandbox,
                 "`on`: system calls that khien-dnsd does not need are refused, and writing "
                 "outside --snapshot; `off` for debugging only")
      ->check(CLI::IsMember({"on", "off"}));

  // What to do instead of serving. Not settings: they stand in no configuration file.
  app.add_flag("--check", out.check,
               "look at everything that a start needs, say what is wrong, then end; binds nothing")
      ->configurable(false);
  app.add_flag("--print-config", out.print_config,
               "print a configuration file of every option and what is given now, then end")
      ->configurable(false);
  app.add_flag("--print-settings", out.print_settings, "print docs/dnsd/settings.md, then end")
      ->configurable(false);
}

}  // namespace

void describe(CLI::App& app, Written& out) {
  const auto group = [&](const char* name, void (*add)(CLI::App&, Written&)) {
    app.option_defaults()->group(name)->always_capture_default();
    add(app, out);
  };
  group("Listening", describe_listening);
  group("Streams", describe_streams);
  group("Upstreams", describe_upstreams);
  group("Rules", describe_rules);
  group("Policy", describe_policy);
  group("Answers", describe_answers);
  group("Cache", describe_cache);
  group("Telemetry", describe_telemetry);
  group("Operation", describe_operation);
}

}  // namespace khien::dnsd
