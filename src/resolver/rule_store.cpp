#include "resolver/rule_store.h"

#include <algorithm>

#include "base/log.h"
#include "resolver/snapshot_disk.h"

namespace khien::resolver {

using policy::NameKey;
using policy::NameTable;
using policy::RuleClass;
using policy::Rules;
using policy::RuleSet;
using policy::SourceMask;
using policy::ZoneState;

namespace {

/// Adds or takes away the source's bits of one edit. False if the record is there already, or is
/// not.
bool apply_edit(RuleClass& rule_class, SourceMask source, const RuleEdit& edit) noexcept {
  SourceMask& trigger = edit.below ? rule_class.below : rule_class.exact;
  if (((trigger & source) != 0) == edit.add) return false;
  if (edit.add) {
    trigger |= source;
    if (edit.nodata) rule_class.nodata |= source;
  } else {
    trigger &= ~source;
    if (((rule_class.exact | rule_class.below) & source) == 0) rule_class.nodata &= ~source;
  }
  return true;
}

RuleClass without(const RuleClass& rule_class, SourceMask source) noexcept {
  return {.exact = rule_class.exact & ~source,
          .below = rule_class.below & ~source,
          .nodata = rule_class.nodata & ~source};
}

RuleClass joined(const RuleClass& a, const RuleClass& b) noexcept {
  return {.exact = a.exact | b.exact, .below = a.below | b.below, .nodata = a.nodata | b.nodata};
}

bool has_source(const RuleClass& rule_class, SourceMask source) noexcept {
  return ((rule_class.exact | rule_class.below) & source) != 0;
}

}  // namespace

RuleStore::RuleStore(std::filesystem::path folder, const Clock& clock, Rng& rng, Metrics& metrics)
    : path_(folder.empty() ? folder : folder / snapshot_file_name),
      journal_path_(folder.empty() ? folder : folder / journal_file_name),
      clock_(clock),
      journal_failures_(metrics.counter("khien_dnsd_journal_failures_total",
                                        "Changes that could not be written to the journal")),
      journal_cuts_(metrics.counter("khien_dnsd_journal_cut_total",
                                    "Starts at which a part of the journal was left out")),
      current_(Rules::none(rng)),
      published_(current_) {}

void RuleStore::publish(std::shared_ptr<const Rules> next) {
  current_ = next;
  published_.publish(std::move(next));
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
  next->base = std::move(*mapped);
  next->zones = next->base->zones();
  publish(std::move(next));
  return {};
}

Result<void> RuleStore::replay(const JournalRecord& record) {
  if (!record.from_serial) return replace_zone(record.zone, record.edits);
  const ZoneState* known = zone(record.zone.name);
  if (known == nullptr || known->serial != *record.from_serial) {
    return fail(ErrorCode::conflict, "the journal has a gap");
  }
  return change_zone(record.zone, record.edits);
}

void RuleStore::keep_journal() {
  const auto& digest = current_->base->digest();
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

/// True if the change is in the journal, though not synced.
bool RuleStore::write_down(const ZoneState& zone, std::optional<std::uint32_t> from_serial,
                           const RuleEdits& edits) {
  if (!journal_) return false;
  if (edits.octets().size() > journal_record_size_max - journal_head_size_max) {
    journal_.reset();  // as large as a snapshot would be: that is written soon
    return false;
  }
  const auto appended =
      journal_->append({.zone = zone, .from_serial = from_serial, .edits = edits});
  if (!appended) give_up_journal(appended.error());
  return appended.has_value();
}

/// Writes the change down, then lets it take effect, then waits for the disk: a kill at any instant
/// loses nothing that was in effect, and a slow disk delays no block and no lift.
void RuleStore::commit(std::shared_ptr<const Rules> next, const ZoneState& zone,
                       std::optional<std::uint32_t> from_serial, const RuleEdits& edits) {
  const bool is_written = write_down(zone, from_serial, edits);
  publish(std::move(next));
  dirty_ = true;
  if (!is_written) return;
  if (auto synced = journal_->sync(); !synced) give_up_journal(synced.error());
}

Result<void> RuleStore::replace(NameTable table, std::vector<ZoneState> zones) {
  auto next = std::make_shared<Rules>();
  next->base = RuleSet::from_table(std::move(table), zones, clock_.now_ms());
  next->zones = std::move(zones);
  publish(std::move(next));
  dirty_ = true;
  return {};
}

Result<void> RuleStore::change_zone(const ZoneState& zone, const RuleEdits& edits) {
  const SourceMask source = mask_of(zone.source);
  NameTable delta = current_->delta ? *current_->delta : NameTable{key()};
  NameKey name;
  Result<void> done{};
  edits.for_each([&](const RuleEdit& edit) {
    if (!done) return;
    name.assign(edit.name, key());
    const RuleClass* known = delta.find(name);
    RuleClass rule_class = known != nullptr ? *known : current_->class_of(name);
    if (!apply_edit(rule_class, source, edit)) {
      done =
          fail(ErrorCode::conflict,
               edit.add ? "IXFR adds a record that is there" : "IXFR removes a record that is not",
               "ixfr_mismatch");
      return;
    }
    done = delta.set(name, rule_class);
  });
  if (!done) return done;
  auto next = std::make_shared<Rules>(*current_);
  next->zones = with_zone(std::move(next->zones), zone);
  if (!delta.empty()) next->delta = std::make_shared<const NameTable>(std::move(delta));
  const ZoneState* known = this->zone(zone.name);
  commit(std::move(next), zone, known == nullptr ? 0 : known->serial, edits);
  return {};
}

Result<void> RuleStore::replace_zone(const ZoneState& zone, const RuleEdits& edits) {
  const SourceMask source = mask_of(zone.source);
  NameTable incoming{key()};
  incoming.reserve(edits.size() / 2);
  NameKey name;
  Result<void> done{};
  edits.for_each([&](const RuleEdit& edit) {
    if (!done) return;
    name.assign(edit.name, key());
    RuleClass rule_class;
    (void)apply_edit(rule_class, source, edit);
    done = incoming.add(name, rule_class);
  });
  if (!done) return done;

  std::size_t changes = 0;
  NameTable delta = current_->delta ? *current_->delta : NameTable{key()};
  delta.reserve(delta.size() + std::min(incoming.size(), policy::delta_names_max));  // as below
  // What the zone had and has no more; then what is new or different.
  current_->for_each([&](Bytes wire, const RuleClass& rule_class) {
    if (!done || !has_source(rule_class, source)) return;
    name.assign(wire, key());
    if (incoming.find(name) != nullptr) return;
    ++changes;
    if (changes <= policy::delta_names_max) done = delta.set(name, without(rule_class, source));
  });
  incoming.view().for_each([&](Bytes wire, const RuleClass& rule_class) {
    if (!done) return;
    name.assign(wire, key());
    const RuleClass had = current_->class_of(name);
    const RuleClass wanted = joined(without(had, source), rule_class);
    if (had == wanted) return;
    ++changes;
    if (changes <= policy::delta_names_max) done = delta.set(name, wanted);
  });
  if (!done) return done;

  auto next = std::make_shared<Rules>(*current_);
  next->zones = with_zone(std::move(next->zones), zone);
  if (changes <= policy::delta_names_max) {
    if (!delta.empty()) next->delta = std::make_shared<const NameTable>(std::move(delta));
  } else {
    // Too much for a delta: a new set at once.
    auto table = merge(*current_, key(), source);
    if (!table) return tl::unexpected(std::move(table).error());
    // `incoming` gives its names in the order of their hashes. A table that grew on the way would
    // hold them all in its first slots, and each further one would walk past them.
    table->reserve(table->size() + incoming.size());
    incoming.view().for_each([&](Bytes wire, const RuleClass& rule_class) {
      if (!done) return;
      name.assign(wire, key());
      done = table->add(name, rule_class);
    });
    if (!done) return done;
    next->base = RuleSet::from_table(std::move(*table), next->zones, clock_.now_ms());
    next->delta = nullptr;
  }
  commit(std::move(next), zone, std::nullopt, edits);
  return {};
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
    if (zone.source != policy::source_emergency) continue;
    const std::int64_t age_ms = now_ms - zone.confirmed_at_ms;
    if (age_ms > std::int64_t{zone.expire_s} * ms_per_second) expired |= mask_of(zone.source);
  }
  if (current_->expired == expired) return false;
  auto next = std::make_shared<Rules>(*current_);
  next->expired = expired;
  publish(std::move(next));
  return true;
}

bool RuleStore::save_is_due() const noexcept {
  const bool is_on_disk = path_.empty() || !keeps_journal_ || journal_.has_value();
  return dirty_ && (!is_on_disk || (journal_ && journal_->due()));
}

bool RuleStore::delta_full() const noexcept {
  return current_->delta != nullptr && current_->delta->size() > policy::delta_names_max;
}

Result<void> RuleStore::save() {
  auto next = std::make_shared<Rules>(*current_);
  if (current_->delta != nullptr || current_->base->zones() != current_->zones) {
    auto table = merge(*current_, key());
    if (!table) return tl::unexpected(std::move(table).error());
    next->base = RuleSet::from_table(std::move(*table), current_->zones, clock_.now_ms());
    next->delta = nullptr;
  }
  if (!path_.empty()) {
    // From here on the file may be the new one, and the journal belongs to the old: whatever fails,
    // the next save is due at once.
    journal_.reset();
    if (auto saved = save_snapshot(*next->base, path_); !saved) return saved;
    auto mapped = map_snapshot(path_);
    if (!mapped) return tl::unexpected(std::move(mapped).error());
    next->base = std::move(*mapped);
  }
  publish(std::move(next));
  dirty_ = false;
  if (!path_.empty()) begin_journal();
  return {};
}

}  // namespace khien::resolver
