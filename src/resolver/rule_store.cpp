#include "resolver/rule_store.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/log.h"

namespace khien::resolver {

using policy::Rules;
using policy::SourceMask;
using policy::ZoneState;

namespace {

// How long a whole swap waits for workers to let go of shards before it goes on with more memory.
// They do at the end of a batch, or at once if they wait for queries.
constexpr std::chrono::milliseconds wait_step{1};
constexpr int wait_steps_max = 2'000;

bool never() { return false; }

}  // namespace

RuleStore::RuleStore(std::filesystem::path folder, const Clock& clock, Rng& rng, Metrics& metrics)
    : folder_(folder),
      path_(folder.empty() ? folder : folder / snapshot_file_name),
      journal_path_(folder.empty() ? folder : folder / journal_file_name),
      clock_(clock),
      journal_failures_(metrics.counter("khien_dnsd_journal_failures_total",
                                        "Changes that could not be written to the journal")),
      journal_cuts_(metrics.counter("khien_dnsd_journal_cut_total",
                                    "Starts at which a part of the journal was left out")),
      waits_given_up_(metrics.counter(
          "khien_dnsd_swap_waits_given_up_total",
          "Times that a swap of rules went on though a worker still read the old ones")),
      journal_sync_(journal_failures_),
      current_(Rules::none(rng)),
      published_(current_) {
  for (std::size_t i = 0; i < skipped_.size(); ++i) {
    skipped_[i] = &metrics.counter(
        "khien_dnsd_records_skipped_total", "Records of zones that no rule was made of",
        "reason=\"" + std::string{to_string(static_cast<Skipped>(i))} + "\"");
  }
}

void RuleStore::count_skipped(const SkippedCounts& counts) noexcept {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] != 0) skipped_[i]->add(static_cast<std::int64_t>(counts[i]));
  }
}

void RuleStore::set_third_party(std::shared_ptr<const policy::ThirdParty> zones) {
  third_party_ = std::move(zones);
  auto next = std::make_shared<Rules>(*current_);
  next->rare = third_party_ == nullptr
                   ? nullptr
                   : std::make_shared<const policy::RareRules>(third_party_, policy::RareZones{});
  publish(std::move(next));
}

policy::SourceMap RuleStore::slots_of(const std::vector<ZoneState>& zones) const {
  policy::SourceMap map;
  for (std::size_t i = 0; i < map.size(); ++i) map[i] = static_cast<std::uint8_t>(i);
  for (const ZoneState& zone : zones) {
    if (!is_third_party(zone.source)) continue;
    const auto now = third_party_ == nullptr ? std::nullopt : third_party_->find(zone.name);
    map[zone.source.index] = now ? now->index : policy::source_gone;
  }
  return map;
}

/// Names that are told by their shard to be looked up there have to find something there: before
/// the shards. For the moment between, what a name had before means NXDOMAIN.
void RuleStore::publish_rare(const RareChange& rare) {
  if (rare.rules == current_->rare) return;
  auto next = std::make_shared<Rules>(*current_);
  next->rare = rare.rules;
  publish(std::move(next));
}

void RuleStore::publish(std::shared_ptr<const Rules> next) {
  current_ = next;
  published_.publish(std::move(next));
}

// Idle workers rest, so what is read is read for the length of a batch.
void RuleStore::wait_for_workers() {
  while (published_.collect() != 0 && wait_steps_ < wait_steps_max) {
    if (++wait_steps_ == wait_steps_max) waits_given_up_.add();
    std::this_thread::sleep_for(wait_step);
  }
}

void RuleStore::publish_shard(std::size_t shard, ShardUpdate::Parts parts) {
  const bool is_new = parts.shard != current_->base->shards()[shard];
  if (!is_new && parts.delta == current_->deltas[shard]) return;
  publish(current_->with_shard(shard, std::move(parts.shard), std::move(parts.delta)));
  if (is_new) wait_for_workers();
}

std::vector<ZoneState> RuleStore::with_zone(std::vector<ZoneState> zones, const ZoneState& zone) {
  for (ZoneState& known : zones) {
    if (known.name == zone.name) {
      known = zone;
      return zones;
    }
  }
  zones.push_back(zone);
  return zones;
}

const ZoneState* RuleStore::zone(std::string_view name) const noexcept {
  for (const ZoneState& known : current_->zones) {
    if (known.name == name) return &known;
  }
  return nullptr;
}

