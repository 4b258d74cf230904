// ZoneSet: what lies on disk. In the folder:
//   lock                   held while a process has the zones open
//   zones.base             everything up to a position (may be absent)
//   changes-POSITION.log   batches from that position on; usually one file, two during compaction
#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "base/unfinished_file.h"
#include "codec/container.h"
#include "publish/zone_set.h"
#include "publish/zone_set_state.h"

namespace khien::publish {
namespace {

constexpr std::string_view log_prefix = "changes-";
constexpr std::string_view log_suffix = ".log";
constexpr codec::FrameFileLimits log_limits{.payload_size_max = batch_size_max,
                                            .file_size_max = log_size_max};

std::filesystem::path base_path(const std::filesystem::path& folder) {
  return folder / "zones.base";
}

std::filesystem::path log_path(const std::filesystem::path& folder, std::uint64_t position) {
  // Twenty digits, so that names sort as numbers do.
  std::string digits = std::to_string(position);
  digits.insert(0, 20 - digits.size(), '0');
  return folder / (std::string{log_prefix} + digits + std::string{log_suffix});
}

struct LogName {
  std::uint64_t position;
  std::filesystem::path path;
};

std::optional<std::uint64_t> position_of(std::string_view file_name) {
  if (!file_name.starts_with(log_prefix) || !file_name.ends_with(log_suffix)) return {};
  file_name.remove_prefix(log_prefix.size());
  file_name.remove_suffix(log_suffix.size());
  std::uint64_t position = 0;
  const char* end = file_name.data() + file_name.size();
  const auto read = std::from_chars(file_name.data(), end, position);
  if (read.ec != std::errc{} || read.ptr != end) return {};
  return position;
}

Result<std::vector<LogName>> list_logs(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<LogName> logs;
  for (const auto& entry : std::filesystem::directory_iterator{folder, error}) {
    if (const auto position = position_of(entry.path().filename().string())) {
      logs.push_back({.position = *position, .path = entry.path()});
    }
  }
  if (error) return fail(ErrorCode::unavailable, "list " + folder.string());
  std::sort(logs.begin(), logs.end(),
            [](const LogName& a, const LogName& b) { return a.position < b.position; });
  return logs;
}

Result<FileDescriptor> lock_folder(const std::filesystem::path& folder) {
  FileDescriptor lock{
      ::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!lock.valid()) return fail(ErrorCode::unavailable, "open " + (folder / "lock").string());
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::conflict, "another process has the zones open", "in_use");
  }
  return lock;
}

/// A crash while a base is written leaves an unfinished one, as large as the base.
void remove_unfinished_bases(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> unfinished;
  for (const auto& entry : std::filesystem::directory_iterator{folder, error}) {
    if (target_of_unfinished(entry.path().native()) == base_path(folder).native()) {
      unfinished.push_back(entry.path());
    }
  }
  for (const auto& path : unfinished) std::filesystem::remove(path, error);
}

}  // namespace

Result<std::unique_ptr<ZoneSet>> ZoneSet::open(ZoneSetOptions options, const Clock& clock,
                                               Rng& rng) {
  std::unique_ptr<ZoneSet> set{new ZoneSet{std::move(options), clock}};
  if (auto loaded = set->load(rng); !loaded) {
    return propagate(std::move(loaded).error(), "open the zones");
  }
  if (auto begun = set->begin_at_floor(); !begun) {
    return propagate(std::move(begun).error(), "begin the zones");
  }
  return set;
}

Result<void> ZoneSet::begin_at_floor() {
  std::error_code error;
  if (options_.serial_floor == 0 || std::filesystem::exists(base_path(options_.folder), error)) {
    return {};
  }
  BaseHead head;
  {
    auto state = state_->lock();
    if (state->position != 0) return {};
    for (State::Zone& zone : state->zones) zone.serial = options_.serial_floor;
    head = {.position = 0,
            .applied_sequence = state->applied_sequence,
            .reported_sequence = state->reported_sequence,
            .sources = state->sources};
  }
  std::vector<std::unique_ptr<ZoneReader>> readers;
  for (const ZoneFacts& zone : all_sets()) readers.push_back(read_zone(zone));
  return write_base(head, std::move(readers));
}

Result<void> ZoneSet::load(Rng& rng) {
  std::error_code error;
  std::filesystem::create_directories(options_.folder, error);
  if (error) return fail(ErrorCode::unavailable, "make " + options_.folder.string());
  auto writer = writer_->lock();
  auto lock = lock_folder(options_.folder);
  if (!lock) return tl::unexpected(std::move(lock).error());
  writer->folder_lock = std::move(*lock);
  remove_unfinished_bases(options_.folder);
  auto state = state_->lock();
  const auto pages_in_use = std::make_shared<PagesInUse>();
  for (const ZoneFacts& facts : all_sets()) {
    State::Zone zone;
    zone.facts = &facts;
    zone.table = std::make_unique<ZoneTable>(rng.next_u64(), pages_in_use);
    state->zones.push_back(std::move(zone));
  }
  if (auto base = load_base(*state); !base) return base;
  return load_logs(*state, *writer);
}

