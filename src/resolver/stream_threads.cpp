#include "resolver/stream_threads.h"

#include <algorithm>

namespace khien::resolver {
namespace {

constexpr std::int64_t identity_poll_ms = 1'000;

Result<void> check(const StreamOptions& options) {
  if (options.threads == 0 || options.threads > stream_threads_max) {
    return fail(ErrorCode::invalid_argument, "--stream-threads must be 1..64");
  }
  if (options.doh_paths.empty() || options.doh_paths.size() > doh_paths_max) {
    return fail(ErrorCode::invalid_argument, "--doh-path: give 1..64");
  }
  for (const std::string& path : options.doh_paths) {
    if (!path.starts_with('/') || path.find_first_of("?# ") != std::string::npos) {
      return fail(
          ErrorCode::invalid_argument,
          "--doh-path: \"" + path + "\" is no path; it begins with / and has no ? and no #");
    }
  }
  const bool wants_tls = !options.dot.empty() || !options.doh.empty();
  if (wants_tls && (options.tls.certificate.empty() || options.tls.key.empty())) {
    return fail(
        ErrorCode::invalid_argument,
        "--dot and --doh need --tls-cert and --tls-key: a certificate for the name by which "
        "clients know this server");
  }
  return {};
}

std::vector<StreamListener> listeners_of(const StreamOptions& options,
                                         const std::vector<net::SocketAddress>& plain) {
  std::vector<StreamListener> listen;
  const auto add = [&listen](const auto& addresses, StreamKind kind) {
    for (const auto& address : addresses) listen.push_back({.address = address, .kind = kind});
  };
  add(plain, StreamKind::plain);
  add(options.dot, StreamKind::dot);
  add(options.doh, StreamKind::doh);
  return listen;
}

}  // namespace

StreamThreads::~StreamThreads() {
  for (Thread& thread : threads_) thread.server.reset();  // before its loop
}

Result<std::unique_ptr<StreamThreads>> StreamThreads::open(const StreamOptions& options,
                                                           const Base& base,
                                                           const WorkerShared& shared,
                                                           Metrics& metrics) {
  if (auto good = check(options); !good) return tl::unexpected(std::move(good).error());
  std::unique_ptr<StreamThreads> streams{new StreamThreads};  // NOLINT
  if (!options.dot.empty() || !options.doh.empty()) {
    auto identity = TlsIdentity::open(options.tls, shared.clock, shared.rng, metrics);
    if (!identity) return tl::unexpected(std::move(identity).error());
    streams->identity_ = std::move(*identity);
  }
  streams->plain_count_ = base.plain.size();
  streams->dot_count_ = options.dot.size();
  auto listen = listeners_of(options, base.plain);
  for (std::size_t i = 0; i < options.threads; ++i) {
    Thread thread;
    auto loop = net::EventLoop::open(shared.clock);
    if (!loop) return tl::unexpected(std::move(loop).error());
    thread.loop = std::move(*loop);
    EngineOptions engine = base.engine;
    if (base.per_thread) base.per_thread(engine);
    auto server = StreamServer::open(
        {.listen = listen,
         .sharing = options.threads > 1 ? net::PortSharing::shared : net::PortSharing::exclusive,
         .proxies = options.proxies,
         .doh_paths = options.doh_paths,
         .limits = options.limits,
         .upstreams = base.upstreams,
         .upstream_tls = base.upstream_tls,
         .engine = std::move(engine)},
        shared, *thread.loop, streams->identity_.get());
    if (!server) return tl::unexpected(std::move(server).error());
    thread.server = std::move(*server);
    // The others share the ports that the first one took.
    const auto taken = thread.server->local_addresses();
    for (std::size_t k = 0; k < listen.size(); ++k) listen[k].address = taken[k];
    streams->threads_.push_back(std::move(thread));
  }
  if (streams->identity_) streams->poll_identity();
  return streams;
}

void StreamThreads::poll_identity() {
  identity_->poll();
  (void)first_loop().after(identity_poll_ms, [this] { poll_identity(); });
}

void StreamThreads::run(std::size_t number, const std::stop_token& stop) {
  net::EventLoop& loop = *threads_[number].loop;
  StreamServer& server = *threads_[number].server;
  const auto drain = [&] { server.drain([&loop] { loop.stop(); }); };
  const std::stop_callback on_stop{stop, [&] {
                                     // Without room for one more piece of work it just stops.
                                     if (!loop.post(drain)) loop.stop();
                                   }};
  loop.run();
}

std::vector<net::SocketAddress> StreamThreads::dot_addresses() const {
  const auto all = threads_.front().server->local_addresses();
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(plain_count_);
  return {begin, begin + static_cast<std::ptrdiff_t>(dot_count_)};
}

std::vector<net::SocketAddress> StreamThreads::doh_addresses() const {
  const auto all = threads_.front().server->local_addresses();
  return {all.begin() + static_cast<std::ptrdiff_t>(plain_count_ + dot_count_), all.end()};
}

std::vector<RuleTally*> StreamThreads::rules() const {
  std::vector<RuleTally*> rules;
  for (const Thread& thread : threads_) {
    if (RuleTally* tally = thread.server->rules(); tally != nullptr) rules.push_back(tally);
  }
  return rules;
}

std::vector<const Counters*> StreamThreads::counters() const {
  std::vector<const Counters*> all;
  for (const Thread& thread : threads_) all.push_back(&thread.server->counters());
  return all;
}

std::vector<const UpstreamHealth*> StreamThreads::upstreams() const {
  std::vector<const UpstreamHealth*> all;
  for (const Thread& thread : threads_) all.push_back(&thread.server->upstreams());
  return all;
}

std::string StreamThreads::upstream_trouble(std::size_t upstream) const {
  std::string trouble;
  for (const Thread& thread : threads_) {
    if (trouble.empty()) trouble = thread.server->upstream_trouble(upstream);
  }
  return trouble;
}

std::string StreamThreads::health() const { return identity_ ? identity_->health() : ""; }

}  // namespace khien::resolver
