#include "evidence/schema.h"

#include <array>

namespace khien::evidence {
namespace {

constexpr std::array<store::Migration, 2> list{{
    {.number = 1, .name = "items_and_custody", .sql = R"(
CREATE TABLE evidence_item (
  id TEXT PRIMARY KEY CHECK (length(id) = 26),
  case_id TEXT NOT NULL CHECK (length(case_id) = 26),
  report_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('screenshot', 'file', 'report_text')),
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
  size {int64} NOT NULL CHECK (size > 0),
  media_type TEXT NOT NULL CHECK (media_type <> ''),
  file_name TEXT NOT NULL,
  note TEXT NOT NULL,
  added_by TEXT NOT NULL,
  added_at_ms {int64} NOT NULL
) {strict};
CREATE INDEX evidence_item_case ON evidence_item (case_id, id);
CREATE INDEX evidence_item_sha256 ON evidence_item (sha256);
{append_only evidence_item}

CREATE TABLE evidence_custody (
  id {serial_key},
  item_id TEXT NOT NULL REFERENCES evidence_item (id),
  kind TEXT NOT NULL
    CHECK (kind IN ('received', 'opened', 'verified', 'damaged', 'held', 'released', 'exported',
      'destroyed')),
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  at_ms {int64} NOT NULL
) {strict};
CREATE INDEX evidence_custody_item ON evidence_custody (item_id, id);
CREATE UNIQUE INDEX evidence_custody_destroyed_once ON evidence_custody (item_id)
  WHERE kind = 'destroyed';
{append_only evidence_custody}
)"},
    {.number = 2, .name = "destruction_by_two", .sql = R"(
CREATE TABLE evidence_destruction (
  id TEXT PRIMARY KEY CHECK (length(id) = 26),
  item_id TEXT NOT NULL REFERENCES evidence_item (id),
  state TEXT NOT NULL CHECK (state IN ('pending', 'confirmed', 'refused')),
  reason TEXT NOT NULL CHECK (reason <> ''),
  asked_by TEXT NOT NULL CHECK (length(asked_by) = 26),
  asked_at_ms {int64} NOT NULL,
  decided_by TEXT,
  decided_at_ms {int64},
  CONSTRAINT evidence_destruction_two_people
    CHECK (state <> 'confirmed' OR (decided_by IS NOT NULL AND decided_by <> asked_by)),
  CONSTRAINT evidence_destruction_decided CHECK ((state = 'pending') = (decided_at_ms IS NULL))
) {strict};
CREATE UNIQUE INDEX evidence_destruction_one_pending ON evidence_destruction (item_id)
  WHERE state = 'pending';
CREATE INDEX evidence_destruction_by_state ON evidence_destruction (state, id);
{no_delete evidence_destruction}
{no_update evidence_destruction id, item_id, reason, asked_by, asked_at_ms}
{refuse evidence_destruction_final|UPDATE OF state ON evidence_destruction|OLD.state <> 'pending'}
)"},
}};

}  // namespace

std::span<const store::Migration> migrations() { return list; }

}  // namespace khien::evidence
