#include "written.h"

#include <CLI/CLI.hpp>

#include "resolver/service.h"

namespace khien::dnsd {
namespace {

constexpr std::size_t cache_mb_max = 65'536;

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
}

void describe_upstreams(CLI::App& app, Written& out) {
  app.add_option("--upstream", out.upstream,
                 "ADDR[:PORT] of a resolver to ask; may be repeated, at most 16 with --forward; "
                 "without one: those of /etc/resolv.conf");
  app.add_option("--forward", out.forward,
                 "ZONE=ADDR[:PORT]: names below ZONE are asked there instead; may be repeated");
}

void describe_rules(CLI::App& app, Written& out) {
  app.add_option("--list", out.list,
                 "CATEGORY=FILE: block every domain of FILE, one a line, and what lies below it; "
                 "CATEGORY is one of phishing fraud malware unlawful-gambling spam intrusion "
                 "child-abuse intimate-abuse illegal-trade threats choice-adult choice-gambling "
                 "choice-ads; may be repeated, a file of at most 4 GiB");
  app.add_option("--snapshot", out.snapshot,
                 "folder that keeps the compiled rules, for a fast start and for starting without "
                 "the primary");
  app.add_option("--primary", out.primary,
                 "ADDR[:PORT] of the zones' primary (khiend), which NOTIFY must come from");
  app.add_option("--tsig-key", out.tsig_key,
                 "key file (as `khienctl zone key add` writes it) that signs and proves transfers");
  app.add_option("--zones", out.zones,
                 "which of the primary's zones to obey: pass, emergency, orders, feeds, or single "
                 "ones such as orders-phishing")
      ->delimiter(',');
}

void describe_policy(CLI::App& app, Written& out) {
  app.add_option("--choice", out.choice,
                 "a network choice to switch on here: choice-adult, choice-gambling, choice-ads; "
                 "may be repeated");
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
}

void describe_cache(CLI::App& app, Written& out) {
  app.add_option("--cache-mb", out.cache_mb, "megabytes of cached answers a worker")
      ->check(CLI::Range(std::size_t{1}, cache_mb_max));
}

void describe_telemetry(CLI::App& app, Written& out) {
  app.add_option("--status", out.status,
                 "ADDR:PORT for /healthz and /metrics over HTTP; keep it on loopback");
}

// What to do instead of serving. Not settings: they stand in no configuration file.
void describe_operation(CLI::App& app, Written& out) {
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
  group("Upstreams", describe_upstreams);
  group("Rules", describe_rules);
  group("Policy", describe_policy);
  group("Answers", describe_answers);
  group("Cache", describe_cache);
  group("Telemetry", describe_telemetry);
  group("Operation", describe_operation);
}

}  // namespace khien::dnsd
