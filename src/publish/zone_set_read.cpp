// ZoneSet: reading.
#include <algorithm>

#include "publish/zone_set.h"
#include "publish/zone_set_state.h"

namespace khien::publish {
namespace {

constexpr std::size_t names_a_turn = 1'000;  // under the state lock at once: well below 1 ms
constexpr std::size_t apex_records = 2;      // SOA and NS

}  // namespace

std::optional<InstantMs> ZoneSet::next_lapse_ms() {
  auto state = state_->lock();
  std::optional<InstantMs> soonest;
  for (const State::Zone& zone : state->zones) {
    const auto due = zone.table->next_due_ms();
    if (due && (!soonest || *due < *soonest)) soonest = due;
  }
  return soonest;
}

std::int64_t ZoneSet::applied_sequence() { return state_->lock()->applied_sequence; }
std::int64_t ZoneSet::reported_sequence() { return state_->lock()->reported_sequence; }

std::optional<std::uint32_t> ZoneSet::serial(const ZoneFacts& zone) {
  return state_->lock()->zone(zone).serial;
}

std::vector<ZoneStatus> ZoneSet::status() {
  auto state = state_->lock();
  std::vector<ZoneStatus> result;
  for (const State::Zone& zone : state->zones) {
    result.push_back({.zone = zone.facts->id,
                      .serial = zone.serial,
                      .name_count = zone.table->name_count(),
                      .record_count = zone.table->record_count() + apex_records});
  }
  return result;
}

Shown ZoneSet::shown(const ZoneFacts& zone, dns::NameView name) {
  const dns::Name lower = dns::Name{name}.lower();
  return state_->lock()->zone(zone).table->shown(lower);
}

Shown ZoneSet::held(const ZoneFacts& zone, dns::NameView name) {
  const dns::Name lower = dns::Name{name}.lower();
  return state_->lock()->zone(zone).table->held(lower);
}

std::vector<Holding> ZoneSet::holdings(std::string_view name) {
  std::vector<Holding> held;
  const auto parsed = dns::Name::from_text(name);
  if (!parsed) return held;
  const dns::Name asked = parsed->lower();
  auto state = state_->lock();
  for (dns::NameView at = asked; !at.is_root(); at = at.parent()) {
    std::string text = at.to_text();
    text.pop_back();
    for (const State::Zone& zone : state->zones) {
      for (const Holder& holder : zone.table->holders(at)) {
        const bool covers = at == asked.view() || holder.scope == Scope::domain;
        if (!covers || holder.source == rollback_source) continue;
        if (held.size() == holdings_max) return held;
        held.push_back({.zone = zone.facts->id,
                        .name = text,
                        .source = state->sources[holder.source],
                        .scope = holder.scope});
      }
    }
  }
  return held;
}

void ZoneSet::visit_held(const ZoneFacts& zone, const VisitHeld& take) {
  const auto reader = read_zone(zone);
  while (reader->next([&](const ZoneTable::Item& item) {
    for (const Holder& holder : item.holders) take(item.name, holder.source, holder.scope);
    return true;
  })) {
  }
}

std::string ZoneSet::source_name(SourceIndex holder) { return state_->lock()->sources[holder]; }

std::vector<Holding> ZoneSet::holdings_in(const ZoneFacts& zone) {
  std::vector<Holding> held;
  std::vector<SourceIndex> sources;
  visit_held(zone, [&](dns::NameView name, SourceIndex holder, Scope scope) {
    std::string text = name.to_text();
    text.pop_back();
    held.push_back({.zone = zone.id, .name = std::move(text), .source = {}, .scope = scope});
    sources.push_back(holder);
  });
  auto state = state_->lock();
  for (std::size_t i = 0; i < held.size(); ++i) held[i].source = state->sources[sources[i]];
  return held;
}

std::size_t ZoneSet::memory_size() {
  auto state = state_->lock();
  std::size_t size = 0;
  for (const State::Zone& zone : state->zones) {
    size += zone.table->memory_size() + zone.history.change_count() * sizeof(RecordChange);
  }
  return size;
}

std::size_t ZoneSet::make_pages(std::size_t count) {
  std::size_t made = 0;
  for (const ZoneFacts& zone : all_zones()) {
    for (bool more = true; more && made < count; made += more ? 1 : 0) {
      auto state = state_->lock();  // for each page anew: others have their turn
      more = state->zone(zone).table->make_missing_page(zone);
    }
  }
  return made;
}

std::unique_ptr<ZoneSet::ZoneReader> ZoneSet::read_zone(const ZoneFacts& zone) {
  return std::make_unique<ZoneReader>(*this, zone);
}

ZoneSet::ZoneReader::ZoneReader(ZoneSet& set, const ZoneFacts& zone) : set_(set), zone_(zone) {
  auto state = set_.state_->lock();
  State::Zone& read = state->zone(zone);
  serial_ = read.serial;
  table_ = read.table;
  snapshot_ = std::make_unique<ZoneTable::Snapshot>(*table_);
}

ZoneSet::ZoneReader::~ZoneReader() {
  auto state = set_.state_->lock();  // it leaves the table's list of snapshots
  snapshot_.reset();
}

bool ZoneSet::ZoneReader::next(const std::function<bool(const ZoneTable::Item&)>& take) {
  auto state = set_.state_->lock();
  return snapshot_->next(names_a_turn, take);
}

std::shared_ptr<const ZonePage> ZoneSet::ZoneReader::next_page() {
  auto state = set_.state_->lock();
  return snapshot_->next_page(zone_);
}

std::unique_ptr<ZoneSet::StepReader> ZoneSet::read_steps(const ZoneFacts& zone,
                                                         std::uint32_t serial) {
  auto state = state_->lock();
  State::Zone& read = state->zone(zone);
  if (serial == read.serial) {
    return std::make_unique<StepReader>(*this, read.table, std::vector<SerialStep>{});
  }
  auto steps = read.history.since(serial);
  if (!steps || steps->empty()) return nullptr;
  return std::make_unique<StepReader>(*this, read.table, std::move(*steps));
}

ZoneSet::StepReader::StepReader(ZoneSet& set, std::shared_ptr<const ZoneTable> table,
                                std::vector<SerialStep> steps)
    : set_(set), table_(std::move(table)), steps_(std::move(steps)) {
  for (const SerialStep& step : steps_) change_count_ += step.changes.size();
}

dns::Name ZoneSet::StepReader::name(const RecordChange& change) {
  auto state = set_.state_->lock();
  return dns::Name{table_->name_at(change.name_at)};
}

}  // namespace khien::publish
