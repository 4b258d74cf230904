#include "recheck/schema.h"

#include <array>

namespace khien::recheck {
namespace {

// No column for an address, anywhere (tests/integration/recheck_test.cpp looks). `held_until_ms` is
// the lease of the process that looks now.
constexpr std::string_view rechecks = R"(
CREATE TABLE recheck_item (
  id {serial_key},
  kind TEXT NOT NULL,
  record_id TEXT NOT NULL,
  name TEXT NOT NULL,
  begun_at_ms {int64} NOT NULL,
  next_at_ms {int64} NOT NULL,
  held_until_ms {int64} NOT NULL DEFAULT 0,
  CONSTRAINT recheck_item_kind CHECK (kind IN ('order', 'list'))
) {strict};
CREATE UNIQUE INDEX recheck_item_once ON recheck_item (record_id, name);
CREATE INDEX recheck_item_due ON recheck_item (next_at_ms, id);
{no_update recheck_item kind, record_id, name, begun_at_ms}

CREATE TABLE recheck_look (
  id {serial_key},
  item_id {int64} NOT NULL REFERENCES recheck_item (id),
  at_ms {int64} NOT NULL,
  outcome TEXT NOT NULL,
  servers TEXT NOT NULL,
  primary_server TEXT NOT NULL,
  CONSTRAINT recheck_look_outcome CHECK (outcome IN ('exists', 'no_name', 'no_domain',
    'no_servers', 'failed', 'filtered'))
) {strict};
CREATE INDEX recheck_look_by_item ON recheck_look (item_id, id);
{no_update recheck_look}

CREATE TABLE recheck_walk (
  feed_id TEXT NOT NULL PRIMARY KEY REFERENCES feed (id),
  position {int64} NOT NULL
) {strict};
CREATE TABLE recheck_turn (
  one {int64} NOT NULL PRIMARY KEY,
  next_at_ms {int64} NOT NULL,
  CONSTRAINT recheck_turn_is_one CHECK (one = 1)
) {strict};
INSERT INTO recheck_turn (one, next_at_ms) VALUES (1, 0);
{no_delete recheck_turn}
)";

// No content, no address, and of a web address nothing that may be a victim's.
constexpr std::string_view pages = R"(
CREATE TABLE recheck_page (
  look_id {int64} NOT NULL REFERENCES recheck_look (id),
  position {int64} NOT NULL,
  page TEXT NOT NULL,
  outcome TEXT NOT NULL,
  status {int64} NOT NULL,
  PRIMARY KEY (look_id, position),
  CONSTRAINT recheck_page_outcome CHECK (outcome IN ('present', 'gone', 'unclear',
    'unreachable')),
  CONSTRAINT recheck_page_is_bare CHECK (page NOT LIKE '%?%' AND page NOT LIKE '%#%'),
  CONSTRAINT recheck_page_few CHECK (position >= 0 AND position < 4)
) {strict};
{no_update recheck_page}
)";

constexpr std::array all{
    store::Migration{.number = 1, .name = "rechecks", .sql = rechecks},
    store::Migration{.number = 2, .name = "pages", .sql = pages},
};

}  // namespace

std::span<const store::Migration> migrations() { return all; }

}  // namespace khien::recheck
