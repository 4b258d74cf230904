// Gate: admitting additions. What people do with what waits is gate_people.cpp.
#include "publish/gate.h"

#include "base/file.h"
#include "base/log.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "publish/address_names.h"
#include "publish/gate_state.h"
#include "publish/url_names.h"
#include "publish/zone_set.h"

namespace khien::publish {
namespace {

constexpr std::size_t good_scan_max = 1'000;  // hits after which nobody needs to know the rest

Basis basis_of(const ZoneFacts& zone) noexcept {
  return zone.id.starts_with("choice-") ? Basis::choice : Basis::orders;
}

/// A rule of these zones lets names through; it cannot block anything.
bool only_permits(const ZoneFacts& zone) noexcept {
  return zone.action == dns::RpzAction::passthru;
}

std::string lower_text(std::string_view name) {
  const auto parsed = dns::Name::from_text(name);
  if (!parsed) return std::string{name};
  std::string text = parsed->lower().to_text();
  text.pop_back();
  return text;
}

std::string digest_of(std::span<const std::string> names, Scope scope) {
  crypto::Sha256 digest;
  digest.update(scope == Scope::domain ? "domain\n" : "host\n");
  for (const auto& name : names) digest.update(name).update("\n");
  return codec::hex(digest.finish());
}

/// The limits of a set of addresses are tighter than a zone's.
GateLimits limits_for(const ZoneFacts& zone, GateLimits limits) noexcept {
  if (zone.of == SetOf::addresses) {
    limits.adds_max = limits.addresses_max;
    limits.adds_free = limits.addresses_max;
  }
  return limits;
}

bool overlap(const net::Prefix& a, const net::Prefix& b) noexcept {
  return a.contains(b.base()) || b.contains(a.base());
}

std::string words_of(const GoodName& good) { return good.name + " (" + good.why + ")"; }

}  // namespace

/// The judging of one write: what it holds and what it lets through, until it is kept.
class Gate::Batch {
 public:
  Batch(Gate& gate, State& state, ZonesView& zones)
      : gate_(gate), state_(state), zones_(zones), now_ms_(gate.clock_.now_ms()) {}

  Admission judge(const Change& change) {
    const ZoneFacts& zone = *find_set(change.zone);
    const std::string name = lower_text(change.name);
    if (change.kind == ChangeKind::remove) {
      if (waits(zone, change.source, name)) {
        take_name_out(next(), zone.id, change.source, name);
        taken_.insert(held_key(zone.id, change.source, name));
      }
      return Admission::pass;
    }
    // What a stop does to parts of a list is decided before (Gate::admit).
    if (only_permits(zone) || change.warrant == Warrant::admitted) return Admission::pass;
    if (waits(zone, change.source, name)) return judge_waiting(zone, change, name);
    if (change.warrant == Warrant::released) return Admission::over;
    return judge_fresh(zone, change, name);
  }

  /// Asks every canary through the zones as they would be. What blocks one is held, all of it.
  void ask_canaries(std::span<const Change> changes, std::vector<Admission>& admissions) {
    for (const auto& [id, names] : added_) {
      const ZoneFacts& zone = *find_set(id);
      const auto before = [&](const Canaries::Asked& asked) {
        return zones_.shown(zone, asked.name);
      };
      const auto after = [&, &added = names](const Canaries::Asked& asked) {
        Shown shown = before(asked);
        const auto at = added.find(asked.text);
        if (at == added.end()) return shown;
        return Shown{.name = true, .below = shown.below || at->second == Scope::domain};
      };
      const auto blocked = gate_.canaries_.first_blocked(before, after);
      if (!blocked) continue;
      for (std::size_t i = 0; i < changes.size(); ++i) {
        const Change& change = changes[i];
        const bool is_added = change.kind == ChangeKind::add && admissions[i] == Admission::pass &&
                              find_set(change.zone) == &zone && change.warrant != Warrant::released;
        if (!is_added) continue;
        admissions[i] = hold(zone, change, lower_text(change.name), HoldReason::canary, *blocked);
      }
    }
  }

