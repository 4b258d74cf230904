#include "tally/schema.h"

#include <array>

namespace khien::tally {
namespace {

// A resolver is known by its name; a key that was revoked stays, so that the name's history does.
constexpr std::string_view resolver_keys = R"(
CREATE TABLE resolver_key (
  id TEXT NOT NULL PRIMARY KEY,
  resolver TEXT NOT NULL,
  key_hash {octets} NOT NULL UNIQUE,
  added_at_ms {int64} NOT NULL,
  added_on TEXT NOT NULL,
  revoked_at_ms {int64},
  revoked_on TEXT,
  CONSTRAINT resolver_key_revoked CHECK ((revoked_at_ms IS NULL) = (revoked_on IS NULL))
) {strict};
CREATE UNIQUE INDEX resolver_key_in_use ON resolver_key (resolver) WHERE revoked_at_ms IS NULL;
{no_delete resolver_key}
{no_update resolver_key id, resolver, key_hash, added_at_ms, added_on}
{refuse resolver_key_is_revoked_once|UPDATE OF revoked_at_ms, revoked_on ON resolver_key|OLD.revoked_at_ms IS NOT NULL}
)";

constexpr std::string_view sums = R"(
CREATE TABLE resolver_report (
  resolver TEXT NOT NULL,
  id TEXT NOT NULL,
  to_ms {int64} NOT NULL,
  rules {int64} NOT NULL,
  rules_left_out {int64} NOT NULL,
  new_names {int64} NOT NULL,
  new_names_dropped {int64} NOT NULL,
  left_out {int64} NOT NULL DEFAULT 0,
  PRIMARY KEY (resolver, id)
) {strict};
CREATE INDEX resolver_report_by_time ON resolver_report (resolver, to_ms);
CREATE TABLE rule_hits (
  source TEXT NOT NULL,
  name TEXT NOT NULL,
  resolver TEXT NOT NULL,
  period TEXT NOT NULL,
  from_ms {int64} NOT NULL,
  last_ms {int64} NOT NULL,
  hits {int64} NOT NULL,
  PRIMARY KEY (source, name, resolver, period, from_ms),
  CONSTRAINT rule_hits_period CHECK (period IN ('hour', 'day')),
  CONSTRAINT rule_hits_last CHECK (last_ms >= from_ms),
  CONSTRAINT rule_hits_tell_of_nobody CHECK (hits >= 10)
) {strict};
CREATE INDEX rule_hits_by_resolver ON rule_hits (resolver, period, from_ms);
CREATE TABLE new_name (
  id {serial_key},
  name TEXT NOT NULL UNIQUE,
  first_ms {int64} NOT NULL
) {strict};
CREATE INDEX new_name_by_time ON new_name (first_ms);
CREATE TABLE new_name_told (
  name_id {int64} NOT NULL REFERENCES new_name (id),
  resolver TEXT NOT NULL,
  hour_ms {int64} NOT NULL,
  networks {int64} NOT NULL,
  PRIMARY KEY (name_id, resolver),
  CONSTRAINT new_name_tells_of_nobody CHECK (networks >= 10)
) {strict};
CREATE INDEX new_name_told_by_resolver ON new_name_told (resolver);
)";

constexpr std::array all{
    store::Migration{.number = 1, .name = "resolver_keys", .sql = resolver_keys},
    store::Migration{.number = 2, .name = "sums", .sql = sums},
};

}  // namespace

std::span<const store::Migration> migrations() { return all; }

}  // namespace khien::tally
