// The tables of orders, their publication and appeals; part of schema.cpp.
#pragma once

#include <string_view>

namespace khien::cases {

constexpr std::string_view schema_orders = R"(
CREATE TABLE block_order (
  id TEXT NOT NULL PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  case_id TEXT NOT NULL REFERENCES case_file (id),
  subject_id TEXT NOT NULL REFERENCES subject (id),
  name TEXT NOT NULL,
  scope TEXT NOT NULL,
  category TEXT,
  ground_id TEXT REFERENCES legal_instrument (id),
  reason TEXT NOT NULL,
  salt TEXT NOT NULL,
  state TEXT NOT NULL,
  impact TEXT,
  impact_verdict TEXT,
  impact_at_ms {int64},
  class_a {int64} NOT NULL DEFAULT 0,
  emergency {int64} NOT NULL DEFAULT 0,
  emergency_ends_at_ms {int64},
  drafted_by TEXT NOT NULL,
  proposer TEXT,
  proposer_unit TEXT,
  approver TEXT,
  approver_unit TEXT,
  drafted_at_ms {int64} NOT NULL,
  proposed_at_ms {int64},
  valid_from_ms {int64},
  ends_at_ms {int64},
  recheck_at_ms {int64},
  resumes_at_ms {int64},
  ended_at_ms {int64},
  end_reason TEXT NOT NULL DEFAULT '',
  renews_id TEXT REFERENCES block_order (id),
  changed_at_ms {int64} NOT NULL,
  change_sequence {int64} NOT NULL,
  register_sequence {int64} UNIQUE,
  version {int64} NOT NULL DEFAULT 1,
  CONSTRAINT block_order_state CHECK (state IN ('draft', 'impact_checked', 'proposed', 'returned',
    'refused', 'approved', 'published', 'enforced', 'verified', 'due_review', 'suspended',
    'renewed', 'lifted', 'lapsed', 'lift_published', 'lift_verified')),
  CONSTRAINT block_order_scope CHECK (scope IN ('host', 'domain')),
  CONSTRAINT block_order_category CHECK (category IS NULL OR category IN ('phishing', 'fraud',
    'malware', 'unlawful-gambling', 'spam', 'intrusion', 'child-abuse', 'intimate-abuse',
    'illegal-trade', 'threats')),
  CONSTRAINT block_order_impact_whole CHECK ((impact IS NULL) = (impact_verdict IS NULL)
    AND (impact IS NULL) = (impact_at_ms IS NULL)),
  CONSTRAINT block_order_complete CHECK (
    state IN ('draft', 'impact_checked', 'returned', 'refused')
    OR (category IS NOT NULL AND ground_id IS NOT NULL AND ends_at_ms IS NOT NULL
        AND impact_verdict IS NOT NULL AND impact_verdict <> 'refuse'
        AND reason <> '' AND proposer IS NOT NULL AND proposed_at_ms IS NOT NULL)),
  CONSTRAINT block_order_life CHECK (proposed_at_ms IS NULL OR ends_at_ms IS NULL
    OR ends_at_ms - proposed_at_ms <= 31622400000),
  CONSTRAINT block_order_impact_fresh CHECK (proposed_at_ms IS NULL OR impact_at_ms IS NULL
    OR state IN ('draft', 'impact_checked', 'returned', 'refused')
    OR proposed_at_ms - impact_at_ms <= 86400000),
  CONSTRAINT block_order_two_signers CHECK (
    state IN ('draft', 'impact_checked', 'proposed', 'returned', 'refused')
    OR approver IS NOT NULL
    OR (emergency = 1 AND emergency_ends_at_ms IS NOT NULL)),
  CONSTRAINT block_order_signers_differ CHECK (approver IS NULL OR approver <> proposer),
  CONSTRAINT block_order_class_a_units CHECK (class_a = 0 OR approver IS NULL
    OR (approver_unit IS NOT NULL AND proposer_unit IS NOT NULL
        AND approver_unit <> '' AND proposer_unit <> '' AND approver_unit <> proposer_unit)),
  CONSTRAINT block_order_child_abuse_is_class_a CHECK (category IS NULL
    OR category <> 'child-abuse' OR class_a = 1
    OR state IN ('draft', 'impact_checked', 'returned', 'refused')),
  CONSTRAINT block_order_is_registered CHECK (
    (valid_from_ms IS NULL) = (register_sequence IS NULL)),
  CONSTRAINT block_order_emergency_is_short CHECK (emergency_ends_at_ms IS NULL
    OR (emergency = 1 AND valid_from_ms IS NOT NULL
        AND emergency_ends_at_ms - valid_from_ms <= 14400000))
) {strict};
CREATE INDEX block_order_queue ON block_order (change_sequence);
CREATE INDEX block_order_by_state ON block_order (state, change_sequence);
CREATE INDEX block_order_by_case ON block_order (case_id);
CREATE INDEX block_order_by_name ON block_order (name, drafted_at_ms);
-- One order in force for one name, scope and category; a renewal ends the old one first.
CREATE UNIQUE INDEX block_order_once ON block_order (name, scope, category)
  WHERE state IN ('approved', 'published', 'enforced', 'verified', 'due_review', 'suspended');
{no_delete block_order}
{no_update block_order id, number, case_id, name, salt, drafted_by, drafted_at_ms, renews_id}
{refuse block_order_begins_as_draft|INSERT ON block_order|NEW.state <> 'draft'}
{refuse block_order_is_signed|UPDATE OF scope, category, ground_id, reason, impact, impact_verdict, impact_at_ms, ends_at_ms, subject_id ON block_order|OLD.state NOT IN ('draft', 'impact_checked', 'returned')}
{refuse block_order_enters_signed|UPDATE OF state ON block_order|NEW.state IN ('approved', 'published', 'enforced', 'verified', 'due_review') AND OLD.state NOT IN ('approved', 'published', 'enforced', 'verified', 'due_review') AND NOT (NEW.state = 'approved' AND OLD.state IN ('proposed', 'impact_checked', 'suspended'))}
{refuse block_order_second_signature|UPDATE OF approver ON block_order|OLD.approver IS NOT NULL AND (NEW.approver IS NULL OR NEW.approver <> OLD.approver)}
{refuse block_order_stays_over|UPDATE OF state ON block_order|(OLD.state IN ('refused', 'renewed', 'lift_verified') AND NEW.state <> OLD.state) OR (OLD.state IN ('lifted', 'lapsed') AND NEW.state NOT IN (OLD.state, 'lift_published')) OR (OLD.state = 'lift_published' AND NEW.state NOT IN ('lift_published', 'lift_verified'))}

CREATE TABLE order_evidence (
  order_id TEXT NOT NULL REFERENCES block_order (id),
  evidence_id TEXT NOT NULL,
  PRIMARY KEY (order_id, evidence_id)
) {strict};
{no_update order_evidence}

CREATE TABLE order_signature (
  id {serial_key},
  order_id TEXT NOT NULL REFERENCES block_order (id),
  move TEXT NOT NULL,
  account TEXT NOT NULL,
  unit TEXT NOT NULL,
  method TEXT NOT NULL,
  digest TEXT NOT NULL,
  document TEXT NOT NULL,
  signature_id TEXT NOT NULL UNIQUE,
  signed_at_ms {int64} NOT NULL,
  CONSTRAINT order_signature_move CHECK (move IN ('propose', 'approve', 'emergency', 'ratify'))
) {strict};
CREATE INDEX order_signature_by_order ON order_signature (order_id, id);
{append_only order_signature}

CREATE TABLE publication_counter (
  one {int64} NOT NULL PRIMARY KEY,
  used {int64} NOT NULL,
  CONSTRAINT publication_counter_is_one CHECK (one = 1)
) {strict};
INSERT INTO publication_counter (one, used) VALUES (1, 0);
{no_delete publication_counter}

CREATE TABLE publication (
  sequence {int64} NOT NULL PRIMARY KEY,
  order_id TEXT NOT NULL REFERENCES block_order (id),
  action TEXT NOT NULL,
  basis TEXT NOT NULL,
  category TEXT NOT NULL,
  name TEXT NOT NULL,
  scope TEXT NOT NULL,
  at_ms {int64} NOT NULL,
  serve_until_ms {int64} NOT NULL,
  removed_by {int64},
  zone TEXT,
  serial {int64},
  published_at_ms {int64},
  CONSTRAINT publication_action CHECK (action IN ('add', 'remove')),
  CONSTRAINT publication_basis CHECK (basis IN ('orders', 'emergency'))
) {strict};
CREATE INDEX publication_by_order ON publication (order_id, sequence);
-- The published set: adds that no remove has ended. One for an order and basis.
CREATE UNIQUE INDEX publication_standing ON publication (order_id, basis)
  WHERE action = 'add' AND removed_by IS NULL;
CREATE INDEX publication_set ON publication (sequence) WHERE action = 'add' AND removed_by IS NULL;
{no_delete publication}
{no_update publication sequence, order_id, action, basis, category, name, scope, at_ms}

CREATE TABLE enforcement (
  order_id TEXT NOT NULL REFERENCES block_order (id),
  resolver TEXT NOT NULL,
  state TEXT NOT NULL,
  zone TEXT NOT NULL,
  serial {int64} NOT NULL,
  changed_at_ms {int64} NOT NULL,
  PRIMARY KEY (order_id, resolver),
  CONSTRAINT enforcement_state CHECK (state IN ('pending', 'applied', 'verified', 'drifted',
    'lift_pending', 'lift_verified'))
) {strict};
CREATE INDEX enforcement_open ON enforcement (state, changed_at_ms);
)";

