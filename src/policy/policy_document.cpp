#include "policy/policy_document.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <unordered_map>

#include "dns/name.h"
#include "policy/document_reader.h"
#include "policy/policy_text.h"

namespace khien::policy {
namespace {

using codec::Json;

constexpr std::size_t depth_max = 8;             // what the format needs, and one more
constexpr std::size_t name_text_size_max = 255;  // of networks and policies
constexpr std::size_t path_size_max = 255;

// Reads the parts into a book.
class Reader : DocumentReader {
 public:
  explicit Reader(const PolicyDocumentContext& context)
      : context_(context), lists_(std::make_shared<NameLists>(context.key)) {}

  Result<std::shared_ptr<const PolicyBook>> read(const Json& document);

 private:
  struct Draft {
    PolicyRecipe recipe;
    std::optional<std::uint32_t> number;  // of the recipe that networks without own names share
  };

  bool read_policies(const Where& where, const Json* json);
  bool read_policy(const Where& where, const Json& json, PolicyRecipe& recipe);
  bool read_feeds(const Where& where, const Json& json, SourceMask& sources);
  bool read_choices(const Where& where, const Json* json, SourceMask& choices);
  bool read_action(const Where& where, const Json& json, BlockedAs& action);
  bool read_schedule(const Where& where, const Json& json, Schedule& schedule);
  bool read_names(const Where& where, const Json& json, ListNumber& list);
  bool read_name(const Where& where, const Json& json, NameLists::Item item);
  bool read_network(const Where& where, const Json& json);
  bool read_doors(const Where& where, const Json& json, std::uint32_t number);
  bool add_prefix(const Where& where, std::string_view text, std::uint32_t number);
  bool add_entry(const Where& where, EntryKind kind, std::string_view text, std::uint32_t number);
  bool add_door_of(const Where& where, EntryKind kind, std::string_view text, std::uint32_t number);
  std::uint32_t recipe_number(Draft& draft, ListNumber own_list, int utc_offset_minutes);