Result<void> RuleStore::load() {
  if (path_.empty()) return fail(ErrorCode::not_found, "no folder for a snapshot");
  auto mapped = map_snapshot(path_);
  if (!mapped) return tl::unexpected(std::move(mapped).error());
  auto next = std::make_shared<Rules>();
  const policy::SourceMap slots = slots_of((*mapped)->zones());
  next->base = policy::changes_nothing(slots) ? std::move(*mapped) : (*mapped)->with_sources(slots);
  next->zones = next->base->zones();
  if (third_party_ != nullptr) {
    next->rare = std::make_shared<const policy::RareRules>(third_party_, next->base->rare());
  }
  publish(std::move(next));
  return {};
}

Result<void> RuleStore::replay(const JournalRecord& written) {
  JournalRecord record = written;
  const std::uint8_t slot = slots_of({record.zone})[record.zone.source.index];
  if (slot == policy::source_gone) return {};  // nobody follows this zone any more
  record.zone.source.index = slot;
  if (!record.from_serial) return replace_zone(record.zone, record.edits);
  const ZoneState* known = zone(record.zone.name);
  if (known == nullptr || known->serial != *record.from_serial) {
    return fail(ErrorCode::conflict, "the journal has a gap");
  }
  return change_zone(record.zone, record.edits);
}

void RuleStore::keep_journal() {
  const crypto::Sha256Digest digest = current_->base->digest();  // replaying replaces the base
  if (path_.empty()) return;
  if (digest == crypto::Sha256Digest{}) {
    keeps_journal_ = true;  // no snapshot: what a journal says could not be applied to anything
    return;
  }
  RuleJournal::Replay found;
  auto opened = RuleJournal::open(
      journal_path_, digest, [this](const JournalRecord& record) { return replay(record); }, found);
  keeps_journal_ = true;  // only now: replaying writes nothing down
  if (found.cut_size != 0 || found.refused) journal_cuts_.add();
  KHIEN_LOG(info, "journal_replayed", {"records", found.records}, {"cut_octets", found.cut_size},
            {"refused", found.refused ? 1 : 0}, {"stale", found.stale ? 1 : 0});
  if (opened) {
    journal_.emplace(std::move(*opened));
  } else if (opened.error().code == ErrorCode::not_found) {
    begin_journal();
  } else {
    // The rules are those of the snapshot and what was replayed; the next save starts it anew.
    give_up_journal(opened.error());
    dirty_ = true;
  }
}

void RuleStore::begin_journal() {
  journal_.reset();
  if (!keeps_journal_) return;
  journal_sync_.forget_failure();
  auto created = RuleJournal::create(journal_path_, current_->base->digest());
  if (created) {
    journal_.emplace(std::move(*created));
  } else {
    give_up_journal(created.error());
  }
}

void RuleStore::give_up_journal(const Error& error) {
  journal_.reset();
  journal_failures_.add();
  KHIEN_LOG(error, "journal_given_up", {"why", error.message});
}

/// Before a change takes effect, so that a kill loses nothing that was in effect; synced after it
/// and by another thread, so that a slow disk delays no block and no lift, nor the next one. True
/// if it is in the journal.
bool RuleStore::write_down(const ZoneState& zone, std::optional<std::uint32_t> from_serial,
                           const EditSpool& edits) {
  if (journal_sync_.failed()) journal_.reset();
  if (!journal_) return false;
  const RuleEdits* in_order = edits.in_order();
  if (in_order == nullptr ||
      in_order->octets().size() > journal_record_size_max - journal_head_size_max) {
    journal_.reset();  // as large as a snapshot would be: that is written soon
    return false;
  }
  const auto appended =
      journal_->append({.zone = zone, .from_serial = from_serial, .edits = *in_order});
  if (!appended) give_up_journal(appended.error());
  return appended.has_value();
}

void RuleStore::sync_journal() {
  if (journal_) journal_sync_.want(journal_->duplicate());
}

EditSpool RuleStore::spool() const { return EditSpool{key(), folder_}; }

Result<void> RuleStore::replace_zone(const ZoneState& zone, const RuleEdits& edits) {
  EditSpool spooled = spool();
  spooled.push_all(zone.source, edits);
  return replace_zone(zone, spooled);
}

Result<void> RuleStore::change_zone(const ZoneState& zone, const RuleEdits& edits) {
  EditSpool spooled = spool();
  spooled.push_all(zone.source, edits);
  return change_zone(zone, spooled);
}