  [[nodiscard]] std::optional<HeldChanges>& changed() noexcept { return next_; }
  [[nodiscard]] const std::vector<std::string>& good_zones() const noexcept { return good_zones_; }

 private:
  HeldChanges& next() {
    if (!next_) next_ = state_.kept;
    return *next_;
  }
  [[nodiscard]] const HeldChanges& kept() const { return next_ ? *next_ : state_.kept; }

  [[nodiscard]] bool waits(const ZoneFacts& zone, std::string_view source,
                           const std::string& name) const {
    const auto key = held_key(zone.id, source, name);
    return fresh_.contains(key) || (state_.keys.contains(key) && !taken_.contains(key));
  }

  /// It waits already. Released, it passes; what waited for a stop that has ended is judged again;
  /// both go on waiting until they are served (Gate::forget_names).
  Admission judge_waiting(const ZoneFacts& zone, const Change& change, const std::string& name) {
    if (change.warrant == Warrant::released) return Admission::pass;
    for (const HeldChange& held : kept().changes) {
      if (held.is_set() || held.trial || held.zone != zone.id) continue;
      if (held.reason != HoldReason::stopped) continue;
      const bool is_in = std::any_of(held.names.begin(), held.names.end(), [&](const auto& one) {
        return one.source == change.source && one.name == name;
      });
      if (is_in && !is_stopped_in(kept(), zone)) return judge_fresh(zone, change, name);
    }
    return Admission::held;
  }

  Admission judge_fresh(const ZoneFacts& zone, const Change& change, const std::string& name) {
    AddFacts facts{.warrant = change.warrant,
                   .stopped = is_stopped_in(kept(), zone),
                   .blocks_canary = blocks_canary(zone, name, change.scope),
                   .served_before = change.served_before,
                   .added_in_window = added_before(zone),
                   .good_in_window = good_in_window(zone),
                   .names_in_zone = zones_.name_count(zone)};
    if (gate_.options_.good_name) {
      facts.good = gate_.options_.good_name(name, change.scope, basis_of(zone));
    }
    const auto reason = judge_add(facts, limits_for(zone, gate_.options_.limits));
    if (reason) {
      const auto detail = facts.good ? words_of(*facts.good) : std::string{};
      return hold(zone, change, name, *reason, detail);
    }
    added_[zone.id].insert_or_assign(name, change.scope);
    if (facts.good) good_zones_.push_back(zone.id);
    return Admission::pass;
  }

  [[nodiscard]] bool blocks_canary(const ZoneFacts& zone, const std::string& name, Scope scope) {
    if (const auto prefix = prefix_of_name(name)) {
      return std::ranges::any_of(gate_.options_.canary_addresses, [&](const net::Prefix& canary) {
        return overlap(canary, *prefix);
      });
    }
    if (const auto page = url_text(name)) {
      return std::ranges::find(gate_.options_.canary_hosts, host_of_url(*page)) !=
             gate_.options_.canary_hosts.end();
    }
    if (!gate_.canaries_.concern(name)) return false;
    const auto before = [&](const Canaries::Asked& asked) {
      return zones_.shown(zone, asked.name);
    };
    const auto after = [&](const Canaries::Asked& asked) {
      const Shown shown = before(asked);
      if (asked.text != name) return shown;
      return Shown{.name = true, .below = shown.below || scope == Scope::domain};
    };
    return gate_.canaries_.first_blocked(before, after).has_value();
  }