constexpr std::string_view schema_orders_sqlite = R"(
CREATE TRIGGER block_order_has_evidence BEFORE UPDATE OF state ON block_order
WHEN NEW.state IN ('proposed', 'approved')
  AND NOT EXISTS (SELECT 1 FROM order_evidence WHERE order_id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'khien:block_order_has_evidence'); END;
CREATE TRIGGER block_order_has_signatures BEFORE UPDATE OF state ON block_order
WHEN NEW.state = 'approved' AND OLD.state <> 'approved' AND
  (SELECT count(DISTINCT account) FROM order_signature WHERE order_id = NEW.id)
    < CASE WHEN NEW.approver IS NULL THEN 1 ELSE 2 END
BEGIN SELECT RAISE(ABORT, 'khien:block_order_has_signatures'); END;
CREATE TRIGGER order_evidence_is_signed_insert BEFORE INSERT ON order_evidence
WHEN (SELECT state FROM block_order WHERE id = NEW.order_id)
  NOT IN ('draft', 'impact_checked', 'returned')
BEGIN SELECT RAISE(ABORT, 'khien:order_evidence_is_signed'); END;
CREATE TRIGGER order_evidence_is_signed_delete BEFORE DELETE ON order_evidence
WHEN (SELECT state FROM block_order WHERE id = OLD.order_id)
  NOT IN ('draft', 'impact_checked', 'returned')
