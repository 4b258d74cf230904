#include "publish/held_changes.h"

#include <algorithm>
#include <array>

#include "base/enum_words.h"
#include "base/file.h"
#include "codec/container.h"
#include "codec/json.h"
#include "publish/zone_names.h"

namespace khien::publish {
namespace {

using codec::Json;

constexpr std::string_view held_kind = "KHGATE01";
constexpr std::uint32_t held_version = 1;
constexpr std::array<std::string_view, 5> warrant_words{"none", "two_signers", "judged_set",
                                                        "admitted", "released"};
constexpr std::array<std::string_view, 4> notice_words{"published", "withdrawn", "rejected", "act"};

template <typename Enum, std::size_t count>
std::string_view word_of(const std::array<std::string_view, count>& words, Enum value) {
  return words[static_cast<std::size_t>(value)];
}

/// Reads members one after another; the first that is missing or wrong makes all of it bad.
class Reader {
 public:
  explicit Reader(const Json& object) : object_(object) {}
  std::string text(std::string_view key) { return take(object_.text_at(key)); }
  std::int64_t integer(std::string_view key) { return take(object_.integer_at(key)); }
  bool boolean(std::string_view key) { return take(object_.boolean_at(key)); }
  Json::Array array(std::string_view key) { return take(object_.array_at(key)); }
  std::vector<std::string> texts(std::string_view key) { return take(object_.texts_at(key)); }
  std::uint32_t serial(std::string_view key) {
    const auto value = integer(key);
    if (value < 0 || value > 0xFFFF'FFFF) good_ = false;
    return static_cast<std::uint32_t>(value);
  }
  template <typename Value>
  Value word(std::optional<Value> parsed) {
    if (!parsed) good_ = false;
    return parsed.value_or(Value{});
  }
  [[nodiscard]] bool good() const noexcept { return good_; }

 private:
  template <typename Value>
  Value take(Result<Value> value) {
    if (!value) good_ = false;
    return value ? std::move(*value) : Value{};
  }
  const Json& object_;
  bool good_ = true;
};

tl::unexpected<Error> damaged() {
  return fail(ErrorCode::corrupt, "the file of held changes is damaged");
}

Json to_json(const HeldName& held) {
  return Json::object({{"name", held.name},
                       {"source", held.source},
                       {"scope", held.scope == Scope::domain ? "domain" : "host"},
                       {"until_ms", held.until_ms},
                       {"sequence", held.sequence},
                       {"warrant", word_of(warrant_words, held.warrant)},
                       {"detail", held.detail}});
}

std::optional<HeldName> name_from(const Json& json) {
  Reader reader{json};
  const auto scope = reader.text("scope");
  HeldName held{.name = reader.text("name"),
                .source = reader.text("source"),
                .scope = scope == "domain" ? Scope::domain : Scope::host,
                .until_ms = reader.integer("until_ms"),
                .sequence = reader.integer("sequence"),
                .warrant = reader.word(parse_word<Warrant>(warrant_words, reader.text("warrant"))),
                .detail = reader.text("detail")};
  if (!reader.good() || (scope != "domain" && scope != "host")) return std::nullopt;
  return held;
}

Json to_json(const HeldChange& change) {
  Json names = Json::array();
  for (const HeldName& held : change.names) names.push(to_json(held));
  Json examples = Json::array();
  for (const auto& example : change.examples) examples.push(example);
  return Json::object({{"id", change.id},
                       {"zone", change.zone},
                       {"reason", to_string(change.reason)},
                       {"at_ms", change.at_ms},
                       {"serial", std::int64_t{change.serial}},
                       {"first_by", change.first_by},
                       {"first_name", change.first_name},
                       {"first_in_stages", change.first_course == Course::in_stages},
                       {"trial", change.trial ? to_string(*change.trial) : ""},
                       {"trial_ms", change.trial_ms},
                       {"trial_count", change.trial_count},
                       {"names", std::move(names)},
                       {"source", change.source},
                       {"digest", change.digest},
                       {"add_count", change.add_count},
                       {"examples", std::move(examples)},
                       {"refused", change.refused}});
}

/// False for what no trial can be. Older files have none.
bool read_trial(const Json& json, HeldChange& change) {
  if (json.find("trial") == nullptr) return true;
  Reader reader{json};
  const auto word = reader.text("trial");
  if (reader.boolean("first_in_stages")) change.first_course = Course::in_stages;
  change.trial_ms = reader.integer("trial_ms");
  change.trial_count = reader.integer("trial_count");
  if (!reader.good()) return false;
  if (word.empty()) return true;
  change.trial = parse_ring(word);
  return change.trial && trial_zone_for(*find_set(change.zone), *change.trial) != nullptr;
}

std::optional<HeldChange> change_from(const Json& json) {
  Reader reader{json};
  HeldChange change{.id = reader.integer("id"),
                    .zone = reader.text("zone"),
                    .reason = reader.word(parse_hold_reason(reader.text("reason"))),
                    .at_ms = reader.integer("at_ms"),
                    .serial = reader.serial("serial"),
                    .first_by = reader.text("first_by"),
                    .names = {},
                    .source = reader.text("source"),
                    .digest = reader.text("digest"),
                    .add_count = reader.integer("add_count"),
                    .examples = reader.texts("examples"),
                    .refused = reader.boolean("refused")};
  // Older files have none: then nobody knows what was agreed to.
  if (auto name = json.text_at("first_name")) {
    change.first_name = std::move(*name);
  } else {
    change.first_by.clear();
  }
  for (const Json& one : reader.array("names")) {
    auto held = name_from(one);
    if (!held) return std::nullopt;
    change.names.push_back(std::move(*held));
  }
  if (!reader.good() || find_set(change.zone) == nullptr) return std::nullopt;
  if (!read_trial(json, change)) return std::nullopt;
  return change;
}

Json to_json(const GateNotice& notice) {
  return Json::object({{"id", notice.id},
                       {"kind", word_of(notice_words, notice.kind)},
                       {"zone", notice.zone},
                       {"source", notice.source},
                       {"name", notice.name},
                       {"sequence", notice.sequence},
                       {"serial", std::int64_t{notice.serial}},
                       {"reason", notice.reason}});
}

std::optional<GateNotice> notice_from(const Json& json) {
  Reader reader{json};
  GateNotice notice{.id = reader.integer("id"),
                    .kind = reader.word(parse_word<NoticeKind>(notice_words, reader.text("kind"))),
                    .zone = reader.text("zone"),
                    .source = reader.text("source"),
                    .name = reader.text("name"),
                    .sequence = reader.integer("sequence"),
                    .serial = reader.serial("serial"),
                    .reason = reader.text("reason")};
  if (!reader.good()) return std::nullopt;
  return notice;
}

Result<HeldChanges> held_from(const Json& json) {
  Reader reader{json};
  HeldChanges held;
  held.version = json.integer_at("version").value_or(0);  // older files have none
  held.last_id = reader.integer("last_id");
  for (const Json& one : reader.array("changes")) {
    auto change = change_from(one);
    if (!change) return damaged();
    held.changes.push_back(std::move(*change));
  }
  for (const Json& one : reader.array("permits")) {
    Reader permit{one};
    auto key = std::pair{permit.text("zone"), permit.text("source")};
    held.permits.insert_or_assign(std::move(key), permit.text("digest"));
    if (!permit.good()) return damaged();
  }
  for (auto& zone : reader.texts("stopped")) held.stopped.insert(std::move(zone));
  for (const Json& one : reader.array("notices")) {
    auto notice = notice_from(one);
    if (!notice) return damaged();
    held.notices.push_back(std::move(*notice));
  }
  if (!reader.good()) return damaged();
  return held;
}

}  // namespace

Octets encode_held(const HeldChanges& held) {
  Json changes = Json::array();
  for (const auto& change : held.changes) changes.push(to_json(change));
  Json permits = Json::array();
  for (const auto& [key, digest] : held.permits) {
    permits.push(Json::object({{"zone", key.first}, {"source", key.second}, {"digest", digest}}));
  }
  Json stopped = Json::array();
  for (const auto& zone : held.stopped) stopped.push(zone);
  Json notices = Json::array();
  for (const auto& notice : held.notices) notices.push(to_json(notice));
  const auto text = Json::object({{"version", held.version},
                                  {"last_id", held.last_id},
                                  {"changes", std::move(changes)},
                                  {"permits", std::move(permits)},
                                  {"stopped", std::move(stopped)},
                                  {"notices", std::move(notices)}})
                        .dump();
  return codec::make_container(held_kind, held_version, as_bytes(text));
}

Result<HeldChanges> decode_held(Bytes file) {
  const auto container = codec::open_container(file, held_kind, held_version);
  if (!container) return tl::unexpected<Error>{container.error()};
  const auto json = Json::parse(container->payload, {.size_max = gate_file_size_max});
  if (!json) return damaged();
  return held_from(*json);
}

std::filesystem::path held_path(const std::filesystem::path& folder) {
  return folder / "gate.held";
}

Result<HeldChanges> read_held(const std::filesystem::path& folder) {
  const auto file = read_file(held_path(folder), gate_file_size_max);
  if (!file) {
    if (file.error().code == ErrorCode::not_found) return HeldChanges{};
    return tl::unexpected<Error>{file.error()};
  }
  return decode_held(*file);
}

Result<void> write_held(const std::filesystem::path& folder, const HeldChanges& held) {
  auto written = write_file_atomically(held_path(folder), encode_held(held), FileAccess::owner);
  if (!written) return propagate(std::move(written).error(), "keep what waits at the gate");
  return {};
}

}  // namespace khien::publish
