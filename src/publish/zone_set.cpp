// ZoneSet: making changes. Files are zone_set_files.cpp, reading is zone_set_read.cpp.
#include "publish/zone_set.h"

#include <algorithm>
#include <array>

#include "dns/serial.h"
#include "publish/set_names.h"
#include "publish/zone_set_state.h"

namespace khien::publish {
namespace {

constexpr std::size_t due_batch = 1'000;

tl::unexpected<Error> not_following(const char* what) {
  return fail(ErrorCode::corrupt, std::string{"the zone log does not follow: "} + what);
}

TableChange perform(ZoneTable& table, const Operation& operation) {
  switch (operation.kind) {
    case OperationKind::add:
      return table.add(
          operation.name,
          {.source = operation.source, .scope = operation.scope, .until_ms = operation.until_ms});
    case OperationKind::remove:
    case OperationKind::lapse: return table.remove(operation.name, operation.source);
    case OperationKind::clear: break;
  }
  return table.clear(operation.name);
}

/// True for `a.*.example`: no host has such a name, and below a domain the filler `*.example` would
/// be the domain's own wildcard.
bool has_wildcard_label(dns::NameView name) noexcept {
  for (; !name.is_root(); name = name.parent()) {
    if (name.is_wildcard()) return true;
  }
  return false;
}

/// Cuts a draft's zones into pieces that fit one frame.
std::vector<std::vector<ZoneBatch>> cut(std::vector<ZoneBatch> zones) {
  std::vector<std::vector<ZoneBatch>> pieces(1);
  std::size_t room = operations_per_batch_max;
  for (ZoneBatch& zone : zones) {
    auto from = std::make_move_iterator(zone.operations.begin());
    const auto end = std::make_move_iterator(zone.operations.end());
    while (from != end) {
      if (room == 0) {
        pieces.emplace_back();
        room = operations_per_batch_max;
      }
      const auto count = std::min(static_cast<std::size_t>(end - from), room);
      const auto to = from + static_cast<std::ptrdiff_t>(count);
      pieces.back().push_back({.zone = zone.zone, .serial = 0, .operations = {from, to}});
      from = to;
      room -= count;
    }
  }
  return pieces;
}

/// True if `holders` does not have the operation's source, or not as wide.
bool is_more(std::span<const Holder> holders, const Operation& operation) {
  const auto held = std::find_if(holders.begin(), holders.end(), [&](const Holder& holder) {
    return holder.source == operation.source;
  });
  return held == holders.end() || (held->scope == Scope::host && operation.scope == Scope::domain);
}

}  // namespace

ZoneSet::State::Cursor ZoneSet::State::cursor() const {
  Cursor cursor{.position = position, .source_count = sources.size(), .serials = {}};
  for (const Zone& zone : zones) cursor.serials.push_back(zone.serial);
  return cursor;
}

Result<void> ZoneSet::State::Cursor::take(const Batch& batch) {
  if (batch.position != position + 1) return not_following("a position is missing");
  for (const NewSource& source : batch.sources) {
    if (source.index != source_count++) return not_following("a source is missing");
  }
  for (const ZoneBatch& one : batch.zones) {
    const ZoneFacts* facts = find_set(one.zone);
    if (facts == nullptr) return not_following("a zone is unknown");
    std::uint32_t& serial = serials[static_cast<std::size_t>(facts - all_sets().data())];
    const bool follows = batch.step == SerialRule::next
                             ? one.serial == dns::serial_next(serial)
                             : one.serial != 0 && dns::serial_before(serial, one.serial);
    if (!follows) return not_following("a serial is missing");
    serial = one.serial;
    for (const Operation& operation : one.operations) {
      if (operation.source >= source_count) return not_following("a source is unknown");
    }
  }
  position = batch.position;
  return {};
}

void ZoneSet::State::replay(const Batch& batch, const crypto::Sha256Digest& after) {
  for (const NewSource& source : batch.sources) {
    sources.push_back(source.name);
    source_index.emplace(source.name, source.index);
  }
  for (const ZoneBatch& one : batch.zones) {
    Zone& changed = zone(*find_set(one.zone));
    changed.history.begin(changed.serial, one.serial);
    changed.rules.begin(changed.serial, one.serial, batch.at_ms);
    for (const Operation& operation : one.operations) {
      const bool is_new = operation.kind == OperationKind::add &&
                          is_more(changed.table->holders(operation.name), operation);
      const TableChange made = perform(*changed.table, operation);
      changed.history.record(made);
      if (is_new) changed.rules.added({.name_at = made.name_at, .source = operation.source});
    }
    changed.serial = one.serial;
  }
  position = batch.position;
  applied_sequence = batch.applied_sequence;
  reported_sequence = batch.reported_sequence;
  chain = after;
  chains.push_back(after);
  if (chains.size() > chains_kept) chains.pop_front();
}

ZoneSet::ZoneSet(ZoneSetOptions options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      writer_(std::make_unique<Guarded<Writer>>()),
      state_(std::make_unique<Guarded<State>>()) {
  if (options_.metrics == nullptr) return;
  changes_made_ = &options_.metrics->counter("khien_publish_changes_total",
                                             "Holdings of names changed in the served zones");
  changes_refused_ = &options_.metrics->counter("khien_publish_changes_refused_total",
                                                "Changes that no zone may take");
}

ZoneSet::~ZoneSet() = default;

SourceIndex ZoneSet::draft_source(Draft& draft, std::string_view source) {
  const auto [place, is_new] = draft.source_index.try_emplace(std::string{source}, 0);
  if (!is_new) return place->second;
  auto state = state_->lock();
  const auto known = state->source_index.find(place->first);
  if (known != state->source_index.end()) {
    place->second = known->second;
  } else {
    place->second = static_cast<SourceIndex>(state->sources.size() + draft.fresh_sources.size());
    draft.fresh_sources.push_back({.index = place->second, .name = place->first});
  }
  return place->second;
}

std::string ZoneSet::refusal_of(const Change& change) const {
  const ZoneFacts* zone = find_set(change.zone);
  if (zone == nullptr) return "unknown_zone";
  if (change.source.empty() || change.source.size() > source_size_max) return "bad_source";
  const auto name = dns::Name::from_text(change.name);
  if (!name || name->is_wildcard()) return "bad_name";
  // A removal is never refused for what the name is: whatever got in must get out.
  const bool is_add = change.kind == ChangeKind::add;
  if (is_add && zone->is_trial()) return "trial_zone";
  if (is_add && has_wildcard_label(*name)) return "bad_name";
  if (is_add && name->label_count() < 2) return "single_label";
  if (is_add && !is_name_for(zone->of, change.name)) return "bad_name";
  if (is_add && options_.is_public_suffix && options_.is_public_suffix(change.name)) {
    return "public_suffix";
  }
  if (!dns::make_rpz_owner(*name, true, zone->name)) return "too_long";
  return {};
}

/// Adds a change that refusal_of() lets through to the draft.
void ZoneSet::draft_change(Draft& draft, const Change& change) {
  const ZoneFacts& zone = *find_set(change.zone);
  const bool is_add = change.kind == ChangeKind::add;
  draft.operations(zone).push_back({.kind = is_add ? OperationKind::add : OperationKind::remove,
                                    .scope = change.scope,
                                    .source = draft_source(draft, change.source),
                                    .until_ms = is_add ? change.until_ms : 0,
                                    .name = dns::Name::from_text(change.name)->lower()});
}

Result<Applied> ZoneSet::apply(std::span<const Change> changes,
                               std::optional<std::int64_t> applied_sequence) {
  auto applied = apply_untold(changes, applied_sequence);
  if (applied) tell(applied->serials);
  return applied;
}

Result<Applied> ZoneSet::apply_untold(std::span<const Change> changes,
                                      std::optional<std::int64_t> applied_sequence) {
  Applied applied;
  auto writer = writer_->lock();
  Draft draft;
  draft.applied_sequence = applied_sequence;
  auto passed = pass_gate(changes, applied);
  if (!passed) return propagate(std::move(passed).error(), "pass the gate");
  for (const Change& change : *passed) {
    draft_change(draft, change);
    draft_end_of_trial(draft, change);
  }
  if (changes_refused_ != nullptr) {
    changes_refused_->add(static_cast<std::int64_t>(applied.refused.size()));
  }
  auto serials = commit(*writer, std::move(draft));
  if (!serials) return propagate(std::move(serials).error(), "apply to the zones");
  applied.serials = std::move(*serials);
  return applied;
}

/// Writes and makes visible, frame by frame. The caller holds the writer lock.
Result<std::vector<ZoneSerial>> ZoneSet::commit(Writer& writer, Draft draft) {
  std::vector<ZoneSerial> touched;
  if (draft.zones.empty() && !draft.applied_sequence) return touched;
  auto pieces = cut(std::move(draft.zones));
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    Batch batch;
    batch.at_ms = clock_.now_ms();
    if (i == 0) batch.sources = std::move(draft.fresh_sources);
    batch.zones = std::move(pieces[i]);
    {
      auto state = state_->lock();
      batch.position = state->position + 1;
      batch.applied_sequence = state->applied_sequence;
      batch.reported_sequence = state->reported_sequence;
      for (ZoneBatch& zone : batch.zones) {
        const ZoneFacts& facts = *find_set(zone.zone);
        zone.serial = dns::serial_next(state->zone(facts).serial);
        if (guard_ == nullptr) continue;
        const auto floor = guard_->serial_floor(facts);
        if (!floor || !dns::serial_before(zone.serial, *floor)) continue;
        zone.serial = *floor;
        batch.step = SerialRule::jump;
      }
    }
    const bool is_last = i + 1 == pieces.size();
    if (is_last && draft.applied_sequence) batch.applied_sequence = *draft.applied_sequence;
    if (auto done = commit_batch(writer, batch); !done) {
      return tl::unexpected(std::move(done).error());
    }
    for (const ZoneBatch& zone : batch.zones) {
      if (changes_made_ != nullptr) {
        changes_made_->add(static_cast<std::int64_t>(zone.operations.size()));
      }
      const auto known = std::find_if(touched.begin(), touched.end(),
                                      [&](const ZoneSerial& one) { return one.zone == zone.zone; });
      if (known == touched.end()) {
        touched.push_back({.zone = zone.zone, .serial = zone.serial});
      } else {
        known->serial = zone.serial;
      }
    }
  }
  return touched;
}

Result<void> ZoneSet::commit_batch(Writer& writer, Batch& batch) {
  if (!writer.log) return fail(ErrorCode::unavailable, "the zone log failed before; restart");
  const Octets payload = encode_batch(batch);
  const auto after = chain_after(state_->lock()->chain, payload);
  if (guard_ != nullptr) {
    if (auto shared = guard_->share(batch, payload, after); !shared) return shared;
  }
  auto written = writer.log->append(payload);
  if (written) written = writer.log->sync();
  if (!written) {
    if (guard_ != nullptr) guard_->not_written();
    return propagate(std::move(written).error(), "write zone log");
  }
  // Durable from here on: making it visible cannot fail, since the state itself gave the numbers.
  auto state = state_->lock();
  KHIEN_ASSERT(state->cursor().take(batch).has_value());
  state->replay(batch, after);
  return {};
}

void ZoneSet::tell(std::span<const ZoneSerial> serials) {
  if (serials.empty()) return;
  const auto listener = *listener_.lock();
  if (listener) listener(serials);
}

void ZoneSet::set_listener(std::function<void(std::span<const ZoneSerial>)> listener) {
  *listener_.lock() = std::move(listener);
}

ZoneSet::Difference ZoneSet::compare(const ZoneFacts& zone, const Replacement& replacement) {
  Difference difference;
  auto& [wanted, gone] = difference;
  wanted.insert(replacement.names.begin(), replacement.names.end());
  const auto source = [&]() -> std::optional<SourceIndex> {
    auto state = state_->lock();
    const auto known = state->source_index.find(std::string{replacement.source});
    if (known == state->source_index.end()) return std::nullopt;
    return known->second;
  }();
  if (!source) return difference;  // it has never held anything
  // What the source holds now: in `wanted` it stays, otherwise it goes.
  const auto reader = read_zone(zone);
  while (reader->next([&](const ZoneTable::Item& item) {
    for (const Holder& holder : item.holders) {
      if (holder.source != source || holder.source == rollback_source) continue;
      std::string text = item.name.to_text();
      text.pop_back();
      const bool same = holder.scope == replacement.scope && holder.until_ms == 0;
      const auto place = wanted.find(text);
      if (place == wanted.end()) {
        gone.push_back(std::move(text));
      } else if (same) {
        wanted.erase(place);
      }
    }
    return true;
  })) {
  }
  return difference;
}

Result<ZoneSet::Replaced> ZoneSet::replace(const Replacement& replacement) {
  const ZoneFacts* zone = find_set(replacement.zone);
  if (zone == nullptr) return fail(ErrorCode::not_found, "no such zone", "unknown_zone");
  auto difference = compare(*zone, replacement);
  auto& [wanted, gone] = difference;
  if (wanted.size() + gone.size() > replacement.change_max) {
    return fail(ErrorCode::limit_exceeded,
                "the change of " + std::to_string(wanted.size() + gone.size()) +
                    " names is above what may pass without a person",
                "breaker");
  }
  // Frame by frame: an order or a lift of somebody else waits for one frame, not for a whole list.
  // Followers hear of it once, at the end.
  Replaced replaced{.removed = gone.size()};
  std::vector<Change> changes;
  Result<void> done{};
  const auto flush = [&] {
    if (!done || changes.empty()) return;
    auto applied = apply_untold(changes, {});
    changes.clear();
    if (!applied) {
      done = tl::unexpected(std::move(applied).error());
      return;
    }
    replaced.refused += applied->refused.size();
  };
  const auto push = [&](ChangeKind kind, std::string_view name, std::string_view where) {
    changes.push_back({.kind = kind,
                       .zone = where,
                       .name = name,
                       .source = replacement.source,
                       .scope = replacement.scope,
                       .warrant = Warrant::admitted});
    if (changes.size() == operations_per_batch_max) flush();
  };
  const auto before = serial(*zone).value_or(0);
  for (const std::string& name : gone) push(ChangeKind::remove, name, zone->id);
  const auto untried = no_more_on_trial(replacement);
  for (const Holding& one : untried) push(ChangeKind::remove, one.name, one.zone);
  // Only now the gate, which looks at every addition: what goes waits for nothing.
  if (options_.gate != nullptr) flush();
  if (done) {
    if (const auto admission = admit(replacement, difference); !admission) {
      done = tl::unexpected<Error>{admission.error()};
    } else if (*admission != Admission::pass) {
      replaced.held = wanted.size();
      done = bring_on_trial(replacement, wanted, *admission);
    }
  }
  if (!done || replaced.held != 0) wanted.clear();
  for (const std::string_view name : wanted) push(ChangeKind::add, name, zone->id);
  flush();
  replaced.added = wanted.size() - replaced.refused;
  replaced.serial = serial(*zone).value_or(0);
  if (replaced.serial != before) tell(std::array{ZoneSerial{zone->id, replaced.serial}});
  if (!done) return propagate(std::move(done).error(), "replace what a source holds");
  return replaced;
}

Result<Applied> ZoneSet::lapse() {
  Applied applied;
  {
    auto writer = writer_->lock();
    while (true) {
      Draft draft;
      {
        auto state = state_->lock();
        for (State::Zone& zone : state->zones) {
          for (const auto& due : zone.table->due(clock_.now_ms(), due_batch)) {
            draft.operations(*zone.facts)
                .push_back({.kind = OperationKind::lapse,
                            .scope = Scope::host,
                            .source = due.source,
                            .until_ms = 0,
                            .name = dns::Name{zone.table->name_at(due.name_at)}});
          }
        }
      }
      if (draft.zones.empty()) break;
      auto serials = commit(*writer, std::move(draft));
      if (!serials) return propagate(std::move(serials).error(), "lapse");
      applied.serials.insert(applied.serials.end(), serials->begin(), serials->end());
    }
  }
  tell(applied.serials);
  return applied;
}

Result<void> ZoneSet::note_reported(std::int64_t sequence) {
  auto writer = writer_->lock();
  Batch batch;
  batch.at_ms = clock_.now_ms();
  {
    auto state = state_->lock();
    if (sequence <= state->reported_sequence) return {};
    batch.position = state->position + 1;
    batch.applied_sequence = state->applied_sequence;
  }
  batch.reported_sequence = sequence;
  return commit_batch(*writer, batch);
}

}  // namespace khien::publish
