// Orders on web addresses; part of schema.cpp. `target` gets a fourth word. SQLite cannot change a
// constraint, so the column is made anew there; the triggers that name it go first and come back
// (schema_urls_fence) saying which targets they are about.
#pragma once

#include <string_view>

namespace khien::cases {

constexpr std::string_view schema_urls_sqlite = R"(
DROP TRIGGER block_order_target_stays;
DROP TRIGGER block_order_address_says_why;
DROP TRIGGER block_order_address_is_no_emergency;
DROP TRIGGER block_order_three_signers;
DROP TRIGGER block_order_has_three_signatures;
ALTER TABLE block_order ADD COLUMN names_what TEXT NOT NULL DEFAULT 'name'
  CONSTRAINT block_order_target CHECK (names_what IN ('name', 'address', 'prefix', 'url'));
UPDATE block_order SET names_what = target;
ALTER TABLE block_order DROP COLUMN target;
ALTER TABLE block_order RENAME COLUMN names_what TO target;
)";

constexpr std::string_view schema_urls_postgresql = R"(
DROP TRIGGER block_order_target_stays ON block_order;
DROP TRIGGER block_order_address_says_why ON block_order;
DROP TRIGGER block_order_address_is_no_emergency ON block_order;
DROP TRIGGER block_order_three_signers ON block_order;
ALTER TABLE block_order DROP CONSTRAINT block_order_target;
ALTER TABLE block_order ADD CONSTRAINT block_order_target
  CHECK (target IN ('name', 'address', 'prefix', 'url'));
)";

// An address has three signatures, as before; a web address has what a name has, and a path.
constexpr std::string_view schema_urls_fence = R"(
{refuse block_order_target_stays|UPDATE OF target ON block_order|NEW.target <> OLD.target}
{refuse block_order_address_says_why|UPDATE OF state ON block_order|NEW.target IN ('address', 'prefix') AND NEW.step_reason = '' AND NEW.state NOT IN ('draft', 'impact_checked', 'returned', 'refused')}
{refuse block_order_address_is_no_emergency|UPDATE OF state ON block_order|NEW.target IN ('address', 'prefix') AND NEW.emergency = 1}
{refuse block_order_three_signers|UPDATE OF state ON block_order|NEW.target IN ('address', 'prefix') AND NEW.state NOT IN ('draft', 'impact_checked', 'proposed', 'returned', 'refused') AND (NEW.class_a = 0 OR NEW.approver IS NULL OR NEW.co_approver IS NULL OR NEW.co_approver = NEW.approver OR NEW.co_approver = NEW.proposer)}
{refuse block_order_url_has_a_path|INSERT ON block_order|NEW.target = 'url' AND NEW.name NOT LIKE '%_/_%'}
{refuse block_order_name_has_no_path|INSERT ON block_order|NEW.target = 'name' AND NEW.name LIKE '%/%'}
)";

constexpr std::string_view schema_urls_fence_sqlite = R"(
CREATE TRIGGER block_order_has_three_signatures BEFORE UPDATE OF state ON block_order
WHEN NEW.target IN ('address', 'prefix') AND NEW.state = 'approved' AND OLD.state <> 'approved' AND
  (SELECT count(DISTINCT account) FROM order_signature WHERE order_id = NEW.id) < 3
BEGIN SELECT RAISE(ABORT, 'khien:block_order_has_three_signatures'); END;
)";

constexpr std::string_view schema_urls_fence_postgresql = R"(
CREATE OR REPLACE FUNCTION block_order_address_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.target IN ('address', 'prefix') AND NEW.state = 'approved' AND OLD.state <> 'approved' AND
     (SELECT count(DISTINCT account) FROM order_signature WHERE order_id = NEW.id) < 3 THEN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
      CONSTRAINT = 'block_order_has_three_signatures',
      MESSAGE = 'block_order_has_three_signatures';
  END IF;
  RETURN NEW;
END $$;
)";

}  // namespace khien::cases
