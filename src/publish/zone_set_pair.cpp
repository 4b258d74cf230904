// ZoneSet: following another publisher's log, and giving it ours (pair.h). Files are
// zone_set_files.cpp.
#include "dns/serial.h"
#include "publish/zone_set.h"
#include "publish/zone_set_state.h"

namespace khien::publish {

ZoneSet::LogPlace ZoneSet::place() {
  auto state = state_->lock();
  return {.position = state->position, .chain = state->chain};
}

std::optional<crypto::Sha256Digest> ZoneSet::chain_at(std::uint64_t position) {
  auto state = state_->lock();
  if (position > state->position) return std::nullopt;
  if (position == state->position) return state->chain;
  const std::uint64_t back = state->position - position;
  if (back >= state->chains.size()) return std::nullopt;
  return state->chains[state->chains.size() - 1 - static_cast<std::size_t>(back)];
}

std::vector<ZoneSerial> ZoneSet::serials() {
  auto state = state_->lock();
  std::vector<ZoneSerial> all;
  for (const State::Zone& zone : state->zones) {
    all.push_back({.zone = zone.facts->id, .serial = zone.serial});
  }
  return all;
}

Result<void> ZoneSet::take_frames(std::span<const Octets> frames, std::span<const Batch> batches) {
  auto writer = writer_->lock();
  if (!writer->log) return fail(ErrorCode::unavailable, "the zone log failed before; restart");
  auto cursor = state_->lock()->cursor();
  for (const Batch& batch : batches) {
    if (auto fits = cursor.take(batch); !fits) return fits;
  }
  // Where the disk is full, what was written is made visible, so that log and state agree.
  Result<void> written{};
  std::size_t count = 0;
  while (written && count < frames.size()) {
    written = writer->log->append(frames[count]);
    count += written ? 1U : 0U;
  }
  if (auto synced = writer->log->sync(); !synced) {
    return propagate(std::move(synced).error(), "sync zone log");
  }
  auto state = state_->lock();
  for (std::size_t i = 0; i < count; ++i) {
    state->replay(batches[i], chain_after(state->chain, frames[i]));
  }
  if (!written) return propagate(std::move(written).error(), "write zone log");
  return {};
}

Result<void> ZoneSet::follow(std::span<const Octets> frames) {
  KHIEN_ASSERT(frames.size() <= followed_frames_max);
  std::vector<Batch> batches;
  for (const Octets& frame : frames) {
    auto batch = decode_batch(frame);
    if (!batch) return propagate(std::move(batch).error(), "follow the other publisher");
    batches.push_back(std::move(*batch));
  }
  const auto before = serials();
  auto done = take_frames(frames, batches);
  std::vector<ZoneSerial> touched;
  const auto after = serials();
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (after[i].serial != before[i].serial) touched.push_back(after[i]);
  }
  tell(touched);
  return done;
}

Result<ZoneCopy> ZoneSet::copy() {
  BaseHead head;
  std::vector<std::unique_ptr<ZoneReader>> readers;
  {
    auto writer = writer_->lock();  // between two commits
    head = state_->lock()->head();
    for (const ZoneFacts& zone : all_sets()) readers.push_back(read_zone(zone));
  }
  ZoneCopy copy{.position = head.position, .chain = head.chain};
  copy.file = make_base(head, std::move(readers));
  return copy;
}

Result<void> ZoneSet::adopt(Bytes file) {
  State fresh;
  make_zones(fresh);
  if (auto read = fill(fresh, file); !read) {
    return propagate(std::move(read).error(), "take over the other publisher's zones");
  }
  {
    auto writer = writer_->lock();
    if (auto begun = begin_log_anew(*writer, file, fresh.position); !begun) {
      return propagate(std::move(begun).error(), "take over the other publisher's zones");
    }
    auto state = state_->lock();
    std::swap(*state, fresh);  // readers go on with the tables that they have
  }
  tell(serials());
  return {};
}

Result<void> ZoneSet::jump(std::span<const ZoneSerial> to) {
  std::vector<ZoneSerial> touched;
  {
    auto writer = writer_->lock();
    Batch batch;
    batch.step = SerialRule::jump;
    batch.at_ms = clock_.now_ms();
    {
      auto state = state_->lock();
      batch.position = state->position + 1;
      batch.applied_sequence = state->applied_sequence;
      batch.reported_sequence = state->reported_sequence;
      for (const ZoneSerial& one : to) {
        const ZoneFacts* facts = find_set(one.zone);
        if (facts == nullptr || !dns::serial_before(state->zone(*facts).serial, one.serial))
          continue;
        batch.zones.push_back({.zone = facts->id, .serial = one.serial, .operations = {}});
        touched.push_back({.zone = facts->id, .serial = one.serial});
      }
    }
    if (touched.empty()) return {};
    if (auto done = commit_batch(*writer, batch); !done) {
      return propagate(std::move(done).error(), "raise the serials");
    }
  }
  tell(touched);
  return {};
}

}  // namespace khien::publish
