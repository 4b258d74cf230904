#include "resolver/rule_journal.h"

#include "codec/little_endian.h"

namespace khien::resolver {
namespace {

using codec::append_little;
using codec::read_little;

constexpr std::string_view head_magic = "KHIENRJ2";
constexpr std::uint8_t kind_changes = 1;
constexpr std::uint8_t kind_whole = 2;
// Behind kind and name: source, serial, refresh, retry, expire, from, stamp, confirmed at.
constexpr std::size_t numbers_size = 1 + 5 * 4 + 2 * 8;

constexpr codec::FrameFileLimits limits{.payload_size_max = journal_record_size_max,
                                        .file_size_max = journal_size_max,
                                        .damage = codec::Damage::cut};

Octets head_of(const crypto::Sha256Digest& snapshot) {
  Octets head = to_octets(head_magic);
  head.insert(head.end(), snapshot.begin(), snapshot.end());
  return head;
}

template <typename Number>
Number take(Bytes& rest) {
  const auto value = read_little<Number>(rest);
  rest = rest.subspan(sizeof(Number));
  return value;
}

}  // namespace

Octets encode_record(const JournalRecord& record) {
  const policy::ZoneState& zone = record.zone;
  const Bytes edits = record.edits.octets();
  Octets out;
  out.reserve(3 + zone.name.size() + numbers_size + edits.size());
  out.push_back(record.from_serial ? kind_changes : kind_whole);
  append_little(out, static_cast<std::uint16_t>(zone.name.size()));
  out.insert(out.end(), zone.name.begin(), zone.name.end());
  out.push_back(zone.source.index);
  for (const std::uint32_t number :
       {zone.serial, zone.refresh_s, zone.retry_s, zone.expire_s, record.from_serial.value_or(0)}) {
    append_little(out, number);
  }
  append_little(out, zone.stamp);
  append_little(out, static_cast<std::uint64_t>(zone.confirmed_at_ms));
  out.insert(out.end(), edits.begin(), edits.end());
  return out;
}

std::optional<JournalRecord> parse_record(Bytes payload) {
  constexpr std::size_t head_size = 3;
  if (payload.size() < head_size) return std::nullopt;
  const auto kind = take<std::uint8_t>(payload);
  const std::size_t name_size = take<std::uint16_t>(payload);
  if (kind != kind_changes && kind != kind_whole) return std::nullopt;
  if (name_size == 0 || name_size > policy::zone_name_size_max) return std::nullopt;
  if (payload.size() < numbers_size || name_size > payload.size() - numbers_size) {
    return std::nullopt;
  }
  JournalRecord record;
  policy::ZoneState& zone = record.zone;
  zone.name = to_text(payload.first(name_size));
  payload = payload.subspan(name_size);
  zone.source.index = take<std::uint8_t>(payload);
  zone.serial = take<std::uint32_t>(payload);
  zone.refresh_s = take<std::uint32_t>(payload);
  zone.retry_s = take<std::uint32_t>(payload);
  zone.expire_s = take<std::uint32_t>(payload);
  const auto from = take<std::uint32_t>(payload);
  zone.stamp = take<std::uint64_t>(payload);
  zone.confirmed_at_ms = static_cast<InstantMs>(take<std::uint64_t>(payload));
  if (zone.source.index >= policy::source_max) return std::nullopt;
  if (kind == kind_whole && from != 0) return std::nullopt;
  if (kind == kind_changes) record.from_serial = from;
  auto edits = RuleEdits::read(payload);
  if (!edits) return std::nullopt;
  record.edits = std::move(*edits);
  return record;
}

Result<RuleJournal> RuleJournal::open(const std::filesystem::path& path,
                                      const crypto::Sha256Digest& snapshot,
                                      const OnRecord& on_record, Replay& replay) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return fail(ErrorCode::not_found, "no journal");
  bool has_head = false;
  const auto on_frame = [&](Bytes payload) -> Result<void> {
    if (!has_head) {
      has_head = true;
      replay.stale = to_octets(payload) != head_of(snapshot);
      return {};
    }
    if (replay.stale || replay.refused) return {};
    const auto record = parse_record(payload);
    if (!record || !on_record(*record)) {
      replay.refused = true;
    } else {
      ++replay.records;
    }
    return {};
  };
  auto file = codec::FrameFile::open(path, limits, on_frame);
  if (!file) return propagate(std::move(file).error(), "open " + path.string());
  replay.cut_size = file->cut_size();
  RuleJournal journal{std::move(*file)};
  journal.records_ = replay.records;
  // What cannot be gone on with is replaced. The old file stays open, and locked, until then.
  if (!has_head || replay.stale) return create(path, snapshot);
  if (replay.refused) return fail(ErrorCode::corrupt, "the journal ends in what does not fit");
  return journal;
}

Result<RuleJournal> RuleJournal::create(const std::filesystem::path& path,
                                        const crypto::Sha256Digest& snapshot) {
  std::filesystem::path beside = path;
  beside += ".new";
  std::error_code error;
  std::filesystem::remove(beside, error);
  auto file = codec::FrameFile::open(beside, limits, [](Bytes) { return Result<void>{}; });
  if (!file) return propagate(std::move(file).error(), "make " + beside.string());
  RuleJournal journal{std::move(*file)};
  if (auto written = journal.file_.append(head_of(snapshot)); !written) {
    return tl::unexpected(std::move(written).error());
  }
  if (auto synced = journal.sync(); !synced) return tl::unexpected(std::move(synced).error());
  std::filesystem::rename(beside, path, error);
  if (error) return fail(ErrorCode::unavailable, "rename to " + path.string());
  if (auto synced = sync_folder(path.parent_path()); !synced) {
    return tl::unexpected(std::move(synced).error());
  }
  return journal;
}

Result<void> RuleJournal::append(const JournalRecord& record) {
  if (auto appended = file_.append(encode_record(record)); !appended) return appended;
  ++records_;
  return {};
}

}  // namespace khien::resolver
