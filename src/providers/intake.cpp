#include "providers/intake.h"

#include <algorithm>
#include <map>

#include "crypto/hash.h"

namespace khien::providers {
namespace {

constexpr std::string_view sql_run =
    "SELECT issued_at_ms, plan, reported_sha256 FROM probe_run WHERE id = $1 AND probe_id = $2";
constexpr std::string_view sql_reported = "UPDATE probe_run SET reported_sha256 = $2 WHERE id = $1";
constexpr std::string_view sql_statement = R"(
INSERT INTO probe_statement (run_id, probe_id, at_ms, proof, body_sha256, body)
VALUES ($1, $2, $3, $4, $5, $6))";
constexpr std::string_view sql_heard = R"(
UPDATE probe SET heard_at_ms = $2, line_state = $3, program = $4, canaries_blocked = $5
WHERE id = $1)";

struct Run {
  InstantMs issued_at_ms = 0;
  std::vector<PlannedName> plan;
  bool is_known = false;
};

Result<Run> load_run(store::Executor& db, const Reporter& reporter, const Told& told,
                     InstantMs now_ms) {
  auto row = db.query_one(sql_run, {told.statement.run, reporter.probe});
  if (!row) return propagate(std::move(row).error(), "find a work list");
  if (!row->has_value() || now_ms - (*row)->integer(0) > run_age_max_ms) {
    return fail(ErrorCode::conflict, "no such work list of this probe: ask for a new one",
                "run_unknown");
  }
  auto plan = parse_plan((*row)->text(1));
  if (!plan) return tl::unexpected<Error>{std::move(plan).error()};
  Run run{.issued_at_ms = (*row)->integer(0), .plan = std::move(*plan)};
  const auto reported = (*row)->optional_octets(2);
  if (!reported) return run;
  if (!std::ranges::equal(*reported, reporter.body)) {
    return fail(ErrorCode::conflict, "another statement came for this work list", "run_reported");
  }
  run.is_known = true;
  return run;
}

Result<void> check_times(const probe::Statement& statement, const Run& run, InstantMs now_ms) {
  // Written down in whole seconds.
  const bool good = statement.from_ms + clock_off_max_ms >= run.issued_at_ms &&
                    statement.to_ms - clock_off_max_ms <= now_ms;
  if (good) return {};
  return fail(ErrorCode::invalid_argument,
              "the round was not between its list and now: is the probe's clock right?",
              "bad_time");
}

/// One resolver of the provider, as the probe met it.
struct Line {
  const probe::ResolverTold* told = nullptr;
  probe::LineState state = probe::LineState::good;
  std::map<std::string_view, const probe::NameTold*> names = {};
  std::map<std::string_view, std::uint32_t> serials = {};
};

std::map<std::string_view, const probe::NameTold*> by_name(const probe::ResolverTold& told) {
  std::map<std::string_view, const probe::NameTold*> names;
  for (const auto& name : told.names) names.emplace(name.name, &name);
  return names;
}

/// A resolver whose own questions came from elsewhere than it should is another one.
bool is_another(const ProviderResolver& resolver, const std::vector<net::IpAddress>& askers) {
  if (resolver.egress.empty() || askers.empty()) return false;
  return std::ranges::none_of(askers, [&](const net::IpAddress& asker) {
    return std::ranges::any_of(resolver.egress,
                               [&](const net::Prefix& prefix) { return prefix.contains(asker); });
  });
}