BEGIN SELECT RAISE(ABORT, 'khien:order_evidence_is_signed'); END;
)";

constexpr std::string_view schema_orders_postgresql = R"(
CREATE FUNCTION block_order_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state IN ('proposed', 'approved')
     AND NOT EXISTS (SELECT 1 FROM order_evidence WHERE order_id = NEW.id) THEN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
      CONSTRAINT = 'block_order_has_evidence', MESSAGE = 'block_order_has_evidence';
  END IF;
  IF NEW.state = 'approved' AND OLD.state <> 'approved' AND
     (SELECT count(DISTINCT account) FROM order_signature WHERE order_id = NEW.id)
       < (CASE WHEN NEW.approver IS NULL THEN 1 ELSE 2 END) THEN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
      CONSTRAINT = 'block_order_has_signatures', MESSAGE = 'block_order_has_signatures';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER block_order_guard BEFORE UPDATE OF state ON block_order
  FOR EACH ROW EXECUTE FUNCTION block_order_guard();
CREATE FUNCTION order_evidence_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE of_order TEXT;
BEGIN
  IF TG_OP = 'DELETE' THEN of_order := OLD.order_id; ELSE of_order := NEW.order_id; END IF;
  IF (SELECT state FROM block_order WHERE id = of_order)
     NOT IN ('draft', 'impact_checked', 'returned') THEN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
      CONSTRAINT = 'order_evidence_is_signed', MESSAGE = 'order_evidence_is_signed';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER order_evidence_guard BEFORE INSERT OR DELETE ON order_evidence
  FOR EACH ROW EXECUTE FUNCTION order_evidence_guard();
)";

