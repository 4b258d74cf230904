#include "store/schema.h"

#include <array>

namespace khien::store {
namespace {

// What a {no_update}, {no_delete} or {refuse} trigger calls on PostgreSQL. The constraint's name is
// the trigger's, so that both engines report the same.
constexpr std::string_view postgresql_refusal = R"(
CREATE FUNCTION khien_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
    CONSTRAINT = TG_NAME, MESSAGE = TG_NAME;
END $$;
)";

constexpr std::string_view jobs = R"(
CREATE TABLE job (
  id {serial_key},
  kind TEXT NOT NULL,
  dedupe_key TEXT,
  payload TEXT NOT NULL,
  attempts {int64} NOT NULL DEFAULT 0,
  attempts_max {int64} NOT NULL,
  created_at_ms {int64} NOT NULL,
  due_at_ms {int64} NOT NULL,
  lease_token {int64} NOT NULL DEFAULT 0,
  dead_at_ms {int64},
  last_error TEXT,
  CONSTRAINT job_attempts CHECK (attempts >= 0 AND attempts <= attempts_max AND attempts_max >= 1),
  CONSTRAINT job_dead_says_why CHECK (dead_at_ms IS NULL OR last_error IS NOT NULL)
) {strict};
CREATE INDEX job_due ON job (kind, due_at_ms, id) WHERE dead_at_ms IS NULL;
CREATE UNIQUE INDEX job_dedupe ON job (kind, dedupe_key)
  WHERE dedupe_key IS NOT NULL AND dead_at_ms IS NULL;
)";

constexpr std::string_view leases = R"(
CREATE TABLE lease (
  name TEXT NOT NULL PRIMARY KEY,
  holder TEXT NOT NULL,
  token {int64} NOT NULL,
  until_ms {int64} NOT NULL
) {strict};
{no_delete lease}
)";

// `words` is folded text cut into words by us (search.cpp), so that neither engine's own idea of a
// word matters: FTS5's ascii tokenizer splits at the same characters, and PostgreSQL gets an array.
constexpr std::string_view search = R"(
CREATE TABLE search_entry (
  key {serial_key},
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  words TEXT NOT NULL,
  UNIQUE (kind, id)
) {strict};
)";
constexpr std::string_view search_sqlite = R"(
CREATE VIRTUAL TABLE search_index USING fts5(words, content='search_entry', content_rowid='key',
  tokenize='ascii', detail=none);
CREATE TRIGGER search_entry_added AFTER INSERT ON search_entry BEGIN
  INSERT INTO search_index(rowid, words) VALUES (NEW.key, NEW.words);
END;
CREATE TRIGGER search_entry_removed AFTER DELETE ON search_entry BEGIN
  INSERT INTO search_index(search_index, rowid, words) VALUES ('delete', OLD.key, OLD.words);
END;
CREATE TRIGGER search_entry_changed AFTER UPDATE ON search_entry BEGIN
  INSERT INTO search_index(search_index, rowid, words) VALUES ('delete', OLD.key, OLD.words);
  INSERT INTO search_index(rowid, words) VALUES (NEW.key, NEW.words);
END;
)";
constexpr std::string_view search_postgresql = R"(
ALTER TABLE search_entry ADD COLUMN document tsvector
  GENERATED ALWAYS AS (array_to_tsvector(string_to_array(words, ' '))) STORED;
CREATE INDEX search_entry_document ON search_entry USING gin (document);
)";

constexpr std::array all{
    Migration{.number = 1, .name = "refusal", .sql = {}, .postgresql_sql = postgresql_refusal},
    Migration{.number = 2, .name = "jobs", .sql = jobs},
    Migration{.number = 3, .name = "leases", .sql = leases},
    Migration{.number = 4,
              .name = "search",
              .sql = search,
              .sqlite_sql = search_sqlite,
              .postgresql_sql = search_postgresql},
};

}  // namespace

std::span<const Migration> migrations() { return all; }

}  // namespace khien::store