std::vector<Line> lines_of(const Provider& provider, const probe::Statement& statement,
                           const std::function<std::vector<net::IpAddress>(std::size_t)>& askers) {
  std::vector<Line> lines;
  for (std::size_t i = 0; i < statement.resolvers.size(); ++i) {
    const auto& told = statement.resolvers[i];
    const auto resolver =
        std::ranges::find(provider.resolvers, told.resolver, &ProviderResolver::address);
    if (resolver == provider.resolvers.end()) continue;  // changed while the probe asked
    Line line{.told = &told, .state = judge_line(told), .names = by_name(told)};
    if (line.state == probe::LineState::good && is_another(*resolver, askers(i))) {
      line.state = probe::LineState::wrong_resolver;
    }
    for (const auto& serial : told.serials) {
      line.serials.emplace(serial.zone, static_cast<std::uint32_t>(serial.serial));
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

probe::Finding find(const std::vector<Line>& lines, const Provider& provider, const Target& target,
                    const probe::NameTold* control) {
  std::vector<probe::Finding> findings;
  for (const auto& line : lines) {
    if (line.state != probe::LineState::good) {
      findings.push_back(probe::Finding::probe_broken);
      continue;
    }
    const auto name = line.names.find(target.name);
    probe::NameCase facts{.expected = target.expected,
                          .told = name == line.names.end() ? nullptr : name->second,
                          .control = control,
                          .serial_due = static_cast<std::uint32_t>(target.serial),
                          .landing = provider.landing};
    if (const auto serial = line.serials.find(target.zone); serial != line.serials.end()) {
      facts.serial_told = serial->second;
    }
    findings.push_back(judge_name(facts));
  }
  return probe::combine(findings);
}

Result<void> note_probe(store::Transaction& tx, const Reporter& reporter, const Told& told,
                        const std::vector<Line>& lines, probe::LineState worst, InstantMs now_ms) {
  std::int64_t canaries_blocked = 0;
  for (const auto& line : lines) {
    canaries_blocked += static_cast<std::int64_t>(probe::blocked_canaries(*line.told));
  }
  auto done = tx.execute(sql_heard, {reporter.probe, now_ms, to_string(worst),
                                     told.statement.program, canaries_blocked});
  if (!done) return propagate(std::move(done).error(), "note a probe's line");
  return {};
}

/// The body only where it changed something: it is the proof of that.
Result<void> keep_statement(store::Transaction& tx, const Reporter& reporter, const Told& told,
                            const Intake& intake, InstantMs now_ms) {
  store::Value body;
  if (intake.changed > 0) body = as_bytes(told.body);
  auto done = tx.execute(sql_statement, {told.statement.run, reporter.probe, now_ms, reporter.proof,
                                         Bytes{reporter.body}, std::move(body)});
  if (!done) return propagate(std::move(done).error(), "keep a statement");
  done = tx.execute(sql_reported, {told.statement.run, Bytes{reporter.body}});
  if (!done) return propagate(std::move(done).error(), "note that a list was answered");
  return {};
}

Result<void> judge_all(store::Transaction& tx, const Reporter& reporter, const Run& run,
                       const Told& told, const std::vector<Line>& lines, const Provider& provider,
                       InstantMs now_ms, Intake& intake) {
  std::map<std::string_view, const probe::NameTold*> control;
  if (told.statement.control) control = by_name(*told.statement.control);
  for (const auto& planned : run.plan) {
    auto target = target_of(tx, planned.order, planned.expected, now_ms);
    if (!target) return tl::unexpected<Error>{std::move(target).error()};
    if (!*target) {
      ++intake.overtaken;
      continue;
    }
    const auto ours = control.find(planned.name);
    const auto finding =
        find(lines, provider, **target, ours == control.end() ? nullptr : ours->second);
    auto changed = note_sight(tx, reporter, **target, {.finding = finding, .at_ms = now_ms},
                              told.statement.run);
    if (!changed) return tl::unexpected<Error>{std::move(changed).error()};
    ++intake.judged;
    intake.changed += *changed ? 1 : 0;
  }
  return {};
}

}  // namespace

Result<Intake> take_statement(store::Transaction& tx, const Context& context,
                              const Reporter& reporter, const Told& told,
                              const WorkOptions& options, const FindAskers& askers) {
  if (crypto::sha256(told.body) != reporter.body) {
    return fail(ErrorCode::denied, "the body is not the one that was signed", "body_hash");
  }
  const auto now_ms = context.clock.now_ms();
  auto run = load_run(tx, reporter, told, now_ms);
  if (!run) return tl::unexpected<Error>{std::move(run).error()};
  if (run->is_known) return Intake{.known = true};
  if (auto good = check_times(told.statement, *run, now_ms); !good) {
    return tl::unexpected<Error>{std::move(good).error()};
  }
  auto provider = load_provider(tx, reporter.provider);
  if (!provider) return tl::unexpected<Error>{std::move(provider).error()};

  const auto lines = lines_of(*provider, told.statement, [&](std::size_t index) {
    if (!askers || !options.nonce_zone) return std::vector<net::IpAddress>{};
    const auto nonce = nonce_of(told.statement.run, *options.nonce_zone);
    return askers("r" + std::to_string(index) + "." + nonce);
  });
  Intake intake;
  if (lines.empty()) intake.line = probe::LineState::silent;
  for (const auto& line : lines) intake.line = std::max(intake.line, line.state);
  auto judged = judge_all(tx, reporter, *run, told, lines, *provider, now_ms, intake);
  if (judged) judged = note_probe(tx, reporter, told, lines, intake.line, now_ms);
  if (judged) judged = keep_statement(tx, reporter, told, intake, now_ms);
  if (!judged) return tl::unexpected<Error>{std::move(judged).error()};
  return intake;
}

}  // namespace khien::providers
