#include "feeds/schema.h"

#include <array>

namespace khien::feeds {
namespace {

// What may never happen is a constraint too: a feed in force that nobody, or the proposer alone,
// approved; one without an end; a terminal state that comes back to life.
constexpr std::string_view subscriptions = R"(
CREATE TABLE feed (
  id TEXT NOT NULL PRIMARY KEY,
  version {int64} NOT NULL,
  state TEXT NOT NULL,
  name TEXT NOT NULL,
  source TEXT NOT NULL,
  format TEXT NOT NULL,
  category TEXT NOT NULL,
  scope TEXT NOT NULL,
  csv_column TEXT NOT NULL,
  licence TEXT NOT NULL,
  entries_max {int64} NOT NULL,
  change_max_permyriad {int64} NOT NULL,
  interval_s {int64} NOT NULL,
  valid_until_ms {int64} NOT NULL,
  reason TEXT NOT NULL,
  proposed_by TEXT NOT NULL,
  proposed_at_ms {int64} NOT NULL,
  approved_by TEXT,
  entries {int64} NOT NULL,
  set_hash TEXT NOT NULL,
  good_names {int64} NOT NULL,
  etag TEXT NOT NULL,
  last_modified TEXT NOT NULL,
  next_run_at_ms {int64} NOT NULL,
  CONSTRAINT feed_state CHECK (state IN ('proposed', 'active', 'stopped', 'suspended', 'lapsed')),
  CONSTRAINT feed_scope CHECK (scope IN ('host', 'domain')),
  CONSTRAINT feed_two_people CHECK (approved_by IS NULL OR approved_by <> proposed_by),
  CONSTRAINT feed_approved CHECK (state IN ('proposed', 'lapsed') OR approved_by IS NOT NULL),
  CONSTRAINT feed_ends CHECK (valid_until_ms > proposed_at_ms),
  CONSTRAINT feed_caps CHECK (entries_max BETWEEN 1 AND 5000000
    AND change_max_permyriad BETWEEN 0 AND 10000 AND interval_s BETWEEN 300 AND 604800)
) {strict};
{no_delete feed}
{no_update feed id, name, source, format, category, scope, csv_column, entries_max, change_max_permyriad, valid_until_ms, proposed_by, proposed_at_ms}
{refuse feed_lapsed_is_final|UPDATE OF state ON feed|OLD.state = 'lapsed' AND NEW.state <> 'lapsed'}
{refuse feed_approved_once|UPDATE OF approved_by ON feed|OLD.approved_by IS NOT NULL AND NEW.approved_by <> OLD.approved_by}
CREATE TABLE feed_run (
  id {serial_key},
  feed_id TEXT NOT NULL REFERENCES feed (id),
  state TEXT NOT NULL,
  started_at_ms {int64} NOT NULL,
  ended_at_ms {int64},
  set_hash TEXT NOT NULL,
  set_size {int64} NOT NULL,
  counts TEXT NOT NULL,
  problem_code TEXT NOT NULL,
  problem_reason TEXT NOT NULL,
  problem_message TEXT NOT NULL,
  CONSTRAINT feed_run_state
    CHECK (state IN ('running', 'applied', 'unchanged', 'stopped', 'failed')),
  CONSTRAINT feed_run_end CHECK ((state = 'running') = (ended_at_ms IS NULL))
) {strict};
CREATE INDEX feed_run_by_feed ON feed_run (feed_id, id);
CREATE UNIQUE INDEX feed_run_one_at_a_time ON feed_run (feed_id) WHERE state = 'running';
CREATE TABLE feed_set (
  feed_id TEXT NOT NULL REFERENCES feed (id),
  kind TEXT NOT NULL,
  set_hash TEXT NOT NULL,
  set_size {int64} NOT NULL,
  good_names {int64} NOT NULL,
  names {octets} NOT NULL,
  PRIMARY KEY (feed_id, kind),
  CONSTRAINT feed_set_kind CHECK (kind IN ('accepted', 'held'))
) {strict};
)";

// A feed in force whose source nobody has read for entries_life_ms is as good as abandoned. Feeds
// from before this rule keep their end date until their next good run.
constexpr std::string_view entries_end = R"(
ALTER TABLE feed ADD COLUMN entries_until_ms {int64} NOT NULL DEFAULT 0;
UPDATE feed SET entries_until_ms = valid_until_ms WHERE state IN ('active', 'stopped');
)";

// What rechecks found of single entries, and the memory of those that left for it: while the
// decision that is the feed stands, such a name never comes back through it.
constexpr std::string_view entry_findings = R"(
CREATE TABLE feed_entry (
  id {serial_key},
  feed_id TEXT NOT NULL REFERENCES feed (id),
  name TEXT NOT NULL,
  finding TEXT NOT NULL,
  looks {int64} NOT NULL,
  since_ms {int64} NOT NULL,
  server TEXT NOT NULL,
  state TEXT NOT NULL,
  found_at_ms {int64} NOT NULL,
  lapses_at_ms {int64} NOT NULL,
  decided_by TEXT,
  decided_at_ms {int64},
  reason TEXT NOT NULL DEFAULT '',
  CONSTRAINT feed_entry_finding CHECK (finding IN ('dead', 'parked', 'sinkholed',
    'reregistered')),
  CONSTRAINT feed_entry_state CHECK (state IN ('open', 'kept', 'dropped', 'withdrawn')),
  CONSTRAINT feed_entry_decided CHECK ((state = 'open') = (decided_at_ms IS NULL)),
  CONSTRAINT feed_entry_kept_by_a_person CHECK (state <> 'kept'
    OR (decided_by IS NOT NULL AND reason <> '')),
  CONSTRAINT feed_entry_ends CHECK (lapses_at_ms > found_at_ms
    AND lapses_at_ms - found_at_ms <= 5184000000)
) {strict};
CREATE UNIQUE INDEX feed_entry_once ON feed_entry (feed_id, name)
  WHERE state IN ('open', 'dropped');
CREATE INDEX feed_entry_soonest ON feed_entry (lapses_at_ms, id) WHERE state = 'open';
CREATE INDEX feed_entry_kept ON feed_entry (feed_id, name, finding) WHERE state = 'kept';
{no_update feed_entry feed_id, name, finding, looks, since_ms, server, found_at_ms, lapses_at_ms}
{refuse feed_entry_decided_once|UPDATE OF state ON feed_entry|OLD.state <> 'open'}
)";

constexpr std::array all{
    store::Migration{.number = 1, .name = "subscriptions", .sql = subscriptions},
    store::Migration{.number = 2, .name = "entries_end", .sql = entries_end},
    store::Migration{.number = 3, .name = "entry_findings", .sql = entry_findings},
};

}  // namespace

std::span<const store::Migration> migrations() { return all; }

}  // namespace khien::feeds
