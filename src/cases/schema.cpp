#include "cases/schema.h"

#include <array>

#include "cases/schema_addresses.h"
#include "cases/schema_orders.h"
#include "cases/schema_urls.h"

namespace khien::cases {
namespace {

constexpr std::string_view settings = R"(
CREATE TABLE setting (
  id {serial_key},
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  valid_from_ms {int64} NOT NULL,
  set_by TEXT,
  set_at_ms {int64} NOT NULL
) {strict};
CREATE INDEX setting_by_day ON setting (name, valid_from_ms, id);
{append_only setting}
CREATE TABLE legal_instrument (
  id TEXT NOT NULL PRIMARY KEY,
  title_vi TEXT NOT NULL,
  title_en TEXT NOT NULL,
  article TEXT NOT NULL,
  url TEXT NOT NULL,
  categories TEXT NOT NULL,
  valid_from_ms {int64} NOT NULL,
  valid_until_ms {int64},
  CONSTRAINT legal_instrument_period CHECK (valid_until_ms IS NULL OR valid_until_ms >= valid_from_ms)
) {strict};
{no_delete legal_instrument}
{no_update legal_instrument id, title_vi, title_en, article, url, categories, valid_from_ms}
CREATE TABLE special_day (
  day TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  CONSTRAINT special_day_kind CHECK (kind IN ('holiday', 'makeup'))
) {strict};
CREATE TABLE followed_resolver (
  id {serial_key},
  name TEXT NOT NULL,
  valid_from_ms {int64} NOT NULL,
  valid_until_ms {int64}
) {strict};
CREATE UNIQUE INDEX followed_resolver_now ON followed_resolver (name) WHERE valid_until_ms IS NULL;
CREATE TABLE number_series (
  series TEXT NOT NULL,
  prefix TEXT NOT NULL,
  year {int64} NOT NULL,
  used {int64} NOT NULL,
  PRIMARY KEY (series, prefix, year)
) {strict};
{no_delete number_series}
{refuse number_series_only_grows|UPDATE OF used ON number_series|NEW.used <= OLD.used}
)";

constexpr std::string_view cases_and_reports = R"(
CREATE TABLE subject (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  verdict TEXT NOT NULL DEFAULT 'unknown',
  verdict_reason TEXT NOT NULL DEFAULT '',
  verdict_until_ms {int64},
  verdict_at_ms {int64},
  first_seen_ms {int64} NOT NULL,
  version {int64} NOT NULL DEFAULT 1,
  UNIQUE (kind, value),
  CONSTRAINT subject_kind CHECK (kind IN ('domain', 'host', 'url', 'ip', 'phone', 'sender_name',
    'email', 'bank_account', 'wallet', 'social', 'app', 'file_hash')),
  CONSTRAINT subject_verdict CHECK (
    verdict IN ('unknown', 'suspected', 'confirmed', 'benign', 'gone')),
  CONSTRAINT subject_benign_ends CHECK (verdict <> 'benign' OR verdict_until_ms IS NOT NULL)
) {strict};
{no_update subject id, kind, value, first_seen_ms}

CREATE TABLE case_file (
  id TEXT NOT NULL PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  title TEXT NOT NULL,
  category TEXT,
  assignee TEXT,
  outcome TEXT,
  hold_until_ms {int64},
  opened_at_ms {int64} NOT NULL,
  changed_at_ms {int64} NOT NULL,
  change_sequence {int64} NOT NULL,
  version {int64} NOT NULL DEFAULT 1,
  CONSTRAINT case_file_state CHECK (state IN ('open', 'triaged', 'assessing', 'acting',
    'monitoring', 'on_hold', 'closed')),
  CONSTRAINT case_file_closed_says_how CHECK ((state = 'closed') = (outcome IS NOT NULL)),
  CONSTRAINT case_file_category CHECK (category IS NULL OR category IN ('phishing', 'fraud',
    'malware', 'unlawful-gambling', 'spam', 'intrusion', 'child-abuse', 'intimate-abuse',
    'illegal-trade', 'threats'))
) {strict};
CREATE INDEX case_file_queue ON case_file (change_sequence);
CREATE INDEX case_file_by_state ON case_file (state, change_sequence);
CREATE INDEX case_file_by_assignee ON case_file (assignee, change_sequence);
{no_delete case_file}
{no_update case_file id, number, opened_at_ms}

CREATE TABLE case_subject (
  case_id TEXT NOT NULL REFERENCES case_file (id),
  subject_id TEXT NOT NULL REFERENCES subject (id),
  by_officer {int64} NOT NULL DEFAULT 0,
  reports {int64} NOT NULL DEFAULT 0,
  added_at_ms {int64} NOT NULL,
  PRIMARY KEY (case_id, subject_id),
  CONSTRAINT case_subject_counts CHECK (reports >= 0 AND by_officer IN (0, 1))
) {strict};
CREATE INDEX case_subject_by_subject ON case_subject (subject_id, case_id);

CREATE TABLE report (
  id TEXT NOT NULL PRIMARY KEY,
  state TEXT NOT NULL,
  channel TEXT NOT NULL,
  category TEXT,
  body TEXT NOT NULL,
  language TEXT NOT NULL,
  code_hash {octets} NOT NULL UNIQUE,
  submission_hash {octets} UNIQUE,
  reason TEXT NOT NULL DEFAULT '',
  received_at_ms {int64} NOT NULL,
  accepted_at_ms {int64},
  change_sequence {int64} NOT NULL,
  version {int64} NOT NULL DEFAULT 1,
  CONSTRAINT report_state CHECK (state IN ('received', 'screening', 'quarantined', 'rejected',
    'accepted', 'linked', 'answered', 'closed', 'withdrawn')),
  CONSTRAINT report_channel CHECK (channel IN ('web', 'api', 'officer')),
  CONSTRAINT report_rejection_says_why CHECK (state <> 'rejected' OR reason <> '')
) {strict};
CREATE INDEX report_by_state ON report (state, change_sequence);
{no_update report id, channel, body, code_hash, received_at_ms}

CREATE TABLE report_contact (
  report_id TEXT NOT NULL PRIMARY KEY REFERENCES report (id),
  sealed {octets} NOT NULL
) {strict};

CREATE TABLE report_subject (
  report_id TEXT NOT NULL REFERENCES report (id),
  subject_id TEXT NOT NULL REFERENCES subject (id),
  PRIMARY KEY (report_id, subject_id)
) {strict};
CREATE INDEX report_subject_by_subject ON report_subject (subject_id);
{append_only report_subject}

CREATE TABLE case_report (
  id {serial_key},
  case_id TEXT NOT NULL REFERENCES case_file (id),
  report_id TEXT NOT NULL REFERENCES report (id),
  linked_at_ms {int64} NOT NULL,
  reason TEXT NOT NULL,
  unlinked_at_ms {int64}
) {strict};
CREATE UNIQUE INDEX case_report_now ON case_report (report_id) WHERE unlinked_at_ms IS NULL;
CREATE INDEX case_report_by_case ON case_report (case_id, id);
{no_delete case_report}
{no_update case_report case_id, report_id, linked_at_ms, reason}

CREATE TABLE case_task (
  id TEXT NOT NULL PRIMARY KEY,
  case_id TEXT NOT NULL REFERENCES case_file (id),
  title TEXT NOT NULL,
  assignee TEXT,
  due_at_ms {int64},
  done_at_ms {int64},
  made_at_ms {int64} NOT NULL
) {strict};
CREATE INDEX case_task_by_case ON case_task (case_id);

CREATE TABLE case_event (
  id {serial_key},
  at_ms {int64} NOT NULL,
  kind TEXT NOT NULL,
  record TEXT NOT NULL,
  record_id TEXT NOT NULL,
  case_id TEXT,
  actor TEXT,
  state_before TEXT NOT NULL,
  state_after TEXT NOT NULL,
  body TEXT NOT NULL,
  leaf_id TEXT UNIQUE,
  CONSTRAINT case_event_has_leaf CHECK ((kind = 'comment') = (leaf_id IS NULL))
) {strict};
CREATE INDEX case_event_by_case ON case_event (case_id, id);
CREATE INDEX case_event_by_record ON case_event (record_id, id);
{append_only case_event}

CREATE TABLE deadline (
  id {serial_key},
  kind TEXT NOT NULL,
  record TEXT NOT NULL,
  record_id TEXT NOT NULL,
  case_id TEXT,
  due_at_ms {int64} NOT NULL,
  overdue_at_ms {int64},
  done_at_ms {int64}
) {strict};
CREATE UNIQUE INDEX deadline_open ON deadline (record_id, kind) WHERE done_at_ms IS NULL;
CREATE INDEX deadline_due ON deadline (due_at_ms) WHERE done_at_ms IS NULL;
CREATE INDEX deadline_by_case ON deadline (case_id, due_at_ms) WHERE done_at_ms IS NULL;
)";

