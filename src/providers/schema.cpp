#include "providers/schema.h"

#include <array>

namespace khien::providers {
namespace {

// What a provider is stays; how it is reached is dated: a new row counts from its day on.
constexpr std::string_view providers = R"(
CREATE TABLE provider (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  title TEXT NOT NULL,
  kind TEXT NOT NULL,
  added_at_ms {int64} NOT NULL,
  added_on TEXT NOT NULL,
  ended_at_ms {int64},
  ended_on TEXT,
  CONSTRAINT provider_kind CHECK (kind IN ('isp', 'school', 'agency', 'own')),
  CONSTRAINT provider_ended CHECK ((ended_at_ms IS NULL) = (ended_on IS NULL))
) {strict};
CREATE UNIQUE INDEX provider_in_use ON provider (name) WHERE ended_at_ms IS NULL;
{no_delete provider}
{no_update provider id, name, title, kind, added_at_ms, added_on}
{refuse provider_ends_once|UPDATE OF ended_at_ms, ended_on ON provider|OLD.ended_at_ms IS NOT NULL}

CREATE TABLE provider_terms (
  id {serial_key},
  provider_id TEXT NOT NULL REFERENCES provider (id),
  contact_sealed {octets},
  due_minutes {int64} NOT NULL,
  landing TEXT NOT NULL,
  valid_from_ms {int64} NOT NULL,
  decided_on TEXT NOT NULL,
  CONSTRAINT provider_terms_due CHECK (due_minutes BETWEEN 5 AND 10080)
) {strict};
CREATE INDEX provider_terms_by_day ON provider_terms (provider_id, valid_from_ms, id);
{append_only provider_terms}

CREATE TABLE provider_resolver (
  id {serial_key},
  provider_id TEXT NOT NULL REFERENCES provider (id),
  address TEXT NOT NULL,
  egress TEXT NOT NULL,
  valid_from_ms {int64} NOT NULL,
  valid_until_ms {int64}
) {strict};
CREATE UNIQUE INDEX provider_resolver_now ON provider_resolver (provider_id, address)
  WHERE valid_until_ms IS NULL;
{no_delete provider_resolver}
{no_update provider_resolver provider_id, address, egress, valid_from_ms}

CREATE TABLE probe (
  id TEXT NOT NULL PRIMARY KEY,
  provider_id TEXT NOT NULL REFERENCES provider (id),
  name TEXT NOT NULL,
  public_key {octets} NOT NULL UNIQUE,
  enrolled_at_ms {int64} NOT NULL,
  enrolled_on TEXT NOT NULL,
  revoked_at_ms {int64},
  revoked_on TEXT,
  heard_at_ms {int64},
  line_state TEXT,
  program TEXT NOT NULL DEFAULT '',
  canaries_blocked {int64} NOT NULL DEFAULT 0,
  CONSTRAINT probe_revoked CHECK ((revoked_at_ms IS NULL) = (revoked_on IS NULL)),
  CONSTRAINT probe_line_state CHECK (line_state IS NULL OR line_state IN ('good', 'silent',
    'canaries_fail', 'nonce_unanswered', 'wrong_resolver'))
) {strict};
CREATE UNIQUE INDEX probe_in_use ON probe (name) WHERE revoked_at_ms IS NULL;
CREATE INDEX probe_by_provider ON probe (provider_id, enrolled_at_ms);
{no_delete probe}
{no_update probe id, provider_id, name, public_key, enrolled_at_ms, enrolled_on}
{refuse probe_is_revoked_once|UPDATE OF revoked_at_ms, revoked_on ON probe|OLD.revoked_at_ms IS NOT NULL}

CREATE TABLE probe_nonce (
  probe_id TEXT NOT NULL REFERENCES probe (id),
  nonce {octets} NOT NULL,
  at_ms {int64} NOT NULL,
  PRIMARY KEY (probe_id, nonce)
) {strict};
CREATE INDEX probe_nonce_by_time ON probe_nonce (probe_id, at_ms);
)";

// `probe_sight` is what each probe saw last, `provider_check` what follows for the provider, and
// `provider_check_event` every change of that, with the statement that it rests on.
constexpr std::string_view findings = R"(
CREATE TABLE probe_run (
  id TEXT NOT NULL PRIMARY KEY,
  probe_id TEXT NOT NULL REFERENCES probe (id),
  issued_at_ms {int64} NOT NULL,
  plan TEXT NOT NULL,
  reported_sha256 {octets}
) {strict};
CREATE INDEX probe_run_by_probe ON probe_run (probe_id, issued_at_ms);

CREATE TABLE probe_statement (
  run_id TEXT NOT NULL PRIMARY KEY,
  probe_id TEXT NOT NULL REFERENCES probe (id),
  at_ms {int64} NOT NULL,
  proof TEXT NOT NULL,
  body_sha256 {octets} NOT NULL,
  body {octets}
) {strict};
CREATE INDEX probe_statement_by_time ON probe_statement (at_ms);
{no_update probe_statement run_id, probe_id, at_ms, proof, body_sha256, body}

CREATE TABLE probe_sight (
  probe_id TEXT NOT NULL REFERENCES probe (id),
  order_id TEXT NOT NULL REFERENCES block_order (id),
  expected TEXT NOT NULL,
  provider_id TEXT NOT NULL REFERENCES provider (id),
  finding TEXT NOT NULL,
  at_ms {int64} NOT NULL,
  PRIMARY KEY (probe_id, order_id, expected),
  CONSTRAINT probe_sight_expected CHECK (expected IN ('blocked', 'resolving')),
  CONSTRAINT probe_sight_finding CHECK (finding IN ('enforced', 'lifted', 'stale_serial',
    'lift_pending', 'not_enforced', 'over_enforced', 'probe_broken'))
) {strict};
CREATE INDEX probe_sight_by_provider ON probe_sight (provider_id, order_id, expected);

CREATE TABLE provider_check (
  provider_id TEXT NOT NULL REFERENCES provider (id),
  order_id TEXT NOT NULL REFERENCES block_order (id),
  expected TEXT NOT NULL,
  verdict TEXT NOT NULL,
  since_ms {int64} NOT NULL,
  carried {int64} NOT NULL,
  proven_at_ms {int64},
  changed_at_ms {int64} NOT NULL,
  seen_at_ms {int64} NOT NULL,
  PRIMARY KEY (provider_id, order_id, expected),
  CONSTRAINT provider_check_expected CHECK (expected IN ('blocked', 'resolving')),
  CONSTRAINT provider_check_verdict CHECK (verdict IN ('enforced', 'lifted', 'stale_serial',
    'lift_pending', 'not_enforced', 'over_enforced', 'probe_broken', 'contested')),
  CONSTRAINT provider_check_proven CHECK (proven_at_ms IS NULL OR proven_at_ms >= since_ms)
) {strict};
CREATE INDEX provider_check_by_order ON provider_check (order_id);
CREATE INDEX provider_check_proven ON provider_check (provider_id, expected, proven_at_ms);

CREATE TABLE provider_check_event (
  id {serial_key},
  provider_id TEXT NOT NULL REFERENCES provider (id),
  order_id TEXT NOT NULL REFERENCES block_order (id),
  expected TEXT NOT NULL,
  verdict TEXT NOT NULL,
  run_id TEXT NOT NULL,
  at_ms {int64} NOT NULL
) {strict};
CREATE INDEX provider_check_event_by_provider ON provider_check_event (provider_id, id);
CREATE INDEX provider_check_event_by_order ON provider_check_event (order_id, id);
CREATE INDEX provider_check_event_by_time ON provider_check_event (at_ms);
{no_update provider_check_event provider_id, order_id, expected, verdict, run_id, at_ms}
)";