constexpr std::string_view schema_appeals = R"(
CREATE TABLE appeal (
  id TEXT NOT NULL PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  order_id TEXT NOT NULL REFERENCES block_order (id),
  state TEXT NOT NULL,
  body TEXT NOT NULL,
  language TEXT NOT NULL,
  code_hash {octets} NOT NULL UNIQUE,
  submission_hash {octets} UNIQUE,
  suspends {int64} NOT NULL DEFAULT 0,
  assignee TEXT,
  outcome TEXT,
  reason TEXT NOT NULL DEFAULT '',
  lodged_at_ms {int64} NOT NULL,
  decided_at_ms {int64},
  change_sequence {int64} NOT NULL,
  version {int64} NOT NULL DEFAULT 1,
  CONSTRAINT appeal_state CHECK (state IN ('lodged', 'inadmissible', 'admitted', 'assigned',
    'decided', 'executed')),
  CONSTRAINT appeal_outcome CHECK (outcome IS NULL OR outcome IN ('upheld', 'partly', 'denied')),
  CONSTRAINT appeal_decided_says_how CHECK (
    (state IN ('decided', 'executed')) = (outcome IS NOT NULL)),
  CONSTRAINT appeal_refusal_says_why CHECK (state <> 'inadmissible' OR reason <> '')
) {strict};
CREATE INDEX appeal_by_order ON appeal (order_id);
CREATE INDEX appeal_by_state ON appeal (state, change_sequence);
{no_delete appeal}
{no_update appeal id, number, order_id, body, code_hash, lodged_at_ms}
CREATE TABLE appeal_contact (
  appeal_id TEXT NOT NULL PRIMARY KEY REFERENCES appeal (id),
  sealed {octets} NOT NULL
) {strict};
)";

// What rechecks found. Settled once; only a person, with a reason, keeps a block against a finding.
// Nothing here holds an address: what DNS says of a listed name never becomes a rule.
constexpr std::string_view schema_lift_proposals = R"(
CREATE TABLE lift_proposal (
  id {serial_key},
  order_id TEXT NOT NULL REFERENCES block_order (id),
  finding TEXT NOT NULL,
  looks {int64} NOT NULL,
  since_ms {int64} NOT NULL,
  server TEXT NOT NULL,
  state TEXT NOT NULL,
  proposed_at_ms {int64} NOT NULL,
  lapses_at_ms {int64} NOT NULL,
  settled_by TEXT,
  settled_at_ms {int64},
  reason TEXT NOT NULL DEFAULT '',
  CONSTRAINT lift_proposal_finding CHECK (finding IN ('dead', 'parked', 'sinkholed',
    'reregistered')),
  CONSTRAINT lift_proposal_state CHECK (state IN ('open', 'kept', 'lifted', 'lapsed',
    'withdrawn')),
  CONSTRAINT lift_proposal_settled CHECK ((state = 'open') = (settled_at_ms IS NULL)),
  CONSTRAINT lift_proposal_kept_by_a_person CHECK (state <> 'kept'
    OR (settled_by IS NOT NULL AND reason <> '')),
  CONSTRAINT lift_proposal_ends CHECK (lapses_at_ms > proposed_at_ms
    AND lapses_at_ms - proposed_at_ms <= 5184000000)
) {strict};
CREATE UNIQUE INDEX lift_proposal_open ON lift_proposal (order_id) WHERE state = 'open';
CREATE INDEX lift_proposal_by_order ON lift_proposal (order_id, id);
CREATE INDEX lift_proposal_soonest ON lift_proposal (lapses_at_ms, id) WHERE state = 'open';
{no_delete lift_proposal}
{no_update lift_proposal order_id, finding, looks, since_ms, server, proposed_at_ms, lapses_at_ms}
{refuse lift_proposal_settled_once|UPDATE OF state ON lift_proposal|OLD.state <> 'open'}
)";

