#include "publish/list_delta.h"

#include <fmt/format.h>

#include "cases/scope.h"
#include "exchange/list_writer.h"
#include "publish/set_names.h"

namespace khien::publish {
namespace {

tl::unexpected<Error> too_short() {
  return fail(ErrorCode::not_found,
              "the history does not lead from that serial to this one: take the whole list",
              "history_too_short");
}

/// What a name showed before the first step and shows after the last one, as far as they say.
struct Fold {
  std::optional<bool> name_before;
  std::optional<bool> name_after;
  std::optional<bool> below_before;
  std::optional<bool> below_after;

  void add(RecordChangeKind kind) noexcept {
    const bool added = kind == RecordChangeKind::add_name || kind == RecordChangeKind::add_below;
    const bool is_name =
        kind == RecordChangeKind::add_name || kind == RecordChangeKind::remove_name;
    auto& before = is_name ? name_before : below_before;
    if (!before) before = !added;
    (is_name ? name_after : below_after) = added;
  }
  // A name that shows anything shows itself. So if `below` alone changed, the name was there all
  // the time; if the name alone changed, it was away at one end, and nothing was below it at the
  // other.
  static std::optional<Scope> scope(std::optional<bool> name, std::optional<bool> below) noexcept {
    if (!name.value_or(true)) return std::nullopt;
    return below.value_or(false) ? Scope::domain : Scope::host;
  }
  [[nodiscard]] std::optional<Scope> before() const noexcept {
    return scope(name_before, below_before);
  }
  [[nodiscard]] std::optional<Scope> after() const noexcept {
    return scope(name_after, below_after);
  }
};

/// The steps up to the one that ends at `to`; false if none does.
bool cut(std::vector<SerialStep>& steps, std::uint32_t from, std::uint32_t to) {
  while (!steps.empty() && steps.back().to != to) steps.pop_back();
  return !steps.empty() || from == to;
}

std::string_view scope_word(const ZoneFacts& zone, const std::string& name, Scope scope) noexcept {
  if (zone.of == SetOf::urls) return cases::to_string(cases::Scope::url);
  if (zone.of == SetOf::addresses) {
    const bool single = name.find('/') == std::string::npos;
    return cases::to_string(single ? cases::Scope::address : cases::Scope::prefix);
  }
  return cases::to_string(scope == Scope::domain ? cases::Scope::domain : cases::Scope::host);
}

}  // namespace

Result<ListDelta> read_delta(ZoneSet& zones, const ZoneFacts& zone, std::uint32_t from,
                             std::optional<std::uint32_t> to) {
  auto reader = zones.read_steps(zone, from);
  if (reader == nullptr) return too_short();
  auto steps = reader->steps();
  if (to && !cut(steps, from, *to)) return too_short();
  std::size_t change_count = 0;
  for (const auto& step : steps) change_count += step.changes.size();
  if (change_count > list_delta_changes_max) {
    return fail(ErrorCode::limit_exceeded, "too much changed since: take the whole list",
                "delta_too_large");
  }
  // By name and not by its place: a name that went and came back has another place.
  std::map<std::string, Fold> folds;
  for (const auto& step : steps) {
    for (const auto& change : step.changes) {
      auto name = reader->name(change).to_text();
      name.pop_back();
      folds[std::move(name)].add(change.kind);
    }
  }
  ListDelta delta{.from = from, .to = steps.empty() ? from : steps.back().to, .changes = {}};
  for (const auto& [name, fold] : folds) {
    if (fold.before() == fold.after() || !exchange::is_list_name(name)) continue;
    delta.changes.emplace_hint(delta.changes.end(), name, fold.after());
  }
  return delta;
}

std::string delta_text(const ZoneFacts& zone, const ListDelta& delta) {
  auto out = fmt::format(R"({{"format":"khien.list-delta.1","list":"{}","from":{},"to":{},"set":[)",
                         zone.id, delta.from, delta.to);
  std::string_view comma = "\n";
  for (const auto& [name, scope] : delta.changes) {
    if (!scope) continue;
    const auto shown = readable_name(name);
    out += fmt::format(R"({}{{"name":"{}","scope":"{}"}})", comma, shown,
                       scope_word(zone, shown, *scope));
    comma = ",\n";
  }
  out += "],\"remove\":[";
  comma = "\n";
  for (const auto& [name, scope] : delta.changes) {
    if (scope) continue;
    out += fmt::format(R"({}"{}")", comma, readable_name(name));
    comma = ",\n";
  }
  return out + "]}\n";
}

}  // namespace khien::publish