  [[nodiscard]] InstantMs window_from_ms(const ZoneFacts& zone) const {
    const auto released = state_.window_from_ms.find(zone.id);
    const auto from_ms = now_ms_ - gate_.options_.limits.window_ms;
    return released == state_.window_from_ms.end() ? from_ms : std::max(from_ms, released->second);
  }
  [[nodiscard]] std::size_t added_before(const ZoneFacts& zone) {
    const auto here = added_.find(zone.id);
    return zones_.added_after(zone, window_from_ms(zone)) +
           (here == added_.end() ? 0 : here->second.size());
  }
  [[nodiscard]] std::size_t good_in_window(const ZoneFacts& zone) const {
    std::size_t count = static_cast<std::size_t>(
        std::count(good_zones_.begin(), good_zones_.end(), std::string_view{zone.id}));
    const auto known = state_.good_signed.find(zone.id);
    if (known == state_.good_signed.end()) return count;
    const auto from_ms = now_ms_ - gate_.options_.limits.window_ms;
    for (const InstantMs at_ms : known->second) count += at_ms > from_ms ? 1U : 0U;
    return count;
  }

  Admission hold(const ZoneFacts& zone, const Change& change, const std::string& name,
                 HoldReason reason, const std::string& detail) {
    HeldChanges& held = next();
    // From another reason to this one.
    if (waits(zone, change.source, name)) take_name_out(held, zone.id, change.source, name);
    if (held_name_count(held) >= held_names_max) {
      write_log(LogLevel::error, "gate_full", {{"zone", zone.id}});
      return Admission::gate_full;
    }
    HeldChange& waiting = names_waiting(held, zone.id, reason, now_ms_, zones_.serial(zone));
    waiting.first_by.clear();  // whoever agreed has not seen this name
    waiting.names.push_back({.name = name,
                             .source = std::string{change.source},
                             .scope = change.scope,
                             .until_ms = change.until_ms,
                             .sequence = change.sequence,
                             .warrant = change.warrant,
                             .detail = detail});
    const auto key = held_key(zone.id, change.source, name);
    fresh_.insert(key);
    taken_.erase(key);
    write_log(LogLevel::warning, "publication_held",
              {{"zone", zone.id}, {"reason", to_string(reason)}, {"change", waiting.id}});
    return Admission::held;
  }

