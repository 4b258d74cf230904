#include "resolver/list_watch.h"

#include <sys/prctl.h>

#include <algorithm>
#include <chrono>

#include "base/log.h"

namespace khien::resolver {

using policy::ZoneState;

namespace {

bool same_files(const std::vector<ZoneState>& a, const std::vector<ZoneState>& b) {
  return std::ranges::equal(
      a, b, [](const auto& x, const auto& y) { return x.name == y.name && x.source == y.source; });
}

}  // namespace

ListWatch::ListWatch(std::vector<ListFile> lists, RuleStore& store, Metrics& metrics)
    : lists_(std::move(lists)),
      store_(store),
      reloads_(metrics.counter("khien_dnsd_list_reloads_total",
                               "Changes of list files by what became of them",
                               "outcome=\"loaded\"")),
      refusals_(metrics.counter("khien_dnsd_list_reloads_total", "", "outcome=\"refused\"")),
      rules_(metrics.gauge("khien_dnsd_rules", "Names in the rule set, without its delta")) {}

policy::SourceMask ListWatch::changed(const Stamps& stamps) const {
  const auto& known = store_.rules().zones;
  if (!same_files(known, stamps)) return policy::every_source;
  policy::SourceMask sources = 0;
  for (std::size_t i = 0; i < stamps.size(); ++i) {
    if (known[i].stamp != stamps[i].stamp) sources |= mask_of(stamps[i].source);
  }
  return sources;
}

Result<void> ListWatch::read(const Stamps& stamps, policy::SourceMask sources) {
  const bool is_first = store_.rules().zones.empty();
  EditSpool spool = store_.spool();
  for (const ListFile& list : lists_) {
    if ((sources & mask_of(list.source)) == 0) continue;
    const auto counts = read_list(list, spool);
    if (!counts) return tl::unexpected(counts.error());
    if (counts->accepted == 0 && !is_first) {
      // Somebody is about to write it, or something went wrong; to empty a list, take it out of
      // the options.
      return fail(ErrorCode::malformed, "list " + list.path.string() + " has no domain any more",
                  "bad_list");
    }
    KHIEN_LOG(info, "list_read", {"file", list.path.filename().string()},
              {"source", policy::source_id(list.source)}, {"names", counts->accepted},
              {"bad_names", counts->bad_name}, {"too_wide", counts->too_wide});
  }
  if (auto done = store_.replace_sources(sources, stamps, spool); !done) return done;
  rules_.set(static_cast<std::int64_t>(store_.rules().base->name_count()));
  KHIEN_LOG(info, "lists_loaded", {"names", store_.rules().base->name_count()});
  return {};
}

// A folder that cannot be written costs the fast start only.
void ListWatch::save() {
  if (auto saved = store_.save(); !saved) {
    KHIEN_LOG(warning, "snapshot_not_saved", {"why", saved.error().message});
  }
}

Result<void> ListWatch::load() {
  auto state = state_.lock();
  const auto loaded = store_.load();
  if (!loaded && loaded.error().code == ErrorCode::corrupt) {
    KHIEN_LOG(error, "snapshot_refused", {"why", loaded.error().message});
  }
  auto stamps = stamp_lists(lists_);
  if (!stamps) return tl::unexpected(std::move(stamps).error());
  state->seen = *stamps;
  if (loaded) {
    KHIEN_LOG(info, "snapshot_mapped", {"names", store_.rules().base->name_count()});
    rules_.set(static_cast<std::int64_t>(store_.rules().base->name_count()));
  }
  const policy::SourceMask sources = changed(*stamps);
  if (loaded && sources == 0) return {};
  const bool has_rules = loaded && same_files(store_.rules().zones, *stamps);
  if (auto done = read(*stamps, sources); !done) {
    if (!has_rules) return done;
    state->refused = *stamps;
    (void)refuse(std::move(done).error());
    return {};
  }
  save();
  return {};
}

tl::unexpected<Error> ListWatch::refuse(Error why) {
  refusals_.add();
  KHIEN_LOG(error, "list_refused", {"why", why.message});
  *error_.lock() = why.message;
  return tl::unexpected(std::move(why));
}

void ListWatch::forget_error(State& state) {
  state.refused.clear();
  error_.lock()->clear();
}

Result<bool> ListWatch::take_changes(When when) {
  auto state = state_.lock();
  auto stamps = stamp_lists(lists_);
  if (!stamps) {
    // Gone for a moment while it is replaced, perhaps: a look tells it once.
    const bool is_known = error() == stamps.error().message;
    if (is_known && when == When::once_still) return false;
    return refuse(std::move(stamps).error());
  }
  const bool is_still = *stamps == state->seen;
  state->seen = *stamps;
  const policy::SourceMask sources = changed(*stamps);
  if (sources == 0) {
    forget_error(*state);
    return false;
  }
  if (when == When::once_still && (!is_still || *stamps == state->refused)) return false;
  if (auto done = read(*stamps, sources); !done) {
    state->refused = std::move(*stamps);
    return refuse(std::move(done).error());
  }
  forget_error(*state);
  reloads_.add();
  save();
  store_.free_old();
  return true;
}

Result<bool> ListWatch::look() { return take_changes(When::once_still); }

Result<bool> ListWatch::reload() { return take_changes(When::now); }

void ListWatch::run(const std::stop_token& stop) {
  (void)::prctl(PR_SET_NAME, "lists");
  const std::stop_callback wake{stop, [this] {
                                  *stopping_.lock() = true;
                                  stopping_.notify_all();
                                }};
  while (!stop.stop_requested()) {
    (void)stopping_.lock().wait_for(std::chrono::milliseconds{list_poll_ms},
                                    [](bool stopping) { return stopping; });
    if (!stop.stop_requested()) (void)look();  // has logged and counted what it refused
  }
}

}  // namespace khien::resolver
