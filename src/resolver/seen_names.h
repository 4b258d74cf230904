// Newly seen names: which registrable names at least k client networks asked for within a day, and
// were never told of before. What khiend learns of them is a name and about how many networks.
//
//   workers ► a SeenRing each ► poll(): registrable name ► known? ► candidate ► k networks ►
//   waiting
//                                                                                     └ take() ►
//                                                                                     khiend
//
// A name is a candidate from its first network on: its k networks are counted exactly, as a set of
// hashes with a key of this process, so that none is ever told below k; a sketch counts on from
// there. What was not asked for by k networks within a day of its first one begins anew. Nothing of
// a candidate is ever written; on disk are the hashes of names that reached k (KnownNames).
//
// poll() belongs to one thread, which run() is; take() and put_back() to any.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/metrics.h"
#include "resolver/known_names.h"
#include "resolver/network_sketch.h"
#include "resolver/new_name.h"
#include "resolver/seen_ring.h"
#include "text/suffix_list.h"

namespace khien::resolver {

constexpr std::uint32_t new_names_min_default = 10;  // networks
constexpr std::uint32_t new_names_min_least = 2;
constexpr std::uint32_t new_names_min_most = 100;
constexpr std::size_t seen_candidates_max = 65'536;
constexpr std::size_t seen_waiting_max = 16'384;  // names that nobody has taken yet
constexpr std::int64_t seen_window_ms = ms_per_day;
constexpr std::int64_t seen_save_ms = 10 * ms_per_minute;
constexpr std::int64_t seen_poll_ms = 200;

struct SeenNamesOptions {
  std::uint32_t networks_min = new_names_min_default;  ///< k
  std::filesystem::path suffix_list = {};              ///< empty: libpsl's own
  std::filesystem::path folder = {};                   ///< for seen.khien; empty: memory alone
  std::int64_t learning_ms = ms_per_day;               ///< after a start that knows no name
  // Tests reach these.
  std::size_t candidates_max = seen_candidates_max;
  std::size_t waiting_max = seen_waiting_max;
  std::size_t known_generation_max = known_names_a_generation_max;
};

class SeenNames {
 public:
  /// Reads what was known; a damaged file is said in the log and begun anew. `clock`, `rng` and
  /// `metrics` are borrowed. invalid_argument, or what the suffix list's reader says.
  [[nodiscard]] static Result<std::unique_ptr<SeenNames>> open(SeenNamesOptions options,
                                                               const Clock& clock, Rng& rng,
                                                               Metrics& metrics);

  /// A ring for one more worker, borrowed from this. Before run().
  [[nodiscard]] SeenRing& add_ring();
  /// Gives up all rings: their workers must be gone. Before run().
  void forget_rings() noexcept { rings_.clear(); }

  /// Polls until `stop`, then finishes.
  void run(const std::stop_token& stop);
  /// Saves, or logs why not: once more where names were put back behind run().
  void finish();
  /// Takes what the rings hold, forgets candidates whose day is over, saves when it is time to.
  void poll();
  /// Writes what is known; nothing without a folder.
  [[nodiscard]] Result<void> save();

  /// The names that reached k and were not taken yet, at most `count_max`, with what is estimated
  /// now. They are told with that, unless they are put back.
  [[nodiscard]] std::vector<NewName> take(std::size_t count_max = new_names_taken_max);
  /// What could not be told after all; what finds no room is counted.
  void put_back(std::vector<NewName> names);
  /// Observations and names that found no room, since the start.
  [[nodiscard]] std::uint64_t dropped() const noexcept;

 private:
  struct Candidate {
    KnownNames::Hash hash = 0;
    std::int64_t since_ms = 0;  // steady clock
    std::string name;
    std::vector<NetworkHash> networks;  // distinct, fewer than k
  };
  struct Waiting {
    std::string name;
    std::uint32_t networks_least = 0;
    NetworkSketch sketch = {};
  };
  struct State {
    KnownNames known;
    std::vector<Candidate> candidates = {};
    std::unordered_map<KnownNames::Hash, std::uint32_t> candidate_at = {};
    std::unordered_map<KnownNames::Hash, Waiting> waiting = {};
    std::size_t swept = 0;  // where the look for old candidates goes on
    std::int64_t learning_until_ms = 0;
    bool is_changed = false;  // since it was saved
  };
  struct Numbers {
    explicit Numbers(Metrics& metrics);
    Metric& observed;
    Metric& dropped_ring;
    Metric& dropped_candidates;
    Metric& dropped_waiting;
    Metric& candidates;
    Metric& waiting;
    Metric& known;
    Metric& learnt;
    Metric& told;
    Metric& save_failures;
  };

  SeenNames(SeenNamesOptions options, text::PublicSuffixList suffixes, const Clock& clock, Rng& rng,
            Metrics& metrics);
  void load(State& state);
  void observe(State& state, const SeenRing::Observation& seen, std::int64_t now_ms);
  void count(State& state, std::uint32_t at, NetworkHash network, std::int64_t now_ms);
  void reached(State& state, std::uint32_t at);
  [[nodiscard]] std::uint32_t add_candidate(State& state, Candidate candidate);
  [[nodiscard]] std::uint32_t least_of_some(const State& state);
  static void remove_candidate(State& state, std::uint32_t at);
  static void sweep(State& state, std::int64_t now_ms);
  void show(const State& state) noexcept;
  [[nodiscard]] std::filesystem::path file() const { return options_.folder / "seen.khien"; }

  SeenNamesOptions options_;
  text::PublicSuffixList suffixes_;
  const Clock& clock_;
  Rng& rng_;
  Numbers numbers_;
  const policy::HashKey key_;  // of the networks; of this process alone
  std::vector<std::unique_ptr<SeenRing>> rings_;
  Guarded<State> state_;
  std::int64_t save_at_ms_ = 0;  // steady clock; run()'s thread
};

/// The registrable name of `wire` (folded), or nothing: what is no host name, a public suffix, or a
/// name that only means something in one network or names an address (RFC 6761, RFC 6762 appendix
/// G, RFC 9476; .internal; all of .arpa).
[[nodiscard]] std::optional<std::string> registrable_name(const text::PublicSuffixList& suffixes,
                                                          Bytes wire);

}  // namespace khien::resolver