Result<void> ZoneSet::load_base(State& state) {
  const auto path = base_path(options_.folder);
  const auto file = read_file(path, base_size_max);
  if (!file) {
    if (file.error().code == ErrorCode::not_found) return {};
    return tl::unexpected(file.error());
  }
  const auto container = codec::open_container(*file, base_kind, base_version);
  if (!container) return propagate(container.error(), path.string());
  State::Zone* current = nullptr;
  const BaseHandlers handlers{
      .on_zone = [&](std::string_view id, std::uint32_t serial) -> Result<void> {
        const ZoneFacts* facts = find_set(id);
        if (facts == nullptr) return fail(ErrorCode::corrupt, "the base has an unknown zone");
        current = &state.zone(*facts);
        current->serial = serial;
        return {};
      },
      .on_holder = [&](dns::NameView name,
                       const Holder& holder) { current->table->load(name, holder); }};
  auto head = read_base(container->payload, handlers);
  if (!head) return propagate(std::move(head).error(), path.string());
  for (State::Zone& zone : state.zones) zone.table->settle();
  state.position = head->position;
  state.applied_sequence = head->applied_sequence;
  state.reported_sequence = head->reported_sequence;
  state.sources = std::move(head->sources);
  for (SourceIndex i = 0; i < state.sources.size(); ++i) {
    state.source_index.insert_or_assign(state.sources[i], i);
  }
  return {};
}

Result<void> ZoneSet::load_logs(State& state, Writer& writer) {
  auto logs = list_logs(options_.folder);
  if (!logs) return tl::unexpected(std::move(logs).error());
  if (logs->empty()) {
    logs->push_back(
        {.position = state.position + 1, .path = log_path(options_.folder, state.position + 1)});
  }
  const auto on_frame = [&](Bytes payload) -> Result<void> {
    const auto batch = decode_batch(payload);
    if (!batch) return tl::unexpected(batch.error());
    if (batch->position <= state.position) return {};  // the base has it
    return state.replay(*batch);
  };
  for (const LogName& log : *logs) {
    auto file = codec::FrameFile::open(log.path, log_limits, on_frame);
    if (!file) return propagate(std::move(file).error(), log.path.string());
    if (file->cut_size() > 0) {
      write_log(LogLevel::warning, "zone_log_tail_cut", {{"octets", file->cut_size()}});
    }
    writer.log = std::move(*file);  // the last one stays open
  }
  return {};
}

bool ZoneSet::wants_compaction() {
  auto writer = writer_->lock();
  return writer->log && !writer->log->is_broken() && writer->log->size() > compaction_log_size;
}

Result<void> ZoneSet::compact() {
  BaseHead head;
  std::vector<std::unique_ptr<ZoneReader>> readers;
  std::vector<LogName> done_logs;
  {
    auto writer = writer_->lock();  // between two commits
    // The log may hold a batch that failed: a new log would give its position to another.
    if (!writer->log || writer->log->is_broken()) {
      return fail(ErrorCode::unavailable, "the zone log failed before; restart");
    }
    auto logs = list_logs(options_.folder);
    if (!logs) return tl::unexpected(std::move(logs).error());
    {
      auto state = state_->lock();
      head = {.position = state->position,
              .applied_sequence = state->applied_sequence,
              .reported_sequence = state->reported_sequence,
              .sources = state->sources};
    }
    const auto next_path = log_path(options_.folder, head.position + 1);
    for (const LogName& log : *logs) {
      if (log.path == next_path) return {};  // nothing was written since the last time
    }
    for (const ZoneFacts& zone : all_sets()) readers.push_back(read_zone(zone));
    auto next = codec::FrameFile::open(next_path, log_limits, [](Bytes) { return Result<void>{}; });
    if (!next) return propagate(std::move(next).error(), "begin a zone log");
    writer->log = std::move(*next);
    done_logs = std::move(*logs);
  }
  if (auto written = write_base(head, std::move(readers)); !written) return written;
  // Only now are the old logs not needed any more.
  std::error_code error;
  for (const LogName& log : done_logs) std::filesystem::remove(log.path, error);
  return sync_folder(options_.folder);
}

/// `readers` are in the order of all_sets(), all at `head`.
Result<void> ZoneSet::write_base(const BaseHead& head,
                                 std::vector<std::unique_ptr<ZoneReader>> readers) {
  BaseWriter base{head};
  for (std::size_t i = 0; i < readers.size(); ++i) {
    base.begin_zone(all_sets()[i].id, readers[i]->serial());
    while (readers[i]->next([&](const ZoneTable::Item& item) {
      base.add(item.name, item.holders);
      return true;
    })) {
    }
    base.end_zone();
  }
  readers.clear();
  const Octets file = codec::make_container(base_kind, base_version, std::move(base).finish());
  auto written = write_file_atomically(base_path(options_.folder), file, FileAccess::owner);
  if (!written) return propagate(std::move(written).error(), "write the zones' base");
  return sync_folder(options_.folder);
}

}  // namespace khien::publish
