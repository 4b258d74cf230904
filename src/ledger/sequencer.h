// Gives committed leaves their places and publishes the log. In this order, so that a kill at any
// instant forks nothing:
//
//   1. one transaction: places for the waiting leaves, and the new root as a row of ledger_head
//   2. entry bundles and tiles, synced
//   3. the signed checkpoint
//
// The database decides the order (ledger_head has one root a size); the folder is derived from it
// and catches up after a crash, on this machine or another. Step 1 is done by the holder of the
// lease "ledger"; steps 2 and 3 by every process with the key, each into its own folder, with the
// same octets (Ed25519 is deterministic).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/result.h"
#include "ledger/log_writer.h"
#include "store/database.h"
#include "store/leases.h"

namespace khien::ledger {

/// The most leaves that one transaction gives places to.
constexpr std::int64_t sequence_batch_max = 1'000;
constexpr std::int64_t sequencer_lease_ms = 10'000;

struct SequencerOptions {
  std::filesystem::path folder;  ///< served as static files
  /// Different in every installation and the same after a restart, so that a killed process takes
  /// its lease back at once. The lease saves work; what prevents forks is the transaction of
  /// step 1.
  std::string holder;
  Metrics* metrics = nullptr;
};

/// One round at a time, by one thread.
class Sequencer {
 public:
  Sequencer(store::Database& database, const Clock& clock, const LogKey& key,
            SequencerOptions options);

  struct Round {
    std::uint64_t sequenced = 0;  ///< leaves given a place in this round
    std::uint64_t size = 0;       ///< what is published now
    bool leading = true;          ///< false if leaves wait and another holds the lease
  };
  /// Publishes what has been decided, decides about up to sequence_batch_max waiting leaves, and
  /// publishes these. After an error the next round begins from what is on disk. Errors: those of
  /// the database; unavailable for the folder; corrupt with reason "fork" (entries or database
  /// contradict a signed checkpoint) or "ledger_ahead" (the folder has more than the database,
  /// which is then older than the log): both need a person, and nothing is signed meanwhile.
  [[nodiscard]] Result<Round> round();

  /// For tests that stop the writer between two steps.
  void set_write_hook(WriteHook hook) { hook_ = std::move(hook); }

  /// Gives the lease up, so that another process need not wait for its end.
  void step_down();

 private:
  [[nodiscard]] Result<void> catch_up();
  [[nodiscard]] Result<bool> leaves_wait();
  [[nodiscard]] Result<void> lead();
  [[nodiscard]] Result<std::uint64_t> sequence();
  [[nodiscard]] Result<Round> try_round();

  store::Database& database_;
  const Clock& clock_;
  LogKey key_;
  SequencerOptions options_;
  Metrics own_metrics_;
  Metric& sequenced_;
  Metric& size_;
  Metric& failures_;
  WriteHook hook_;
  std::optional<LogWriter> writer_;
  std::optional<store::Lease> lease_;
};

/// The thread that runs a Sequencer: woken by every leaf, looking by itself twice a second, at most
/// one checkpoint in 100 ms. Stops within a round when destroyed, and gives the lease up.
class SequencerThread {
 public:
  SequencerThread(store::Database& database, const Clock& clock, const LogKey& key,
                  SequencerOptions options);

 private:
  void run(const std::stop_token& stop);
  store::Database& database_;
  Sequencer sequencer_;
  std::jthread thread_;  // last: starts when all else is there
};

}  // namespace khien::ledger