  const PolicyDocumentContext& context_;
  std::shared_ptr<NameLists> lists_;
  ListNumber list_count_ = no_list;
  int utc_offset_minutes_ = 7 * 60;  // Vietnam
  std::unordered_map<std::string, Draft> drafts_;
  std::vector<std::string> policy_names_{""};
  std::vector<PolicyRecipe> recipes_;
  std::map<std::string, std::size_t, std::less<>> network_names_;
  std::vector<PrefixTable::Entry> prefixes_;
  std::map<std::tuple<std::uint64_t, std::uint64_t, std::uint8_t>, std::string> prefix_owners_;
  std::vector<NetworkMap::Entry> entries_;
  std::vector<std::string> listeners_;
  std::unordered_map<EntryPoint, std::string> entry_owners_;
  std::string network_;  // the one being read
};

bool Reader::read_feeds(const Where& where, const Json& json, SourceMask& sources) {
  if (json.text() != nullptr && *json.text() == "all") return true;
  sources &= ~mask_of(Basis::feeds);
  if (!json.is_array()) return wrong(where, "expected \"all\" or an array of categories");
  return each_text(where, &json, [&](const Where& at, std::string_view id) {
    const auto category = parse_category(id);
    const auto source = category ? source_of(Basis::feeds, *category) : std::nullopt;
    if (!source) return wrong(at, "there is no feed category " + quoted(id));
    sources |= mask_of(*source);
    return true;
  });
}

bool Reader::read_choices(const Where& where, const Json* json, SourceMask& choices) {
  return each_text(where, json, [&](const Where& at, std::string_view id) {
    const auto category = parse_category(id);
    if (!category || !is_choice(*category)) {
      return wrong(at, "there is no network choice " + quoted(id));
    }
    choices |= mask_of(*source_of(Basis::choice, *category));
    return true;
  });
}

bool Reader::read_action(const Where& where, const Json& json, BlockedAs& action) {
  std::string_view word;
  if (!text(where, json, word)) return false;
  if (word == "nxdomain") {
    action = BlockedAs::nxdomain;
  } else if (word == "nodata") {
    action = BlockedAs::nodata;
  } else if (word == "refused") {
    action = BlockedAs::refused;
  } else if (word == "sinkhole") {
    action = BlockedAs::sinkhole;
    if (!context_.has_sinkhole) return wrong(where, "khien-dnsd has no --sinkhole to lead to");
  } else {
    return wrong(where, "expected nxdomain, nodata, sinkhole or refused, not " + quoted(word));
  }
  return true;
}

bool Reader::read_schedule(const Where& where, const Json& json, Schedule& schedule) {
  if (!only(where, json, {"choices", "set", "days", "from", "to"})) return false;
  const Json* set = json.find("set");
  if (set == nullptr || set->text() == nullptr || (*set->text() != "on" && *set->text() != "off")) {
    return wrong({where, "set"}, "expected \"on\" or \"off\"");
  }
  schedule.on = *set->text() == "on";
  const Json* days = json.find("days");
  if (days == nullptr) schedule.hours.days = (1U << days_a_week) - 1;
  if (!read_choices({where, "choices"}, json.find("choices"), schedule.choices)) return false;
  if (schedule.choices == 0) return wrong({where, "choices"}, "expected at least one choice");
  if (!each_text({where, "days"}, days, [&](const Where& at, std::string_view word) {
        const auto day = parse_day(word);
        if (!day) return wrong(at, "expected mon, tue, wed, thu, fri, sat or sun");
        schedule.hours.days |= static_cast<std::uint8_t>(1U << *day);
        return true;
      })) {
    return false;
  }
  if (schedule.hours.days == 0) return wrong({where, "days"}, "expected at least one day");
  const auto hour = [&](std::string_view key, std::uint16_t& minute) {
    const Json* value = json.find(key);
    if (value == nullptr) return true;
    const auto read = value->text() == nullptr ? std::nullopt : parse_hour(*value->text());
    if (!read) return wrong({where, key}, "expected an hour such as \"07:30\"");
    minute = *read;
    return true;
  };
  return hour("from", schedule.hours.from_minute) && hour("to", schedule.hours.to_minute);
}

bool Reader::read_name(const Where& where, const Json& json, NameLists::Item item) {
  std::string_view written;
  const Json* name_json = &json;
  if (json.is_object()) {
    if (!only(where, json, {"name", "scope", "until"})) return false;
    name_json = json.find("name");
    if (name_json == nullptr) return wrong({where, "name"}, "is missing");
    if (const Json* scope = json.find("scope")) {
      std::string_view word;
      if (!text({where, "scope"}, *scope, word)) return false;
      if (word != "host" && word != "domain") {
        return wrong({where, "scope"}, "expected \"host\" or \"domain\"");
      }
      item.covers_below = word == "domain";
    }
    if (const Json* until = json.find("until")) {
      const auto end = until->text() == nullptr ? std::nullopt : parse_last_day(*until->text());
      if (!end) return wrong({where, "until"}, "expected a date such as \"2026-12-31\"");
      item.until_ms = *end - utc_offset_minutes_ * ms_per_minute;
    }
  }
  if (!text(where, *name_json, written)) return false;
  const auto name = dns::Name::from_text(written);
  if (!name) return wrong(where, "no domain name: " + quoted(written));
  for (const std::uint8_t octet : name->wire()) {
    if (octet >= 0x80) return wrong(where, "write it as an A-label (xn--…): " + quoted(written));
  }
  if (name->is_wildcard()) return wrong(where, "write the name without \"*.\"");
  if (name->label_count() < rule_labels_min) {
    return wrong(where, "nobody may allow or block a top-level domain: " + quoted(written));
  }
  if (lists_->size() == own_names_max) {
    return wrong(where, "more than 100000 names of networks' own", ErrorCode::limit_exceeded);
  }
  if (!lists_->add(NameKey{name->wire(), context_.key}, item)) {
    return wrong(where, "the name comes twice: " + quoted(written), ErrorCode::conflict);
  }
  return true;
}

bool Reader::read_names(const Where& where, const Json& json, ListNumber& list) {
  constexpr std::array kinds{std::pair{"allow", OwnRule::allow},
                             std::pair{"block", OwnRule::block}};
  for (const auto& [key, rule] : kinds) {
    const Json* names = json.find(key);
    if (names == nullptr || (names->is_array() && names->items().empty())) continue;
    if (list == no_list) list = ++list_count_;
    if (!each({where, key}, names, [&, rule = rule](const Where& at, const Json& item) {
          return read_name(at, item, {.list = list, .rule = rule});
        })) {
      return false;
    }
  }
  return true;
}

bool Reader::read_policy(const Where& where, const Json& json, PolicyRecipe& recipe) {
  if (!only(where, json,
            {"feeds", "choices", "action", "safe_search", "schedules", "allow", "block"})) {
    return false;
  }
  recipe.sources = lawful_sources() | mask_of(Basis::feeds);
  if (const Json* feeds = json.find("feeds")) {
    if (!read_feeds({where, "feeds"}, *feeds, recipe.sources)) return false;
  }
  if (!read_choices({where, "choices"}, json.find("choices"), recipe.sources)) return false;
  if (const Json* action = json.find("action")) {
    if (!read_action({where, "action"}, *action, recipe.blocked_as)) return false;
  }
  if (!each_text({where, "safe_search"}, json.find("safe_search"),
                 [&](const Where& at, std::string_view id) {
                   const auto engine = parse_safe_search(id);
                   if (!engine) return wrong(at, "there is no safe search for " + quoted(id));
                   recipe.safe_search |= *engine;
                   return true;
                 })) {
    return false;
  }
  const bool scheduled =
      each({where, "schedules"}, json.find("schedules"), [&](const Where& at, const Json& line) {
        if (recipe.schedules.size() == schedules_max) {
          return wrong(at, "more than 64 schedules", ErrorCode::limit_exceeded);
        }
        return read_schedule(at, line, recipe.schedules.emplace_back());
      });
  return scheduled && read_names(where, json, recipe.shared_list);
}

bool Reader::read_policies(const Where& where, const Json* json) {
  if (json == nullptr) return true;
  if (!json->is_object()) return wrong(where, "expected an object");
  if (json->members().size() > policies_max) {
    return wrong(where, "more than 10000 policies", ErrorCode::limit_exceeded);
  }
  for (const auto& member : json->members()) {
    const Where at{where, member.key};
    if (member.key.empty() || member.key.size() > name_text_size_max) {
      return wrong(at, "a policy's name has 1 to 255 octets");
    }
    Draft draft;
    if (!read_policy(at, member.value, draft.recipe)) return false;
    draft.recipe.policy = static_cast<std::uint32_t>(policy_names_.size());
    policy_names_.push_back(member.key);
    drafts_.emplace(member.key, std::move(draft));
  }
  return true;
}

bool Reader::add_prefix(const Where& where, std::string_view text, std::uint32_t number) {
  const auto prefix = parse_prefix(text);
  if (!prefix) return wrong(where, "no prefix: " + quoted(text));
  if (!prefix->is_canonical()) return wrong(where, "bits beyond the length: " + quoted(text));
  if (prefixes_.size() == network_prefixes_max) {
    return wrong(where, "more than 65536 prefixes", ErrorCode::limit_exceeded);
  }
  const auto [owner, is_new] =
      prefix_owners_.try_emplace({prefix->base.high, prefix->base.low, prefix->length}, network_);
  if (!is_new) {
    return wrong(where, quoted(text) + " belongs to " + quoted(owner->second) + " already",
                 ErrorCode::conflict);
  }
  prefixes_.push_back({.prefix = *prefix, .value = number});
  return true;
}

bool Reader::add_entry(const Where& where, EntryKind kind, std::string_view text,
                       std::uint32_t number) {
  if (entries_.size() == entry_points_max) {
    return wrong(where, "more than 65536 listeners, DoT names and DoH paths",
                 ErrorCode::limit_exceeded);
  }
  const EntryPoint point = entry_point(kind, text);
  const auto [owner, is_new] = entry_owners_.try_emplace(point, network_);
  if (!is_new) {
    return wrong(where, quoted(text) + " belongs to " + quoted(owner->second) + " already",
                 ErrorCode::conflict);
  }
  entries_.push_back(
      {.point = point, .policy = number, .is_listener = kind == EntryKind::listener});
  return true;
}

bool Reader::add_door_of(const Where& where, EntryKind kind, std::string_view text,
                         std::uint32_t number) {
  if (kind == EntryKind::listener) {
    const auto listener = parse_listener(text);
    if (!listener) return wrong(where, "expected ADDR:PORT, not " + quoted(text));
    listeners_.push_back(*listener);
    return add_entry(where, kind, *listener, number);
  }
  if (kind == EntryKind::dot_name) {
    if (!dns::Name::from_text(text) || text.ends_with('.')) {
      return wrong(where, "expected a server name without a last dot, not " + quoted(text));
    }
    return add_entry(where, kind, text, number);
  }
  const bool plain =
      std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F && c != '?' && c != '#'; });
  if (!text.starts_with('/') || text.size() > path_size_max || !plain) {
    return wrong(where, "expected a path such as \"/dns-query/lop-1\", not " + quoted(text));
  }
  return add_entry(where, kind, text, number);
}

