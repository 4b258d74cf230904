#include "resolver/seen_names.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/file.h"
#include "base/log.h"

namespace khien::resolver {
namespace {

constexpr std::size_t swept_a_poll = 512;  // all candidates in half a minute
constexpr int looked_at_for_room = 8;      // candidates, of which the least goes
constexpr int telemetry_niceness = 10;

// Names that no registry gives out.
constexpr std::array<std::string_view, 17> local_tops{
    "alt",     "arpa",    "corp",   "home",        "internal",  "intranet",
    "invalid", "lan",     "local",  "localdomain", "localhost", "mail",
    "onion",   "private", "router", "station",     "workgroup"};

bool is_host_octet(std::uint8_t c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// As text, from the label behind the last one that cannot stand in a host name.
std::string host_text(Bytes wire) {
  std::string text;
  for (std::size_t at = 0; at < wire.size() && wire[at] != 0; at += 1 + std::size_t{wire[at]}) {
    const Bytes label = wire.subspan(at + 1, wire[at]);
    if (!std::ranges::all_of(label, is_host_octet)) {
      text.clear();
      continue;
    }
    if (!text.empty()) text += '.';
    text += as_text(label);
  }
  return text;
}

// One answer's networks are looked through so often that k of them are found in practice.
std::uint8_t rounds_for(std::uint32_t networks_min) {
  return static_cast<std::uint8_t>(3 + networks_min / 8);
}

Result<text::PublicSuffixList> suffixes_at(const std::filesystem::path& path) {
  return path.empty() ? text::PublicSuffixList::built_in() : text::PublicSuffixList::load(path);
}

constexpr std::string_view dropped_name = "khien_dnsd_new_names_dropped_total";
constexpr std::string_view dropped_help = "Observations of names, and names, without room";

}  // namespace

std::optional<std::string> registrable_name(const text::PublicSuffixList& suffixes, Bytes wire) {
  const std::string host = host_text(wire);
  const auto dot = host.rfind('.');
  if (dot == std::string::npos) return std::nullopt;
  const std::string_view top = std::string_view{host}.substr(dot + 1);
  if (std::ranges::find(local_tops, top) != local_tops.end()) return std::nullopt;
  return suffixes.registrable_domain(host);
}

SeenNames::Numbers::Numbers(Metrics& metrics)
    : observed(metrics.counter("khien_dnsd_new_names_observed_total",
                               "Observations of names with a positive answer")),
      dropped_ring(metrics.counter(dropped_name, dropped_help, "why=\"ring\"")),
      dropped_candidates(metrics.counter(dropped_name, dropped_help, "why=\"candidates\"")),
      dropped_waiting(metrics.counter(dropped_name, dropped_help, "why=\"waiting\"")),
      candidates(metrics.gauge("khien_dnsd_new_names_candidates",
                               "Names that fewer networks than it takes have asked for")),
      waiting(metrics.gauge("khien_dnsd_new_names_waiting", "New names that are not told yet")),
      known(metrics.gauge("khien_dnsd_new_names_known", "Names that are not new any more")),
      learnt(metrics.counter("khien_dnsd_new_names_learnt_total",
                             "Names that were learnt in the first day and not told")),
      told(metrics.counter("khien_dnsd_new_names_told_total",
                           "New names given out to be told; twice where it failed")),
      save_failures(metrics.counter("khien_dnsd_new_names_save_failures_total",
                                    "Times that known names could not be written")) {}

SeenNames::SeenNames(SeenNamesOptions options, text::PublicSuffixList suffixes, const Clock& clock,
                     Rng& rng, Metrics& metrics)
    : options_(std::move(options)),
      suffixes_(std::move(suffixes)),
      clock_(clock),
      rng_(rng),
      numbers_(metrics),
      key_(policy::HashKey::random(rng)),
      state_(State{.known = KnownNames{rng, options_.known_generation_max}}),
      save_at_ms_(clock.steady_ms()) {}

Result<std::unique_ptr<SeenNames>> SeenNames::open(SeenNamesOptions options, const Clock& clock,
                                                   Rng& rng, Metrics& metrics) {
  if (options.networks_min < new_names_min_least || options.networks_min > new_names_min_most) {
    return fail(ErrorCode::invalid_argument, "--new-names-min must be 2..100, or 0 for none");
  }
  auto suffixes = suffixes_at(options.suffix_list);
  if (!suffixes) return propagate(std::move(suffixes).error(), "--suffix-list");
  std::unique_ptr<SeenNames> names{
      new SeenNames(std::move(options), std::move(*suffixes), clock, rng, metrics)};  // NOLINT
  auto state = names->state_.lock();
  names->load(*state);
  names->show(*state);
  return names;
}

void SeenNames::load(State& state) {
  const InstantMs now_ms = clock_.now_ms();
  state.learning_until_ms = now_ms + options_.learning_ms;
  state.is_changed = true;  // what is begun anew is written at once, with its learning period
  if (options_.folder.empty()) return;
  const auto octets = read_file(file(), seen_file_size_max);
  if (!octets) {
    if (octets.error().code == ErrorCode::not_found) return;
    KHIEN_LOG(error, "seen_names_unreadable", {"why", octets.error().message});
    return;
  }
  const auto learning_until_ms = state.known.read(*octets);
  if (!learning_until_ms) {
    KHIEN_LOG(error, "seen_names_refused", {"why", learning_until_ms.error().message},
              {"effect", "names are learnt anew"});
    return;
  }
  // A clock that was wrong does not make it learn for ever.
  state.learning_until_ms = std::min(*learning_until_ms, state.learning_until_ms);
  state.is_changed = false;
  KHIEN_LOG(info, "seen_names", {"known", state.known.count()},
            {"learning", now_ms < state.learning_until_ms ? "yes" : "no"});
}

SeenRing& SeenNames::add_ring() {
  rings_.push_back(std::make_unique<SeenRing>(key_, rounds_for(options_.networks_min)));
  return *rings_.back();
}

void SeenNames::run(const std::stop_token& stop) {
  // Only backwards, and only this thread: the workers come first where there are too few cores.
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), telemetry_niceness);
  std::mutex mutex;
  std::condition_variable_any asleep;
  while (!stop.stop_requested()) {
    poll();
    std::unique_lock lock{mutex};
    (void)asleep.wait_for(lock, stop, std::chrono::milliseconds{seen_poll_ms},
                          [] { return false; });
  }
  poll();
  finish();
}