  Gate& gate_;
  State& state_;
  ZonesView& zones_;
  InstantMs now_ms_;
  std::optional<HeldChanges> next_;
  std::unordered_map<std::string, std::unordered_map<std::string, Scope>> added_;  // by zone id
  std::vector<std::string> good_zones_;  // of each good name that passed
  std::unordered_set<std::string> fresh_;
  std::unordered_set<std::string> taken_;
};

Gate::Gate(GateOptions options, const Clock& clock)
    : options_(std::move(options)), clock_(clock), canaries_(options_.canaries) {
  if (options_.metrics == nullptr) return;
  waiting_ = &options_.metrics->gauge("khien_publish_held_changes",
                                      "Changes that wait at the gate for a person");
  trials_ = &options_.metrics->gauge("khien_publish_trials",
                                     "Changes that are on trial, until a person goes on with them");
  stopped_ =
      &options_.metrics->gauge("khien_publish_stopped", "1 while an operator holds a zone back");
}

Result<std::unique_ptr<Gate>> Gate::open(GateOptions options, const Clock& clock) {
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  if (error) return fail(ErrorCode::unavailable, "make " + options.folder.string());
  std::unique_ptr<Gate> gate{new Gate{std::move(options), clock}};
  auto held = read_held(gate->options_.folder);
  if (!held && held.error().code != ErrorCode::corrupt) {
    return propagate(std::move(held).error(), "open the gate");
  }
  auto state = gate->state_.lock();
  HeldChanges first;
  if (held) {
    first = std::move(*held);
  } else {
    write_log(LogLevel::error, "gate_damaged", {{"error", held.error().message}});
    const auto path = held_path(gate->options_.folder);
    std::filesystem::rename(path, gate->options_.folder / "gate.damaged", error);
    first.stopped.insert(std::string{every_zone()});
    if (auto kept = write_held(gate->options_.folder, first); !kept) {
      return tl::unexpected<Error>{std::move(kept).error()};
    }
  }
  gate->become(*state, std::move(first));
  return gate;
}

Result<void> Gate::keep(State& state, HeldChanges next) {
  if (next == state.kept) return {};
  ++next.version;
  if (share_) {
    const Content content{.version = next.version, .file = encode_held(next)};
    if (auto shared = share_(content); !shared) return shared;
  }
  if (auto kept = write_held(options_.folder, next); !kept) return kept;
  become(state, std::move(next));
  return {};
}

Gate::Content Gate::content() {
  auto state = state_.lock();
  return {.version = state->kept.version, .file = encode_held(state->kept)};
}

std::int64_t Gate::version() { return state_.lock()->kept.version; }

Result<void> Gate::adopt(Bytes file) {
  auto next = decode_held(file);
  if (!next) return tl::unexpected<Error>{std::move(next).error()};
  auto state = state_.lock();
  if (auto kept = write_held(options_.folder, *next); !kept) return kept;
  become(*state, std::move(*next));
  generation_.fetch_add(1);
  return {};
}

void Gate::become(State& state, HeldChanges next) {
  state.kept = std::move(next);
  state.keys.clear();
  std::int64_t waiting = 0;
  std::int64_t trials = 0;
  for (const HeldChange& change : state.kept.changes) {
    trials += change.trial ? 1 : 0;
    waiting += change.refused || change.trial ? 0 : 1;
    for (const HeldName& one : change.names) {
      state.keys.insert(held_key(change.zone, one.source, one.name));
    }
  }
  if (waiting_ != nullptr) {
    waiting_->set(waiting);
    trials_->set(trials);
    stopped_->set(state.kept.stopped.empty() ? 0 : 1);
  }
}

Result<std::vector<Admission>> Gate::admit(std::span<const Change> changes, ZonesView& zones) {
  auto state = state_.lock();
  std::vector<Admission> admissions;
  admissions.reserve(changes.size());
  Batch batch{*this, *state, zones};
  for (const Change& change : changes) {
    if (change.warrant == Warrant::admitted && change.kind == ChangeKind::add &&
        is_stopped_in(state->kept, *find_set(change.zone))) {
      return fail(ErrorCode::conflict, "publication was stopped", "zone_stopped");
    }
    admissions.push_back(batch.judge(change));
  }
  batch.ask_canaries(changes, admissions);
  if (auto& next = batch.changed()) {
    if (auto kept = keep(*state, std::move(*next)); !kept) {
      return tl::unexpected<Error>{std::move(kept).error()};
    }
  }
  const auto now_ms = clock_.now_ms();
  for (const auto& zone : batch.good_zones()) {
    auto& seen = state->good_signed[zone];
    seen.push_back(now_ms);
    while (seen.size() > options_.limits.good_signed_max) seen.pop_front();
  }
  return admissions;
}

std::vector<std::string> Gate::good_examples(const SetQuestion& question) const {
  std::vector<std::string> found;
  if (!options_.good_name) return found;
  const Basis basis = basis_of(question.zone);
  for (const std::string_view name : question.adds) {
    const auto good = options_.good_name(name, question.scope, basis);
    if (!good) continue;
    found.push_back(std::string{name} + ": " + words_of(*good));
    if (found.size() == good_scan_max) break;
  }
  std::sort(found.begin(), found.end());
  return found;
}

Result<Admission> Gate::admit_set(const SetQuestion& question, ZonesView& zones) {
  const ZoneFacts& zone = question.zone;
  if (only_permits(zone)) return Admission::pass;
  // Before the lock is taken: a list of a million names takes seconds, and an order waits for none.
  auto good = good_examples(question);
  const auto before = [&](const Canaries::Asked& asked) { return zones.shown(zone, asked.name); };
  const auto canary = canaries_.first_blocked(before, [&](const Canaries::Asked& asked) {
    const Shown shown = before(asked);
    if (!question.adds.contains(asked.text)) return shown;
    return Shown{.name = true, .below = shown.below || question.scope == Scope::domain};
  });

  auto state = state_.lock();
  HeldChanges next = state->kept;
  HeldChange* waiting = find_set(next, zone.id, question.source);
  const auto key = std::pair{zone.id, std::string{question.source}};
  const bool is_guarded = waiting != nullptr && (waiting->reason == HoldReason::rolled_back ||
                                                 waiting->reason == HoldReason::rejected);
  const auto forget = [&]() -> Result<Admission> {
    std::erase_if(next.changes, [id = waiting->id](const auto& one) { return one.id == id; });
    if (auto kept = keep(*state, std::move(next)); !kept) {
      return tl::unexpected<Error>{std::move(kept).error()};
    }
    return Admission::pass;
  };
  if (question.adds.empty()) {
    if (waiting == nullptr || (is_guarded && !question.names.empty())) return Admission::pass;
    return forget();
  }
  if (waiting != nullptr && waiting->trial) {
    const bool is_same = waiting->digest == digest_of(question.names, question.scope);
    return is_same && !is_stopped_in(next, zone) ? Admission::on_trial : Admission::trial_stays;
  }
  SetFacts facts{.warrant = question.warrant,
                 .stopped = is_stopped_in(next, zone),
                 .blocks_canary = canary.has_value(),
                 .guarded = is_guarded ? std::optional{waiting->reason} : std::nullopt,
                 .can_be_tried = trial_zone_for(zone, Ring::own) != nullptr,
                 .good_count = good.size(),
                 .adds = question.adds.size(),
                 .names_in_zone = zones.name_count(zone)};
  const auto digest = digest_of(question.names, question.scope);
  const auto permit = next.permits.find(key);
  const bool is_permitted = permit != next.permits.end() && permit->second == digest;
  if (is_permitted && !facts.stopped) facts.warrant = Warrant::released;
  if (facts.warrant == Warrant::none) {
    facts.added_in_window = zones.added_after(zone, clock_.now_ms() - options_.limits.window_ms);
  }
  const auto reason = judge_set(facts, options_.limits);
  if (!reason) return waiting == nullptr ? Result<Admission>{Admission::pass} : forget();
  if (waiting != nullptr && waiting->digest == digest &&
      (waiting->refused || waiting->reason == *reason)) {
    return Admission::held;
  }
  if (waiting == nullptr) {
    const auto sets = std::count_if(next.changes.begin(), next.changes.end(),
                                    [](const HeldChange& one) { return one.is_set(); });
    if (static_cast<std::size_t>(sets) >= held_sets_max) {
      write_log(LogLevel::error, "gate_full", {{"zone", zone.id}});
      return Admission::gate_full;
    }
    next.changes.push_back({.id = ++next.last_id, .zone = zone.id, .at_ms = clock_.now_ms()});
    waiting = &next.changes.back();
    waiting->source = question.source;
    waiting->serial = zones.serial(zone);
  }
  waiting->reason = *reason;
  waiting->first_by.clear();
  waiting->refused = false;
  end_trial_of(*waiting);
  if (*reason == HoldReason::large_list) {
    waiting->trial = Ring::own;
    waiting->trial_ms = clock_.now_ms();
  }
  waiting->digest = digest;
  waiting->add_count = static_cast<std::int64_t>(question.adds.size());
  if (canary) good.insert(good.begin(), *canary + " (canary)");
  if (good.empty()) {
    for (const auto& name : question.names) {
      if (good.size() == held_examples_max) break;
      if (question.adds.contains(name)) good.push_back(name);
    }
  }
  good.resize(std::min(good.size(), held_examples_max));
  waiting->examples = std::move(good);
  write_log(LogLevel::warning, "list_held",
            {{"zone", zone.id},
             {"source", question.source},
             {"reason", to_string(*reason)},
             {"names", waiting->add_count},
             {"change", waiting->id}});
  if (auto kept = keep(*state, std::move(next)); !kept) {
    return tl::unexpected<Error>{std::move(kept).error()};
  }
  return *reason == HoldReason::large_list ? Admission::on_trial : Admission::held;
}

}  // namespace khien::publish
