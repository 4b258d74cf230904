// khien-dnsd as a whole: rules from lists or a primary, workers, TCP, status. apps/khien-dnsd
// parses the command line into ServiceOptions and calls this; tests do the same with ports of 0.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "resolver/list_watch.h"
#include "resolver/policy_file.h"
#include "resolver/reloadables.h"
#include "resolver/reporter.h"
#include "resolver/rpz_zones.h"
#include "resolver/secondary.h"
#include "resolver/seen_names.h"
#include "resolver/status_server.h"
#include "resolver/stream_threads.h"
#include "resolver/tap_file.h"
#include "resolver/udp_worker.h"
#include "resolver/upstream_status.h"

namespace khien::resolver {

constexpr std::size_t workers_max = 256;
constexpr std::size_t upstreams_max = 16;
constexpr std::size_t allowed_prefixes_max = 4'096;

/// Names below `zone` are asked of `upstream`.
struct Forward {
  dns::Name zone = {};
  Upstream upstream = {};
};

/// What clients' datagrams come in by. Kernel sockets are there in any case: with AF_XDP they serve
/// what it leaves to the kernel.
enum class SocketKind : std::uint8_t {
  udp,
  xdp,        ///< AF_XDP too, or no start
  automatic,  ///< AF_XDP too where it can be set up; otherwise a warning
};

struct XdpOptions {
  SocketKind kind = SocketKind::udp;
  std::string interface = {};  ///< empty: that of the listening addresses
  std::uint32_t queue = 0;     ///< of the first worker; the next one takes the next
  net::XdpMode mode = net::XdpMode::automatic;
};

struct ServiceOptions {
  std::vector<net::SocketAddress> listen = {};
  std::size_t workers = 1;
  XdpOptions xdp = {};
  std::vector<Upstream> upstreams = {};
  /// PEM, of tls:// upstreams; empty: the system's.
  std::filesystem::path upstream_authorities = {};
  std::vector<Forward> forwards = {};
  std::vector<ListFile> lists = {};
  std::optional<SecondaryOptions> secondary = {};
  std::vector<RpzZone> rpz = {};        ///< third parties' zones, in their order
  policy::SourceMask choices = 0;       ///< network choices that are switched on
  std::filesystem::path policies = {};  ///< the policy document; without one, one policy for all
  std::filesystem::path snapshot_folder = {};
  BlockAnswer block = {};
  std::optional<net::SocketAddress> status = {};
  bool refuse_without_rules = true;
  bool cookies = true;                               ///< DNS cookies for clients that send one
  std::optional<CookieSecrets> cookie_secrets = {};  ///< nullopt: random ones
  std::filesystem::path cookie_secret_file = {};     ///< where reload() reads them again
  std::size_t cache_size = 32U << 20;                ///< octets a worker
  std::uint32_t cache_ttl_min_s = 0;
  std::uint32_t cache_ttl_max_s = positive_ttl_max_s;
  /// Who is answered, beside the primary; empty: everybody.
  std::vector<net::Prefix> allow_from = {};
  bool drop_refused_clients = false;         ///< others get nothing instead of REFUSED
  net::ListeningSockets* sockets = nullptr;  ///< borrowed by open(); without: all are bound anew
  std::optional<SeenNamesOptions> new_names = {};  ///< nullopt: nobody looks for them
  std::optional<TapOptions> tap = {};              ///< dnstap, for debugging
  StreamOptions streams = {};
  std::optional<ReportOptions> report = {};  ///< whom to tell how often rules were applied
};

class Service {
 public:
  /// Loads or maps the rules, binds everything, starts nothing. Errors name the option at fault.
  [[nodiscard]] static Result<std::unique_ptr<Service>> open(ServiceOptions options,
                                                             const Clock& clock, Rng& rng);
  ~Service();

  /// Starts the threads. stop() ends and joins them; so does the destructor.
  void start();
  void stop();

  /// Reads again what can change without a restart (SIGHUP); each part whole or not at all. How
  /// many parts were refused: they stay as they were. Call it on the thread that called open().
  std::size_t reload() { return reloadables_.run(); }

  /// Whether every thread that answers has gone round since the last call; call it no more often
  /// than once a second, from one thread.
  [[nodiscard]] bool alive();

  /// Where it listens, with the ports that were taken; TCP has the same.
  [[nodiscard]] std::vector<net::SocketAddress> addresses() const;
  [[nodiscard]] std::vector<net::SocketAddress> dot_addresses() const;
  [[nodiscard]] std::vector<net::SocketAddress> doh_addresses() const;
  [[nodiscard]] std::optional<net::SocketAddress> status_address() const;
  [[nodiscard]] StatusPage status_page(std::string_view path);
  [[nodiscard]] RuleStore& store() noexcept { return store_; }

 private:
  Service(ServiceOptions options, std::shared_ptr<const policy::ThirdParty> third_party,
          const Clock& clock, Rng& rng);
  Result<void> prepare_upstreams();
  Result<void> load_rules();
  Result<void> load_policies();
  void look_at_policies();
  [[nodiscard]] std::vector<std::string> heard_addresses() const;
  void register_reloadables();
  Result<bool> reload_cookie_secrets();
  Result<void> prepare_reports();
  Result<void> bind();
  Result<void> open_telemetry();
  void add_telemetry(EngineOptions& engine);
  void forget_telemetry() noexcept;
  void start_telemetry();
  Result<void> listen(const WorkerShared& shared);
  void log_receive_buffer() const;
  Result<void> set_up_xdp();
  Result<void> attach_xdp();
  [[nodiscard]] policy::Policy base_policy() const;
  [[nodiscard]] EngineOptions engine_options() const;
  [[nodiscard]] std::optional<policy::PrefixTable> allowed_clients() const;
  [[nodiscard]] std::vector<Upstream> all_upstreams() const;
  [[nodiscard]] StatusPage health();
  [[nodiscard]] std::vector<const Counters*> all_counters() const;
  [[nodiscard]] std::string metrics_text();
  [[nodiscard]] std::vector<UpstreamName> upstream_names() const;
  [[nodiscard]] std::vector<const UpstreamHealth*> upstream_health() const;

  ServiceOptions options_;
  const Clock& clock_;
  Rng& rng_;
  std::optional<net::TlsContext> upstream_tls_;
  Metrics metrics_;
  std::shared_ptr<const policy::ThirdParty> third_party_;  // null: none
  RuleStore store_;
  Reloadables reloadables_;
  std::unique_ptr<PolicyFile> policies_;  // null: one policy for all
  std::atomic<bool> ready_{false};
  NotifyHandler notify_;
  std::unique_ptr<Snapshot<Cookies>> cookies_;  // null: they are off
  std::unique_ptr<Secondary> secondary_;
  std::unique_ptr<net::XdpProgram> xdp_;
  std::unique_ptr<ListWatch> lists_;
  std::unique_ptr<SeenNames> seen_;  // before those who push to it
  std::unique_ptr<TapFile> tap_;     // the same
  std::vector<std::unique_ptr<UdpWorker>> workers_;
  std::unique_ptr<StreamThreads> streams_;
  std::unique_ptr<StatusServer> status_;
  std::unique_ptr<Reporter> reporter_;      // null: nobody is told
  std::vector<std::uint64_t> rounds_seen_;  // by alive(), in the order of all_counters()
  std::vector<std::jthread> threads_;       // last: joined before what they use goes
};

/// The servers that `text`, a resolv.conf(5), names, with port 53.
[[nodiscard]] std::vector<net::SocketAddress> resolv_conf_servers(std::string_view text);

}  // namespace khien::resolver