void SeenNames::finish() {
  if (auto saved = save(); !saved) {
    KHIEN_LOG(error, "seen_names_not_saved", {"why", saved.error().message});
  }
}

void SeenNames::poll() {
  const std::int64_t now_ms = clock_.steady_ms();
  {
    auto state = state_.lock();
    std::uint64_t dropped = 0;
    for (const auto& ring : rings_) {
      const std::size_t count =
          ring->drain([&](const SeenRing::Observation& seen) { observe(*state, seen, now_ms); });
      numbers_.observed.add(static_cast<std::int64_t>(count));
      dropped += ring->dropped();
    }
    numbers_.dropped_ring.set(static_cast<std::int64_t>(dropped));
    sweep(*state, now_ms);
    show(*state);
  }
  if (now_ms < save_at_ms_) return;
  save_at_ms_ = now_ms + seen_save_ms;
  if (auto saved = save(); !saved) {
    KHIEN_LOG(error, "seen_names_not_saved", {"why", saved.error().message});
  }
}

void SeenNames::observe(State& state, const SeenRing::Observation& seen, std::int64_t now_ms) {
  auto name = registrable_name(suffixes_, seen.wire());
  if (!name) return;
  const KnownNames::Hash hash = state.known.hash_of(*name);
  if (const auto waiting = state.waiting.find(hash); waiting != state.waiting.end()) {
    waiting->second.sketch.add(seen.network);
    return;
  }
  if (state.known.contains(hash)) return;
  const auto found = state.candidate_at.find(hash);
  const std::uint32_t at =
      found != state.candidate_at.end()
          ? found->second
          : add_candidate(
                state,
                {.hash = hash, .since_ms = now_ms, .name = std::move(*name), .networks = {}});
  count(state, at, seen.network, now_ms);
}

void SeenNames::count(State& state, std::uint32_t at, NetworkHash network, std::int64_t now_ms) {
  Candidate& candidate = state.candidates[at];
  if (now_ms - candidate.since_ms >= seen_window_ms) {
    candidate.since_ms = now_ms;
    candidate.networks.clear();
  }
  if (std::ranges::find(candidate.networks, network) == candidate.networks.end()) {
    if (candidate.networks.size() + 1 < options_.networks_min) {
      candidate.networks.push_back(network);
      return;
    }
    if (clock_.now_ms() < state.learning_until_ms) {
      state.known.insert(candidate.hash);
      state.is_changed = true;
      numbers_.learnt.add();
      remove_candidate(state, at);
      return;
    }
    if (state.waiting.size() >= options_.waiting_max) {  // the next network tries again
      numbers_.dropped_waiting.add();
      return;
    }
    candidate.networks.push_back(network);
    reached(state, at);
  }
}

