#include "tally/report.h"

#include <optional>

#include "codec/json.h"
#include "codec/rfc3339.h"
#include "publish/zone_names.h"
#include "text/host.h"

namespace khien::tally {
namespace {

using codec::Json;

constexpr std::size_t depth_max = 4;  // object, array, object, and one to be refused as a type
constexpr std::size_t id_size = 32;

tl::unexpected<Error> refused(std::string message, const char* reason) {
  return fail(ErrorCode::malformed, std::move(message), reason);
}

/// In lower case, so that one report has one id.
std::optional<std::string> report_id(std::string id) {
  if (id.size() != id_size) return std::nullopt;
  for (char& c : id) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return std::nullopt;
  }
  return id;
}

/// What stands in a rule or in new_names: exactly what normalising gives.
Result<std::string> host_at(const Json& item) {
  auto name = item.text_at("name");
  if (!name) return name;
  const auto host = text::host_from(*name);
  if (!host || *host != *name) return refused("a name is not in A-labels", "bad_name");
  return name;
}

Result<std::int64_t> number_at(const Json& item, std::string_view key, std::int64_t least,
                               std::int64_t most) {
  auto number = item.integer_at(key);
  if (!number) return number;
  if (*number < least || *number > most) {
    return refused(std::string{key} + " is out of its bounds", "bad_number");
  }
  return number;
}

/// One of khiend's zones. Third parties' zones and a network's own names are nothing to us.
Result<std::string> source_at(const Json& item) {
  auto source = item.text_at("source");
  if (!source) return source;
  const auto* zone = publish::find_zone(*source);
  if (zone == nullptr || zone->id != *source) {
    return refused("a source is none of ours", "bad_source");
  }
  return source;
}

Result<RuleHits> parse_rule(const Json& item) {
  if (auto known = item.only({"source", "name", "hits"}); !known) {
    return tl::unexpected<Error>{std::move(known).error()};
  }
  auto source = source_at(item);
  if (!source) return tl::unexpected<Error>{std::move(source).error()};
  auto name = host_at(item);
  if (!name) return tl::unexpected<Error>{std::move(name).error()};
  auto hits = number_at(item, "hits", 0, hits_max);
  if (!hits) return tl::unexpected<Error>{std::move(hits).error()};
  if (*hits < hits_min) return refused("a rule is told from ten hits on", "too_few_hits");
  return RuleHits{.source = std::move(*source), .name = std::move(*name), .hits = *hits};
}

Result<NewName> parse_new_name(const Json& item) {
  if (auto known = item.only({"name", "networks"}); !known) {
    return tl::unexpected<Error>{std::move(known).error()};
  }
  auto name = host_at(item);
  if (!name) return tl::unexpected<Error>{std::move(name).error()};
  auto networks = number_at(item, "networks", 1, networks_max);
  if (!networks) return tl::unexpected<Error>{std::move(networks).error()};
  return NewName{.name = std::move(*name), .networks = *networks};
}

template <typename Row>
Result<std::vector<Row>> parse_rows(const Json& body, std::string_view key, std::size_t rows_max,
                                    Result<Row> (*parse)(const Json&)) {
  const Json* array = body.find(key);
  if (array == nullptr || !array->is_array()) {
    return refused(std::string{key} + " is no array", "bad_field");
  }
  if (array->items().size() > rows_max) {
    return refused(std::string{key} + " has too many rows", "too_many_rows");
  }
  std::vector<Row> rows;
  rows.reserve(array->items().size());
  for (const auto& item : array->items()) {
    auto row = parse(item);
    if (!row) return propagate(std::move(row).error(), key);
    rows.push_back(std::move(*row));
  }
  return rows;
}

Result<InstantMs> second_at(const Json& body, std::string_view key) {
  auto text = body.text_at(key);
  if (!text) return tl::unexpected<Error>{std::move(text).error()};
  return parse_second(*text);
}

Result<void> check_times(InstantMs from_ms, InstantMs to_ms, InstantMs now_ms) {
  if (to_ms < from_ms) return refused("the report ends before it begins", "bad_time");
  if (to_ms - from_ms > report_span_max_ms) {
    return refused("the report is about more than 26 hours", "report_too_long");
  }
  if (to_ms - now_ms > report_ahead_max_ms) {
    return refused("the report ends in the future: is the resolver's clock right?",
                   "report_in_the_future");
  }
  if (now_ms - to_ms > report_age_max_ms) {
    return refused("the report is older than 7 days", "report_too_old");
  }
  return {};
}

Result<void> parse_counts(const Json& body, Report& report) {
  auto left_out = number_at(body, "rules_left_out", 0, left_out_max);
  if (!left_out) return tl::unexpected<Error>{std::move(left_out).error()};
  auto dropped = number_at(body, "new_names_dropped", 0, left_out_max);
  if (!dropped) return tl::unexpected<Error>{std::move(dropped).error()};
  report.rules_left_out = *left_out;
  report.new_names_dropped = *dropped;
  return {};
}

/// Version, id and times.
Result<Report> parse_head(const Json& body, InstantMs now_ms) {
  if (auto known = body.only({"version", "id", "from", "to", "rules", "rules_left_out", "new_names",
                              "new_names_dropped"});
      !known) {
    return tl::unexpected<Error>{std::move(known).error()};
  }
  auto version = body.integer_at("version");
  if (!version) return tl::unexpected<Error>{std::move(version).error()};
  if (*version != 1) return refused("only version 1 is known here", "bad_version");
  auto written = body.text_at("id");
  if (!written) return tl::unexpected<Error>{std::move(written).error()};
  auto id = report_id(std::move(*written));
  if (!id) return refused("an id has 32 hexadecimal digits", "bad_id");
  auto from_ms = second_at(body, "from");
  if (!from_ms) return tl::unexpected<Error>{std::move(from_ms).error()};
  auto to_ms = second_at(body, "to");
  if (!to_ms) return tl::unexpected<Error>{std::move(to_ms).error()};
  if (auto times = check_times(*from_ms, *to_ms, now_ms); !times) {
    return tl::unexpected<Error>{std::move(times).error()};
  }
  Report report;
  report.id = std::move(*id);
  report.from_ms = *from_ms;
  report.to_ms = *to_ms;
  return report;
}

}  // namespace

Result<InstantMs> parse_second(std::string_view text) {
  const auto instant_ms = text.ends_with('Z') ? codec::read_rfc3339(text) : std::nullopt;
  if (!instant_ms) return refused("a time is written 2026-11-27T18:05:00Z", "bad_time");
  return *instant_ms;
}

Result<Report> parse_report(std::string_view body, InstantMs now_ms) {
  auto json = Json::parse(body, {.size_max = report_size_max, .depth_max = depth_max});
  if (!json || !json->is_object()) return refused("the body is no JSON object", "not_json");
  auto report = parse_head(*json, now_ms);
  if (!report) return report;
  if (auto counts = parse_counts(*json, *report); !counts) {
    return tl::unexpected<Error>{std::move(counts).error()};
  }
  auto rules = parse_rows<RuleHits>(*json, "rules", report_rules_max, parse_rule);
  if (!rules) return tl::unexpected<Error>{std::move(rules).error()};
  auto names = parse_rows<NewName>(*json, "new_names", report_new_names_max, parse_new_name);
  if (!names) return tl::unexpected<Error>{std::move(names).error()};
  report->rules = std::move(*rules);
  report->new_names = std::move(*names);
  return report;
}

}  // namespace khien::tally