/// The zone as a whole stands now as `zone` says.
void RuleStore::finish_zone(const ZoneState& zone) {
  auto next = std::make_shared<Rules>(*current_);
  next->zones = with_zone(std::move(next->zones), zone);
  publish(std::move(next));
  dirty_ = true;
}

/// After an error in the middle: no serial says what its rules are.
Error RuleStore::forget_zone(std::string_view name, Error why) {
  auto next = std::make_shared<Rules>(*current_);
  std::erase_if(next->zones, [&](const ZoneState& zone) { return zone.name == name; });
  publish(std::move(next));
  journal_.reset();
  dirty_ = true;
  return why;
}

Result<void> RuleStore::replace_shards(SourceMask mask, const EditSpool& edits,
                                       const policy::RareZone* rare) {
  wait_steps_ = 0;
  ShardUpdate update{key(), rare};
  for (std::size_t shard = 0; shard < policy::shard_count; ++shard) {
    auto parts = update.replace(*current_, shard, mask, edits);
    if (!parts) return tl::unexpected(std::move(parts).error());
    publish_shard(shard, std::move(*parts));
  }
  count_skipped(update.skipped());
  if (edits.in_order() == nullptr) ::malloc_trim(0);  // what the work on 64 shards left in holes
  return {};
}

Result<void> RuleStore::replace_zone(const ZoneState& zone, const EditSpool& edits) {
  if (auto fits = ShardUpdate::check_limits(*current_, edits); !fits) return fits;
  const RareChange rare = RareChange::whole(*current_, zone.source, edits);
  const bool is_written = write_down(zone, std::nullopt, edits);
  publish_rare(rare);
  count_skipped(rare.skipped);
  if (auto done = replace_shards(mask_of(zone.source), edits, rare.zone); !done) {
    return tl::unexpected(forget_zone(zone.name, std::move(done).error()));
  }
  finish_zone(zone);
  if (is_written) sync_journal();
  return {};
}

Result<void> RuleStore::replace_sources(SourceMask mask, std::vector<ZoneState> zones,
                                        const EditSpool& edits) {
  if (auto done = replace_shards(mask, edits); !done) return done;
  auto next = std::make_shared<Rules>(*current_);
  next->zones = std::move(zones);
  publish(std::move(next));
  dirty_ = true;
  return {};
}

/// Small enough for deltas: nothing is seen of it before all of it.
Result<void> RuleStore::change_at_once(const ZoneState& zone, const EditSpool& edits) {
  const auto rare = RareChange::changes(*current_, zone.source, edits);
  if (!rare) return tl::unexpected(rare.error());
  auto next = std::make_shared<Rules>(*current_);
  next->rare = rare->rules;
  ShardUpdate update{key(), rare->zone};
  for (std::size_t shard = 0; shard < policy::shard_count; ++shard) {
    if (!edits.touches(shard)) continue;
    auto parts = update.change(*current_, shard, edits, ShardUpdate::Rebuild::never);
    if (!parts) return tl::unexpected(std::move(parts).error());
    next->deltas[shard] = std::move(parts->delta);
  }
  next->zones = with_zone(std::move(next->zones), zone);
  count_skipped(rare->skipped);
  const ZoneState* known = this->zone(zone.name);
  const bool is_written = write_down(zone, known == nullptr ? 0 : known->serial, edits);
  publish(std::move(next));
  dirty_ = true;
  if (is_written) sync_journal();
  // What is too large for a delta was let in for the sake of speed.
  if (auto merged = merge_deltas(policy::delta_names_max, never); !merged) {
    return tl::unexpected(std::move(merged).error());
  }
  return {};
}

Result<void> RuleStore::change_shards(const EditSpool& edits, const policy::RareZone* rare) {
  wait_steps_ = 0;
  ShardUpdate update{key(), rare};
  for (std::size_t shard = 0; shard < policy::shard_count; ++shard) {
    if (!edits.touches(shard)) continue;
    auto parts = update.change(*current_, shard, edits, ShardUpdate::Rebuild::when_due);
    if (!parts) return tl::unexpected(std::move(parts).error());
    publish_shard(shard, std::move(*parts));
  }
  return {};
}

