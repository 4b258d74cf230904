// The sequencer, proofs and verification, on every engine, stopped at every step.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/file.h"
#include "ledger/adopt.h"
#include "ledger/leaf.h"
#include "ledger/proof.h"
#include "ledger/schema.h"
#include "ledger/sequencer.h"
#include "ledger/verify.h"
#include "store/testing/engine_fixture.h"

namespace khien::ledger {
namespace {

class SequencerContract : public store::testing::EngineTest {
 protected:
  [[nodiscard]] std::vector<store::ModuleMigrations> modules() const override {
    return {{.module = "ledger", .migrations = migrations()}};
  }
  static LogKey make_key(std::uint64_t seed) {
    SeededRng rng{seed};
    return *LogKey::make("khien.example/ledger", crypto::Ed25519Key::generate(rng));
  }
  LeafId add(int count = 1) {
    auto id = db().transact([&](store::Transaction& tx) -> Result<LeafId> {
      Result<LeafId> last;
      for (int i = 0; i < count; ++i) {
        last =
            append(tx, clock_, rng_, {.type = "order.lifted", .fields = {{"number", ++number_}}});
        if (!last) return last;
      }
      return last;
    });
    EXPECT_TRUE(id) << id.error().message;
    return id ? *id : LeafId{};
  }
  [[nodiscard]] std::filesystem::path log() const { return folder() / "log"; }
  [[nodiscard]] std::unique_ptr<Sequencer> sequencer(std::string holder = "a",
                                                     std::string_view name = "log") {
    return std::make_unique<Sequencer>(
        db(), clock_, key_,
        SequencerOptions{.folder = folder() / name, .holder = std::move(holder)});
  }
  void integrate() {
    auto round = sequencer()->round();
    ASSERT_TRUE(round) << round.error().message;
  }
  [[nodiscard]] std::string verified() {
    auto report = verify_against(db(), log(), key_.verifier());
    return report ? std::to_string(report->folder.checkpoint.size) + "+" +
                        std::to_string(report->pending)
                  : report.error().message;
  }
  void overwrite(const std::string& path, std::string_view content) {
    ASSERT_TRUE(write_file_atomically(log() / path, as_bytes(content), FileAccess::everybody));
  }
  ManualClock clock_;
  SeededRng rng_{1};
  LogKey key_ = make_key(1);
  std::int64_t number_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Engines, SequencerContract, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(SequencerContract, AnEmptyLogIsSigned) {
  integrate();
  EXPECT_EQ(verified(), "0+0");
}

TEST_P(SequencerContract, LeavesGetTheirPlaceAndAProof) {
  const auto first = add();
  integrate();
  const auto second = add(300);
  const auto pending = prove(db(), log(), key_.verifier(), second);
  ASSERT_TRUE(pending);
  EXPECT_FALSE(pending->has_value());
  EXPECT_EQ(verified(), "1+300");
  integrate();
  EXPECT_EQ(verified(), "301+0");

  for (const auto& id : {first, second}) {
    const auto proof = prove(db(), log(), key_.verifier(), id);
    ASSERT_TRUE(proof && *proof) << proof.error().message;
    EXPECT_NE((*proof)->entry.find(id.value), std::string::npos);
    const auto text = (*proof)->text();
    const auto checked = verify_proof(text, key_.verifier());
    ASSERT_TRUE(checked) << checked.error().message;
    EXPECT_EQ(checked->entry, (*proof)->entry);
    EXPECT_FALSE(verify_proof(text, make_key(2).verifier()));
    for (std::size_t i = 0; i < text.size(); i += 7) {
      auto changed = text;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      EXPECT_FALSE(verify_proof(changed, key_.verifier())) << i;
    }
  }
  EXPECT_EQ(prove(db(), log(), key_.verifier(), LeafId{"01JGGSA4R0000000000000000A"}).error().code,
            ErrorCode::not_found);
  EXPECT_TRUE(prove_growth(log(), key_.verifier(), 1));
}

TEST_P(SequencerContract, GrowsThroughManySizes) {
  const auto one = sequencer();
  for (const int count : {1, 1, 253, 1, 1, 255, 256, 300, 700}) {
    add(count);
    auto round = one->round();
    ASSERT_TRUE(round) << round.error().message;
    EXPECT_EQ(round->sequenced, static_cast<std::uint64_t>(count));
    EXPECT_EQ(verified(), std::to_string(number_) + "+0");
  }
  EXPECT_FALSE(std::filesystem::exists(log() / "tile/0/000.p"));  // outgrown
}

TEST_P(SequencerContract, ABatchHasAMaximum) {
  add(static_cast<int>(sequence_batch_max) + 1);
  const auto one = sequencer();
  EXPECT_EQ(one->round()->sequenced, static_cast<std::uint64_t>(sequence_batch_max));
  EXPECT_EQ(one->round()->sequenced, 1U);
  EXPECT_EQ(one->round()->sequenced, 0U);
}

// Stopped before and after every single write; whatever stands then is a good log, the next start
// finishes it, and the root is the one that an undisturbed log has.
TEST_P(SequencerContract, AStopAtAnyStepForksNothing) {
  add(200);
  integrate();
  for (int stop_at = 1;; ++stop_at) {
    add(60);
    int step = 0;
    auto broken = sequencer();
    broken->set_write_hook([&](WriteStep) -> Result<void> {
      if (++step < stop_at) return {};
      return fail(ErrorCode::unavailable, "power cut");
    });
    const bool stopped = !broken->round().has_value();
    auto now = verify_folder(log(), key_.verifier());
    EXPECT_TRUE(now) << now.error().message;
    integrate();
    ASSERT_EQ(verified(), std::to_string(number_) + "+0") << "stopped at " << stop_at;
    if (!stopped) break;
  }
  // The same entries written by another machine from the database alone give the same octets.
  auto other = sequencer("b", "other");
  ASSERT_TRUE(other->round());
  EXPECT_EQ(*read_file(log() / "checkpoint", 9'999),
            *read_file(folder() / "other/checkpoint", 9'999));
}

TEST_P(SequencerContract, ADamagedOrLostFolderIsWrittenAgain) {
  add(600);
  integrate();
  overwrite("tile/0/002.p/88", std::string(88 * 32, 'x'));
  EXPECT_NE(verified(), "600+0");
  add(1);
  integrate();
  EXPECT_EQ(verified(), "601+0");
  std::filesystem::remove_all(log());
  integrate();
  EXPECT_EQ(verified(), "601+0");
}

TEST_P(SequencerContract, VerifyFindsEveryKindOfDamage) {
  add(300);
  integrate();
  const auto good = [&](const std::string& path) {
    return to_text(*read_file(log() / path, 1 << 20));
  };
  for (const auto* path : {"tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000",
                           "tile/entries/001.p/44", "checkpoint"}) {
    const auto content = good(path);
    auto changed = content;
    changed[changed.size() / 2] = static_cast<char>(changed[changed.size() / 2] ^ 0x04);
    overwrite(path, changed);
    EXPECT_FALSE(verify_folder(log(), key_.verifier())) << path;
    overwrite(path, content.substr(0, content.size() - 1));
    EXPECT_FALSE(verify_folder(log(), key_.verifier())) << path;
    overwrite(path, content);
  }
  overwrite("extra", "x");
  EXPECT_FALSE(verify_folder(log(), key_.verifier()));
  std::filesystem::remove(log() / "extra");
  overwrite("tile/0/001.p/45", "x");  // not yet signed, so not yet part of the log
  EXPECT_EQ(verify_folder(log(), key_.verifier())->unsigned_count, 1U);
  std::filesystem::remove(log() / "tile/0/001.p/45");
  EXPECT_EQ(verified(), "300+0");
}

// The sequencer makes each file beside its place and renames it: whoever looks meanwhile sees both.
TEST_P(SequencerContract, VerifyPassesOverWhatIsBeingWritten) {
  add(300);
  integrate();
  for (const auto* path : {"tile/0/001.p/45.aB3xYz", "tile/0/002.000000", "tile/entries/001.Zz9Zz9",
                           "checkpoint.Q1w2E3"}) {
    overwrite(path, "half of i");
  }
  EXPECT_EQ(verify_folder(log(), key_.verifier())->unfinished_count, 4U);
  EXPECT_EQ(verified(), "300+0");
  for (const auto* path : {"tile/0/001.p/300.aB3xYz", "extra.aB3xYz", "tile/0/001.aB3x",
                           "x/checkpoint.Q1w2E3", "tile/0/001.p/45.aB3-Yz"}) {
    std::filesystem::create_directories((log() / path).parent_path());
    overwrite(path, "x");
    EXPECT_FALSE(verify_folder(log(), key_.verifier())) << path;
    std::filesystem::remove(log() / path);
  }
}

TEST_P(SequencerContract, RefusesToSignAgainstAPublishedCheckpoint) {
  add(3);
  integrate();
  // A database that is older than the log: the log has 4 leaves signed.
  ASSERT_TRUE(write_file_atomically(log() / "checkpoint", as_bytes(key_.sign(4, empty_root())),
                                    FileAccess::everybody));
  auto ahead = sequencer()->round();
  ASSERT_FALSE(ahead);
  EXPECT_EQ(ahead.error().reason, "ledger_ahead");
  // Another root for a size that was signed.
  ASSERT_TRUE(write_file_atomically(log() / "checkpoint", as_bytes(key_.sign(2, empty_root())),
                                    FileAccess::everybody));
  auto fork = sequencer()->round();
  ASSERT_FALSE(fork);
  EXPECT_EQ(fork.error().reason, "fork");
  // Another log's folder.
  ASSERT_TRUE(write_file_atomically(
      log() / "checkpoint", as_bytes(make_key(2).sign(3, empty_root())), FileAccess::everybody));
  EXPECT_EQ(sequencer()->round().error().code, ErrorCode::denied);
}

// A backup is restored that ends before the log does: the log's own leaves come back from its
// tiles, those that had waited get the places that they were given, and the log goes on without a
// fork.
TEST_P(SequencerContract, ARestoredBackupAdoptsWhatTheLogHasBeyondIt) {
  add(300);
  integrate();
  const auto backup = folder() / "backup";
  add(2);  // waiting when the backup is made
  ASSERT_TRUE(db().backup_to(backup));
  integrate();
  add(3);
  integrate();
  restore_from(backup);
  auto sizes = compare_sizes(db(), log(), key_.verifier());
  ASSERT_TRUE(sizes);
  EXPECT_EQ(sizes->log_size, 305U);
  EXPECT_EQ(sizes->database_size, 300U);
  EXPECT_EQ(sequencer()->round().error().reason, "ledger_ahead");

  auto adopted = adopt_log(db(), log(), key_.verifier(), clock_);
  ASSERT_TRUE(adopted) << adopted.error().message;
  ASSERT_EQ(adopted->size(), 5U);
  EXPECT_NE(adopted->back().find("\"number\":305"), std::string::npos);
  EXPECT_EQ(verified(), "305+0");
  EXPECT_EQ(adopt_log(db(), log(), key_.verifier(), clock_)->size(), 0U);
  number_ = 400;
  add(1);
  integrate();
  EXPECT_EQ(verified(), "306+0");
}

// Decisions made on the restored database and signed into another log than the published one.
TEST_P(SequencerContract, AdoptingRefusesAFork) {
  add(2);
  integrate();
  const auto backup = folder() / "backup";
  ASSERT_TRUE(db().backup_to(backup));
  add(2);
  integrate();
  restore_from(backup);
  number_ = 900;
  add(1);
  ASSERT_TRUE(sequencer("a", "other log")->round());  // the published folder was not there
  const auto adopted = adopt_log(db(), log(), key_.verifier(), clock_);
  ASSERT_FALSE(adopted);
  EXPECT_EQ(adopted.error().reason, "fork");
  EXPECT_EQ(
      db().read([](store::Executor& e) { return e.query_one("SELECT count(*) FROM ledger_leaf"); })
          ->value()
          .integer(0),
      3);
}

TEST_P(SequencerContract, OneOfTwoLeadsAndTheOtherFollows) {
  add(2);
  auto first = sequencer("a", "log");
  auto second = sequencer("b", "other");
  EXPECT_EQ(first->round()->sequenced, 2U);
  add(1);
  auto waits = second->round();
  ASSERT_TRUE(waits) << waits.error().message;
  EXPECT_FALSE(waits->leading);
  EXPECT_EQ(waits->size, 2U);  // follows what is decided
  clock_.advance(sequencer_lease_ms);
  EXPECT_EQ(second->round()->sequenced, 1U);
  add(1);
  EXPECT_FALSE(first->round()->leading);
  second->step_down();
  EXPECT_EQ(first->round()->sequenced, 1U);
  EXPECT_EQ(verified(), "4+0");
}

TEST_P(SequencerContract, TheThreadIntegratesWithinASecond) {
  const SystemClock clock;
  const SequencerThread thread{db(), clock, key_, {.folder = log(), .holder = "a"}};
  const auto deadline = clock.steady_ms() + 10'000;
  const auto id = add(3);
  std::optional<Proof> proof;
  while (!proof && clock.steady_ms() < deadline) {
    auto found = prove(db(), log(), key_.verifier(), id);
    if (found && *found) proof = **found;
    std::this_thread::yield();
  }
  ASSERT_TRUE(proof);
  EXPECT_TRUE(verify_proof(proof->text(), key_.verifier()));
}

// kill -9 while leaves are appended and integrated; the log goes on from whatever stands there.
TEST_P(SequencerContract, SurvivesKill) {
  if (GetParam() == store::Engine::postgresql) GTEST_SKIP() << "a fork must not share the server";
  std::optional<Checkpoint> before;
  for (int round = 0; round < 6; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto database = store::Database::open(url());
      SystemRng rng;
      const SystemClock clock;
      Sequencer own{**database, clock, key_, {.folder = log(), .holder = "a"}};
      while (true) {
        auto added = (*database)->transact([&](store::Transaction& tx) {
          return append(tx, clock, rng, {.type = "order.lifted"});
        });
        if (!added || !own.round() || ::write(ends[1], "y", 1) != 1) ::_exit(1);
      }
    }
    char octet = 0;
    for (int i = 0; i < 3 + round; ++i) ASSERT_EQ(::read(ends[0], &octet, 1), 1);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ::close(ends[0]);
    ::close(ends[1]);
    ASSERT_TRUE(WIFSIGNALED(status));
    integrate();
    auto report = verify_against(db(), log(), key_.verifier());
    ASSERT_TRUE(report) << report.error().message;
    const auto& after = report->folder.checkpoint;
    if (before && before->size > 0) {
      auto growth = prove_growth(log(), key_.verifier(), before->size);
      ASSERT_TRUE(growth);
      EXPECT_TRUE(
          verify_consistency({before->size, after.size, before->root, after.root}, *growth));
      EXPECT_GT(after.size, before->size);
    }
    before = after;
  }
}

}  // namespace
}  // namespace khien::ledger