bool Reader::read_doors(const Where& where, const Json& json, std::uint32_t number) {
  const std::size_t before = prefixes_.size() + entries_.size();
  if (!each_text(
          {where, "prefixes"}, json.find("prefixes"),
          [&](const Where& at, std::string_view text) { return add_prefix(at, text, number); })) {
    return false;
  }
  constexpr std::array kinds{std::pair{"listeners", EntryKind::listener},
                             std::pair{"dot", EntryKind::dot_name},
                             std::pair{"doh", EntryKind::doh_path}};
  for (const auto& [key, kind] : kinds) {
    if (!each_text({where, key}, json.find(key),
                   [&, kind = kind](const Where& at, std::string_view text) {
                     return add_door_of(at, kind, text, number);
                   })) {
      return false;
    }
  }
  if (prefixes_.size() + entries_.size() == before) {
    return wrong(where, "nobody is in it: expected prefixes, listeners, dot or doh");
  }
  return true;
}

std::uint32_t Reader::recipe_number(Draft& draft, ListNumber own_list, int utc_offset_minutes) {
  const bool plain = own_list == no_list && utc_offset_minutes == utc_offset_minutes_;
  if (plain && draft.number) return *draft.number;
  const auto number = static_cast<std::uint32_t>(recipes_.size());
  recipes_.push_back(draft.recipe);
  recipes_.back().own_list = own_list;
  recipes_.back().utc_offset_minutes = utc_offset_minutes;
  if (plain) draft.number = number;
  return number;
}