// Whether another order brought the same rule after an order's.
constexpr std::string_view publications_by_name =
    "CREATE INDEX publication_by_name ON publication (name, sequence);";

constexpr std::array all{
    store::Migration{.number = 1, .name = "settings", .sql = settings},
    store::Migration{.number = 2, .name = "cases_and_reports", .sql = cases_and_reports},
    store::Migration{.number = 3,
                     .name = "orders",
                     .sql = schema_orders,
                     .sqlite_sql = schema_orders_sqlite,
                     .postgresql_sql = schema_orders_postgresql},
    store::Migration{.number = 4, .name = "appeals", .sql = schema_appeals},
    store::Migration{.number = 5, .name = "listing_objections", .sql = schema_listing_objections},
    store::Migration{.number = 6, .name = "publications_by_name", .sql = publications_by_name},
    store::Migration{.number = 7,
                     .name = "addresses",
                     .sql = schema_addresses,
                     .sqlite_sql = schema_addresses_sqlite,
                     .postgresql_sql = schema_addresses_postgresql},
    store::Migration{.number = 8, .name = "lift_proposals", .sql = schema_lift_proposals},
    store::Migration{.number = 9,
                     .name = "urls",
                     .sql = {},
                     .sqlite_sql = schema_urls_sqlite,
                     .postgresql_sql = schema_urls_postgresql},
    store::Migration{.number = 10,
                     .name = "urls_fence",
                     .sql = schema_urls_fence,
                     .sqlite_sql = schema_urls_fence_sqlite,
                     .postgresql_sql = schema_urls_fence_postgresql},
    store::Migration{.number = 11,
                     .name = "content_gone",
                     .sql = {},
                     .sqlite_sql = schema_content_gone_sqlite,
                     .postgresql_sql = schema_content_gone_postgresql},
};

}  // namespace

std::span<const store::Migration> migrations() { return all; }

}  // namespace khien::cases
