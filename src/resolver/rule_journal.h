// The journal beside the rule snapshot: what zones changed since the snapshot was written, appended
// before it takes effect, so that a resolver killed at any instant starts with what it answered.
// Folded into the next snapshot, which begins a new journal. Format: docs/formats/journal.md.
//
// It is a copy of what the primary can send again, so damage in it is cut and counted, never a
// reason not to start. One thread; one process at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "codec/frame_file.h"
#include "crypto/hash.h"
#include "policy/rule_set.h"
#include "resolver/rule_edits.h"

namespace khien::resolver {

constexpr std::string_view journal_file_name = "rules.journal";
/// Octets of one change; a larger one (about 30,000 names) is durable with the next snapshot only.
constexpr std::size_t journal_record_size_max = std::size_t{1} << 20;
constexpr std::size_t journal_head_size_max = policy::zone_name_size_max + 64;
constexpr std::size_t journal_size_max = std::size_t{8} << 20;
/// From either on the snapshot is due, however busy the zones are; replaying stays below a second.
constexpr std::size_t journal_size_due = journal_size_max / 2;
constexpr std::size_t journal_records_due = 512;
/// From either on no change may interrupt the snapshot any more.
constexpr std::size_t journal_size_pressing = journal_size_max / 4 * 3;
constexpr std::size_t journal_records_pressing = 768;

/// One change of one zone, as a transfer brought it.
struct JournalRecord {
  policy::ZoneState zone;                    ///< as it is afterwards
  std::optional<std::uint32_t> from_serial;  ///< nullopt: `edits` are all that the zone holds
  RuleEdits edits;
};

[[nodiscard]] Octets encode_record(const JournalRecord& record);
/// nullopt if anything does not hold exactly.
[[nodiscard]] std::optional<JournalRecord> parse_record(Bytes payload);

class RuleJournal {
 public:
  /// What was found at the start.
  struct Replay {
    std::size_t records = 0;     ///< that hold and were taken
    std::uint64_t cut_size = 0;  ///< octets of a torn or damaged end
    bool refused = false;  ///< a record could not be read or did not fit: it and all behind it
    bool stale = false;    ///< it belongs to another snapshot: of no use, and no harm
  };
  using OnRecord = std::function<Result<void>(const JournalRecord&)>;

  /// Reads the journal of the snapshot with this checksum and hands over its records in order until
  /// one is refused. not_found if there is none, conflict if another process has it open.
  [[nodiscard]] static Result<RuleJournal> open(const std::filesystem::path& path,
                                                const crypto::Sha256Digest& snapshot,
                                                const OnRecord& on_record, Replay& replay);
  /// An empty one in the place of whatever is there.
  [[nodiscard]] static Result<RuleJournal> create(const std::filesystem::path& path,
                                                  const crypto::Sha256Digest& snapshot);

  /// Survives a kill from here on, a power cut after sync(). After an error the journal is to be
  /// given up: it would have a gap. limit_exceeded above the maxima.
  [[nodiscard]] Result<void> append(const JournalRecord& record);
  [[nodiscard]] Result<void> sync() { return file_.sync(); }
  /// For JournalSync.
  [[nodiscard]] FileDescriptor duplicate() const noexcept { return file_.duplicate(); }
  [[nodiscard]] bool due() const noexcept {
    return file_.size() > journal_size_due || records_ > journal_records_due;
  }
  [[nodiscard]] bool pressing() const noexcept {
    return file_.size() > journal_size_pressing || records_ > journal_records_pressing;
  }

 private:
  explicit RuleJournal(codec::FrameFile file) : file_(std::move(file)) {}
  codec::FrameFile file_;
  std::size_t records_ = 0;
};

}  // namespace khien::resolver