// One task a provider that is not closed. A code is kept as its hash; what was answered stays.
constexpr std::string_view tasks = R"(
CREATE TABLE provider_task (
  id TEXT NOT NULL PRIMARY KEY,
  provider_id TEXT NOT NULL REFERENCES provider (id),
  state TEXT NOT NULL,
  opened_at_ms {int64} NOT NULL,
  due_at_ms {int64} NOT NULL,
  answer TEXT NOT NULL DEFAULT '',
  answered_at_ms {int64},
  officer_answer TEXT NOT NULL DEFAULT '',
  settled_at_ms {int64},
  accepted {int64} NOT NULL DEFAULT 0,
  closed_at_ms {int64},
  version {int64} NOT NULL DEFAULT 1,
  CONSTRAINT provider_task_state CHECK (state IN ('open', 'answered', 'disputed', 'closed')),
  CONSTRAINT provider_task_closed CHECK ((state = 'closed') = (closed_at_ms IS NOT NULL)),
  CONSTRAINT provider_task_dispute_says_why CHECK (state <> 'disputed' OR answer <> '')
) {strict};
CREATE UNIQUE INDEX provider_task_now ON provider_task (provider_id) WHERE state <> 'closed';
CREATE INDEX provider_task_accepted ON provider_task (provider_id, closed_at_ms)
  WHERE accepted = 1;
{no_delete provider_task}
{no_update provider_task id, provider_id, opened_at_ms}
{refuse provider_task_is_closed_once|UPDATE OF state ON provider_task|OLD.state = 'closed' AND NEW.state <> 'closed'}

CREATE TABLE provider_task_item (
  task_id TEXT NOT NULL REFERENCES provider_task (id),
  order_id TEXT NOT NULL REFERENCES block_order (id),
  expected TEXT NOT NULL,
  verdict TEXT NOT NULL,
  since_ms {int64} NOT NULL,
  seen_at_ms {int64} NOT NULL,
  done_at_ms {int64},
  PRIMARY KEY (task_id, order_id, expected)
) {strict};
{no_delete provider_task_item}

CREATE TABLE provider_task_code (
  code_hash {octets} NOT NULL PRIMARY KEY,
  task_id TEXT NOT NULL REFERENCES provider_task (id),
  made_at_ms {int64} NOT NULL
) {strict};
CREATE INDEX provider_task_code_by_task ON provider_task_code (task_id, made_at_ms);
)";

constexpr std::array all{
    store::Migration{.number = 1, .name = "providers", .sql = providers},
    store::Migration{.number = 2, .name = "findings", .sql = findings},
    store::Migration{.number = 3, .name = "tasks", .sql = tasks},
};

}  // namespace

std::span<const store::Migration> migrations() { return all; }

}  // namespace khien::providers
