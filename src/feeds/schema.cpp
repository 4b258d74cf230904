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

constexpr std::array<store::Migration, 1> all{
    store::Migration{.number = 1, .name = "subscriptions", .sql = subscriptions}};

}  // namespace

std::span<const store::Migration> migrations() { return all; }

}  // namespace khien::feeds