bool Reader::read_network(const Where& where, const Json& json) {
  if (!only(where, json,
            {"name", "policy", "prefixes", "listeners", "dot", "doh", "allow", "block",
             "utc_offset"})) {
    return false;
  }
  const auto word = [&](std::string_view key, std::string_view& out) {
    const Json* value = json.find(key);
    if (value == nullptr) return wrong({where, key}, "is missing");
    if (!text({where, key}, *value, out)) return false;
    if (out.empty() || out.size() > name_text_size_max) {
      return wrong({where, key}, "a name has 1 to 255 octets");
    }
    return true;
  };
  std::string_view name;
  std::string_view policy;
  if (!word("name", name) || !word("policy", policy)) return false;
  network_ = name;
  if (!network_names_.try_emplace(network_, network_names_.size()).second) {
    return wrong({where, "name"}, "two networks are called " + quoted(name), ErrorCode::conflict);
  }
  const auto draft = drafts_.find(std::string{policy});
  if (draft == drafts_.end()) {
    return wrong({where, "policy"}, "there is no policy " + quoted(policy));
  }
  int utc_offset_minutes = utc_offset_minutes_;
  if (const Json* offset = json.find("utc_offset")) {
    const auto read = offset->text() == nullptr ? std::nullopt : parse_utc_offset(*offset->text());
    if (!read) return wrong({where, "utc_offset"}, "expected an offset such as \"+07:00\"");
    utc_offset_minutes = *read;
  }
  ListNumber own_list = no_list;
  if (!read_names(where, json, own_list)) return false;
  return read_doors(where, json, recipe_number(draft->second, own_list, utc_offset_minutes));
}

