// Orders on addresses and prefixes; part of schema.cpp. `scope` of block_order keeps its two words,
// which a constraint of SQLite cannot be given more of: `target` says what the order names, and
// for anything but a name that is its scope. schema_urls.h widens it.
#pragma once

#include <string_view>

namespace khien::cases {

constexpr std::string_view schema_addresses = R"(
ALTER TABLE block_order ADD COLUMN target TEXT NOT NULL DEFAULT 'name'
  CONSTRAINT block_order_target CHECK (target IN ('name', 'address', 'prefix'));
ALTER TABLE block_order ADD COLUMN step_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE block_order ADD COLUMN names_told {int64};
ALTER TABLE block_order ADD COLUMN told_source TEXT NOT NULL DEFAULT '';
ALTER TABLE block_order ADD COLUMN co_approver TEXT;
ALTER TABLE block_order ADD COLUMN co_approver_unit TEXT;
{refuse block_order_target_stays|UPDATE OF target ON block_order|NEW.target <> OLD.target}
{refuse block_order_address_is_signed|UPDATE OF step_reason, names_told, told_source ON block_order|OLD.state NOT IN ('draft', 'impact_checked', 'returned')}
{refuse block_order_address_says_why|UPDATE OF state ON block_order|NEW.target <> 'name' AND NEW.step_reason = '' AND NEW.state NOT IN ('draft', 'impact_checked', 'returned', 'refused')}
{refuse block_order_address_is_no_emergency|UPDATE OF state ON block_order|NEW.target <> 'name' AND NEW.emergency = 1}
{refuse block_order_three_signers|UPDATE OF state ON block_order|NEW.target <> 'name' AND NEW.state NOT IN ('draft', 'impact_checked', 'proposed', 'returned', 'refused') AND (NEW.class_a = 0 OR NEW.approver IS NULL OR NEW.co_approver IS NULL OR NEW.co_approver = NEW.approver OR NEW.co_approver = NEW.proposer)}
{refuse block_order_co_signature|UPDATE OF co_approver ON block_order|OLD.approver IS NOT NULL AND OLD.co_approver IS NOT NULL AND (NEW.co_approver IS NULL OR NEW.co_approver <> OLD.co_approver)}
)";

constexpr std::string_view schema_addresses_sqlite = R"(
CREATE TRIGGER block_order_has_three_signatures BEFORE UPDATE OF state ON block_order
WHEN NEW.target <> 'name' AND NEW.state = 'approved' AND OLD.state <> 'approved' AND
  (SELECT count(DISTINCT account) FROM order_signature WHERE order_id = NEW.id) < 3
BEGIN SELECT RAISE(ABORT, 'khien:block_order_has_three_signatures'); END;
)";

constexpr std::string_view schema_addresses_postgresql = R"(
CREATE FUNCTION block_order_address_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.target <> 'name' AND NEW.state = 'approved' AND OLD.state <> 'approved' AND
     (SELECT count(DISTINCT account) FROM order_signature WHERE order_id = NEW.id) < 3 THEN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
      CONSTRAINT = 'block_order_has_three_signatures',
      MESSAGE = 'block_order_has_three_signatures';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER block_order_address_guard BEFORE UPDATE OF state ON block_order
  FOR EACH ROW EXECUTE FUNCTION block_order_address_guard();
)";

}  // namespace khien::cases