Result<void> RuleStore::change_zone(const ZoneState& zone, const EditSpool& edits) {
  if (edits.in_order() != nullptr) return change_at_once(zone, edits);
  // Each shard twice: to see whether all of it fits, and to make it so.
  const auto rare = RareChange::changes(*current_, zone.source, edits);
  if (!rare) return tl::unexpected(rare.error());
  ShardUpdate check{key(), rare->zone};
  for (std::size_t shard = 0; shard < policy::shard_count; ++shard) {
    if (!edits.touches(shard)) continue;
    auto parts = check.change(*current_, shard, edits, ShardUpdate::Rebuild::when_due);
    if (!parts) return tl::unexpected(std::move(parts).error());
  }
  (void)write_down(zone, std::nullopt, edits);  // too large: ends the journal
  publish_rare(*rare);
  count_skipped(rare->skipped);
  if (auto done = change_shards(edits, rare->zone); !done) {
    return tl::unexpected(forget_zone(zone.name, std::move(done).error()));
  }
  finish_zone(zone);
  return {};
}

/// Those of more than `names_max` names. False if interrupted.
Result<bool> RuleStore::merge_deltas(std::size_t names_max, const Interrupted& interrupted) {
  wait_steps_ = 0;
  ShardUpdate update{key()};
  for (std::size_t shard = 0; shard < policy::shard_count; ++shard) {
    const auto& delta = current_->deltas[shard];
    if (delta == nullptr || delta->size() <= names_max) continue;
    if (interrupted()) return false;
    auto parts = update.merge(*current_, shard);
    if (!parts) return tl::unexpected(std::move(parts).error());
    publish_shard(shard, std::move(*parts));
  }
  return true;
}

void RuleStore::confirm_zone(std::string_view name, InstantMs now_ms) {
  const ZoneState* known = zone(name);
  if (known == nullptr) return;
  ZoneState confirmed = *known;
  confirmed.confirmed_at_ms = now_ms;
  auto next = std::make_shared<Rules>(*current_);
  next->zones = with_zone(std::move(next->zones), confirmed);
  // Not published: workers do not read it, and it is not worth a file of its own.
  current_ = std::move(next);
}

bool RuleStore::check_expiry(InstantMs now_ms) {
  SourceMask expired = 0;
  for (const ZoneState& zone : current_->zones) {
    if (zone.source != policy::source_emergency && !is_third_party(zone.source)) continue;
    const std::int64_t age_ms = now_ms - zone.confirmed_at_ms;
    if (age_ms > std::int64_t{zone.expire_s} * ms_per_second) expired |= mask_of(zone.source);
  }
  if (current_->expired == expired) return false;
  auto next = std::make_shared<Rules>(*current_);
  next->expired = expired;
  publish(std::move(next));
  return true;
}

/// Whether what changed lies in snapshot and journal, or shall lie nowhere.
bool RuleStore::is_on_disk() const noexcept {
  const bool has_journal = journal_.has_value() && !journal_sync_.failed();
  return path_.empty() || !keeps_journal_ || has_journal;
}

bool RuleStore::save_is_due() const noexcept {
  return dirty_ && (!is_on_disk() || (journal_ && journal_->due()));
}

bool RuleStore::save_is_pressing() const noexcept {
  return dirty_ && (!is_on_disk() || (journal_ && journal_->pressing()));
}

Result<void> RuleStore::save() {
  if (auto saved = save_unless(never); !saved) return tl::unexpected(std::move(saved).error());
  return {};
}

Result<bool> RuleStore::save_unless(const Interrupted& interrupted) {
  if (auto merged = merge_deltas(0, interrupted); !merged || !*merged) return merged;
  if (path_.empty()) {
    dirty_ = false;
    return true;
  }
  const auto digest = write_snapshot({*current_->base, current_->zones, current_->rare_zones()},
                                     path_, interrupted);
  if (!digest) return tl::unexpected(digest.error());
  if (!*digest) return false;
  // From here on the file may be the new one, and the journal belongs to the old: whatever fails,
  // the next save is due at once.
  journal_.reset();
  if (auto placed = put_snapshot_in_place(path_); !placed) {
    return tl::unexpected(std::move(placed).error());
  }
  auto next = std::make_shared<Rules>(*current_);
  next->base = next->base->saved_as(**digest);
  publish(std::move(next));
  dirty_ = false;
  KHIEN_LOG(info, "rules_saved", {"names", current_->base->name_count()});
  begin_journal();
  return true;
}

}  // namespace khien::resolver