void SeenNames::reached(State& state, std::uint32_t at) {
  Candidate& candidate = state.candidates[at];
  Waiting waiting{.name = std::move(candidate.name), .networks_least = options_.networks_min};
  for (const NetworkHash network : candidate.networks) waiting.sketch.add(network);
  state.waiting.emplace(candidate.hash, std::move(waiting));
  remove_candidate(state, at);
}

// In a full table one of a few goes: the one that the fewest networks asked for, of those the
// oldest. A flood of names that nobody else asks for so drives out its own.
std::uint32_t SeenNames::least_of_some(const State& state) {
  const auto count = state.candidates.size();
  auto least = static_cast<std::uint32_t>(rng_.below(count));
  const auto rank = [&](std::uint32_t at) {
    const Candidate& candidate = state.candidates[at];
    return std::pair{candidate.networks.size(), candidate.since_ms};
  };
  for (int i = 1; i < looked_at_for_room; ++i) {
    const auto other = static_cast<std::uint32_t>(rng_.below(count));
    if (rank(other) < rank(least)) least = other;
  }
  return least;
}

std::uint32_t SeenNames::add_candidate(State& state, Candidate candidate) {
  if (state.candidates.size() >= options_.candidates_max) {
    remove_candidate(state, least_of_some(state));
    numbers_.dropped_candidates.add();
  }
  const auto at = static_cast<std::uint32_t>(state.candidates.size());
  state.candidate_at.emplace(candidate.hash, at);
  state.candidates.push_back(std::move(candidate));
  return at;
}

void SeenNames::remove_candidate(State& state, std::uint32_t at) {
  state.candidate_at.erase(state.candidates[at].hash);
  if (at + std::size_t{1} != state.candidates.size()) {
    state.candidates[at] = std::move(state.candidates.back());
    state.candidate_at[state.candidates[at].hash] = at;
  }
  state.candidates.pop_back();
}

void SeenNames::sweep(State& state, std::int64_t now_ms) {
  for (std::size_t i = 0; i < swept_a_poll && !state.candidates.empty(); ++i) {
    if (state.swept >= state.candidates.size()) state.swept = 0;
    if (now_ms - state.candidates[state.swept].since_ms >= seen_window_ms) {
      remove_candidate(state, static_cast<std::uint32_t>(state.swept));
    } else {
      ++state.swept;
    }
  }
}

std::vector<NewName> SeenNames::take(std::size_t count_max) {
  auto state = state_.lock();
  std::vector<NewName> names;
  while (names.size() < count_max && !state->waiting.empty()) {
    const auto at = state->waiting.begin();
    Waiting& waiting = at->second;
    names.push_back({.name = std::move(waiting.name),
                     .networks = std::max(waiting.networks_least, waiting.sketch.estimate())});
    state->known.insert(at->first);
    state->waiting.erase(at);
  }
  state->is_changed = state->is_changed || !names.empty();
  numbers_.told.add(static_cast<std::int64_t>(names.size()));
  show(*state);
  return names;
}

void SeenNames::put_back(std::vector<NewName> names) {
  auto state = state_.lock();
  for (NewName& name : names) {
    if (state->waiting.size() >= options_.waiting_max) {
      numbers_.dropped_waiting.add();
      continue;
    }
    const KnownNames::Hash hash = state->known.hash_of(name.name);
    state->waiting.emplace(hash,
                           Waiting{.name = std::move(name.name), .networks_least = name.networks});
  }
  state->is_changed = true;
  show(*state);
}

std::uint64_t SeenNames::dropped() const noexcept {
  return static_cast<std::uint64_t>(numbers_.dropped_ring.value() +
                                    numbers_.dropped_candidates.value() +
                                    numbers_.dropped_waiting.value());
}

Result<void> SeenNames::save() {
  if (options_.folder.empty()) return {};
  Octets octets;
  {
    auto state = state_.lock();
    if (!state->is_changed) return {};
    // What waits is known only once it is told: after a restart it must be found again.
    octets = state->known.write(state->learning_until_ms, [&](KnownNames::Hash hash) {
      return state->waiting.contains(hash);
    });
    state->is_changed = false;
  }
  auto written = write_file_atomically(file(), octets, FileAccess::owner);
  if (written) return written;
  numbers_.save_failures.add();
  state_.lock()->is_changed = true;
  return propagate(std::move(written).error(), "write " + file().string());
}

void SeenNames::show(const State& state) noexcept {
  numbers_.candidates.set(static_cast<std::int64_t>(state.candidates.size()));
  numbers_.waiting.set(static_cast<std::int64_t>(state.waiting.size()));
  numbers_.known.set(static_cast<std::int64_t>(state.known.count()));
}

}  // namespace khien::resolver