// `content_gone` joins the findings. SQLite cannot change a constraint: there the table is made
// anew.
constexpr std::string_view schema_content_gone_sqlite = R"(
CREATE TABLE lift_proposal_next (
  id {serial_key},
  order_id TEXT NOT NULL REFERENCES block_order (id),
  finding TEXT NOT NULL,
  looks {int64} NOT NULL,
  since_ms {int64} NOT NULL,
  server TEXT NOT NULL,
  state TEXT NOT NULL,
  proposed_at_ms {int64} NOT NULL,
  lapses_at_ms {int64} NOT NULL,
  settled_by TEXT,
  settled_at_ms {int64},
  reason TEXT NOT NULL DEFAULT '',
  CONSTRAINT lift_proposal_finding CHECK (finding IN ('dead', 'parked', 'sinkholed',
    'reregistered', 'content_gone')),
  CONSTRAINT lift_proposal_state CHECK (state IN ('open', 'kept', 'lifted', 'lapsed',
    'withdrawn')),
  CONSTRAINT lift_proposal_settled CHECK ((state = 'open') = (settled_at_ms IS NULL)),
  CONSTRAINT lift_proposal_kept_by_a_person CHECK (state <> 'kept'
    OR (settled_by IS NOT NULL AND reason <> '')),
  CONSTRAINT lift_proposal_ends CHECK (lapses_at_ms > proposed_at_ms
    AND lapses_at_ms - proposed_at_ms <= 5184000000)
) {strict};
INSERT INTO lift_proposal_next (id, order_id, finding, looks, since_ms, server, state,
  proposed_at_ms, lapses_at_ms, settled_by, settled_at_ms, reason)
SELECT id, order_id, finding, looks, since_ms, server, state, proposed_at_ms, lapses_at_ms,
  settled_by, settled_at_ms, reason FROM lift_proposal ORDER BY id;
DROP TABLE lift_proposal;
ALTER TABLE lift_proposal_next RENAME TO lift_proposal;
CREATE UNIQUE INDEX lift_proposal_open ON lift_proposal (order_id) WHERE state = 'open';
CREATE INDEX lift_proposal_by_order ON lift_proposal (order_id, id);
CREATE INDEX lift_proposal_soonest ON lift_proposal (lapses_at_ms, id) WHERE state = 'open';
{no_delete lift_proposal}
{no_update lift_proposal order_id, finding, looks, since_ms, server, proposed_at_ms, lapses_at_ms}
{refuse lift_proposal_settled_once|UPDATE OF state ON lift_proposal|OLD.state <> 'open'}
)";
constexpr std::string_view schema_content_gone_postgresql = R"(
ALTER TABLE lift_proposal DROP CONSTRAINT lift_proposal_finding;
ALTER TABLE lift_proposal ADD CONSTRAINT lift_proposal_finding CHECK (finding IN ('dead',
  'parked', 'sinkholed', 'reregistered', 'content_gone'));
)";

// Decided once, by a person, with a reason; what is upheld has an end.
constexpr std::string_view schema_listing_objections = R"(
CREATE TABLE listing_objection (
  id TEXT NOT NULL PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  salt TEXT NOT NULL,
  lists TEXT NOT NULL,
  state TEXT NOT NULL,
  body TEXT NOT NULL,
  language TEXT NOT NULL,
  code_hash {octets} NOT NULL UNIQUE,
  submission_hash {octets} UNIQUE,
  decided_by TEXT,
  reason TEXT NOT NULL DEFAULT '',
  lodged_at_ms {int64} NOT NULL,
  decided_at_ms {int64},
  until_ms {int64},
  change_sequence {int64} NOT NULL,
  version {int64} NOT NULL DEFAULT 1,
  CONSTRAINT listing_objection_state CHECK (state IN ('lodged', 'upheld', 'denied')),
  CONSTRAINT listing_objection_decided CHECK ((state = 'lodged') = (decided_by IS NULL)
    AND (state = 'lodged') = (decided_at_ms IS NULL)),
  CONSTRAINT listing_objection_says_why CHECK (state = 'lodged' OR reason <> ''),
  CONSTRAINT listing_objection_ends CHECK ((state = 'upheld') = (until_ms IS NOT NULL))
) {strict};
CREATE INDEX listing_objection_by_state ON listing_objection (state, change_sequence);
CREATE INDEX listing_objection_upheld ON listing_objection (until_ms) WHERE state = 'upheld';
{no_delete listing_objection}
{no_update listing_objection id, number, name, salt, lists, body, code_hash, lodged_at_ms}
{refuse listing_objection_decided_once|UPDATE OF state ON listing_objection|OLD.state <> 'lodged'}
CREATE TABLE listing_objection_contact (
  objection_id TEXT NOT NULL PRIMARY KEY REFERENCES listing_objection (id),
  sealed {octets} NOT NULL
) {strict};
)";

}  // namespace khien::cases
