// Schema changes: numbered, forward-only, written once for both engines. Each module exports
// `std::span<const store::Migration> migrations()` in its `schema.h`; the program hands all of them
// to Database::migrate() in layer order. A migration that has been released is never edited.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/connection.h"

namespace khien::store {

/// One step. The views point to constants of the program.
///
/// `sql` is for both engines, statements end in semicolons, and these tokens are replaced:
///   {int64}           64-bit integer column
///   {octets}          column of octets
///   {serial_key}      64-bit primary key that the engine numbers, ascending, never used again
///   {strict}          behind the closing bracket of CREATE TABLE: types are enforced
///   {no_update T}     a trigger that refuses every UPDATE of table T
///   {no_update T a,b} a trigger that refuses an UPDATE that names column a or b
///   {no_delete T}     triggers that refuse DELETE and TRUNCATE
///   {append_only T}   {no_update T} and {no_delete T}
///   {refuse NAME|UPDATE OF state ON t|OLD.state = 'x' AND NEW.state <> 'y'}
///                     a row trigger that refuses where the condition holds; the condition may
///                     speak of OLD and NEW and of nothing else
/// A trigger's refusal is conflict with reason "constraint" and the trigger's name, which is
/// T_no_update, T_no_delete or NAME.
struct Migration {
  int number;             ///< 1, 2, 3… without gaps within a module
  std::string_view name;  ///< what it does, snake_case
  std::string_view sql;
  std::string_view sqlite_sql = {};      ///< run after `sql` on SQLite only
  std::string_view postgresql_sql = {};  ///< run after `sql` on PostgreSQL only
};

struct ModuleMigrations {
  std::string_view module;
  std::span<const Migration> migrations;
};

/// `sql` with the tokens above replaced. An unknown token is `internal`.
[[nodiscard]] Result<std::string> expand_tokens(std::string_view sql, Engine engine);

/// 16 hexadecimal digits over all of a migration's text (FNV-1a 64). It finds an edit by mistake;
/// it is no defence against one on purpose.
[[nodiscard]] std::string migration_checksum(const Migration& migration);

}  // namespace khien::store