Result<std::shared_ptr<const PolicyBook>> Reader::read(const Json& document) {
  const Where root;
  const auto read_all = [&] {
    if (!only(root, document, {"version", "utc_offset", "default", "policies", "networks"})) {
      return false;
    }
    const Json* version = document.find("version");
    if (version == nullptr || version->integer() != 1) {
      return wrong({root, "version"}, "expected 1");
    }
    if (const Json* offset = document.find("utc_offset")) {
      const auto read =
          offset->text() == nullptr ? std::nullopt : parse_utc_offset(*offset->text());
      if (!read) return wrong({root, "utc_offset"}, "expected an offset such as \"+07:00\"");
      utc_offset_minutes_ = *read;
    }
    if (!read_policies({root, "policies"}, document.find("policies"))) return false;
    recipes_.push_back({.sources = context_.others.sources | lawful_sources(),
                        .utc_offset_minutes = utc_offset_minutes_});
    if (const Json* others = document.find("default")) {
      std::string_view name;
      if (!text({root, "default"}, *others, name)) return false;
      const auto draft = drafts_.find(std::string{name});
      if (draft == drafts_.end()) {
        return wrong({root, "default"}, "there is no policy " + quoted(name));
      }
      recipes_[0] = draft->second.recipe;
      recipes_[0].utc_offset_minutes = utc_offset_minutes_;
      draft->second.number = 0;
    }
    const Json* networks = document.find("networks");
    return each({root, "networks"}, networks, [&](const Where& at, const Json& network) {
      if (network_names_.size() == networks_max) {
        return wrong(at, "more than 10000 networks", ErrorCode::limit_exceeded);
      }
      return read_network(at, network);
    });
  };
  if (!read_all()) return tl::unexpected(error());

  auto prefixes = PrefixTable::build(prefixes_);
  if (!prefixes) return propagate(std::move(prefixes).error(), "/networks");
  auto map = NetworkMap::build(std::move(*prefixes), entries_);
  if (!map) return propagate(std::move(map).error(), "/networks");
  PolicyBook book{.map = std::make_shared<const NetworkMap>(std::move(*map)),
                  .lists = lists_,
                  .recipes = std::move(recipes_),
                  .policy_names = std::move(policy_names_),
                  .ends = lists_->ends(),
                  .listeners = std::move(listeners_),
                  .network_count = network_names_.size(),
                  .prefix_count = prefixes_.size()};
  return std::make_shared<const PolicyBook>(std::move(book));
}

}  // namespace

Result<std::shared_ptr<const PolicyBook>> read_policies(std::string_view text,
                                                        const PolicyDocumentContext& context) {
  auto document = Json::parse(text, {.size_max = policy_document_size_max, .depth_max = depth_max});
  if (!document) return tl::unexpected(std::move(document).error());
  return Reader{context}.read(*document);
}

}  // namespace khien::policy
