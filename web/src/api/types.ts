// Short names for the contract's types.
import type { components } from '../generated/schema.ts';

type Schemas = components['schemas'];
export type Account = Schemas['Account'];
export type AccountChange = Schemas['AccountChange'];
export type AccountChangeKind = Schemas['AccountChangeKind'];
export type Action = Schemas['Action'];
export type Appeal = Schemas['Appeal'];
export type AppealOutcome = Schemas['AppealOutcome'];
export type Objection = Schemas['Objection'];
export type AppealState = Schemas['AppealState'];
export type Case = Schemas['Case'];
export type CaseOutcome = Schemas['CaseOutcome'];
export type CaseState = Schemas['CaseState'];
export type CaseSummary = Schemas['CaseSummary'];
export type Category = Schemas['Category'];
export type Challenge = Schemas['Challenge'];
export type Change = Schemas['Change'];
export type Deadline = Schemas['Deadline'];
export type DueItem = Schemas['DueItem'];
export type Enforcement = Schemas['Enforcement'];
export type EvidenceDetail = Schemas['EvidenceDetail'];
export type EvidenceItem = Schemas['EvidenceItem'];
export type FactorKind = Schemas['FactorKind'];
export type Feed = Schemas['Feed'];
export type FeedCategory = Schemas['FeedCategory'];
export type FeedDraft = Schemas['FeedDraft'];
export type FeedFormat = Schemas['FeedFormat'];
export type FeedScope = Schemas['FeedScope'];
export type FindingGrounds = Schemas['FindingGrounds'];
export type Follower = Schemas['Follower'];
export type FollowerServer = Schemas['FollowerServer'];
export type FollowerState = Schemas['FollowerState'];
export type FollowerZone = Schemas['FollowerZone'];
export type Impact = Schemas['Impact'];
export type LegalGround = Schemas['LegalGround'];
export type Me = Schemas['Me'];
export type Meta = Schemas['Meta'];
export type Order = Schemas['Order'];
export type OrderHits = Schemas['OrderHits'];
export type OrderRechecks = Schemas['OrderRechecks'];
export type OrderState = Schemas['OrderState'];
export type OrderSummary = Schemas['OrderSummary'];
export type Overview = Schemas['Overview'];
export type OrderAtProvider = Schemas['OrderAtProvider'];
export type ProblemBody = Schemas['Problem'];
export type Gate = Schemas['Gate'];
export type GateOutcome = Schemas['GateOutcome'];
export type FoundEntry = Schemas['FoundEntry'];
export type LiftProposal = Schemas['LiftProposal'];
export type LiftProposalItem = Schemas['LiftProposalList']['items'][number];
export type HeldChange = Schemas['HeldChange'];
export type Publication = Schemas['Publication'];
export type PublicationSet = Schemas['PublicationSet'];
export type PublicationZone = Schemas['PublicationZone'];
export type PublisherPair = Schemas['PublisherPair'];
export type Provider = Schemas['Provider'];
export type ProviderChange = Schemas['ProviderChange'];
export type ProviderCheck = Schemas['ProviderCheck'];
export type ProviderDetail = Schemas['ProviderDetail'];
export type ProviderTask = Schemas['ProviderTask'];
export type ProviderVerdict = Schemas['ProviderVerdict'];
export type Report = Schemas['Report'];
export type Role = Schemas['Role'];
export type Scope = Schemas['Scope'];
export type SeenName = Schemas['SeenName'];
export type Signature = Schemas['Signature'];
export type SignedMoveName = Schemas['SignedMoveName'];
export type Subject = Schemas['Subject'];
export type Text = Schemas['Text'];
export type Trial = Schemas['Trial'];
export type TrialStage = Schemas['TrialStage'];
export type TimelineEntry = Schemas['TimelineEntry'];
export type Verdict = Schemas['Verdict'];
export type WebauthnRequestOptions = Schemas['WebauthnRequestOptions'];
export type WebauthnCreationOptions = Schemas['WebauthnCreationOptions'];

export const categories: readonly Category[] = [
  'phishing',
  'fraud',
  'malware',
  'unlawful-gambling',
  'spam',
  'intrusion',
  'child-abuse',
  'intimate-abuse',
  'illegal-trade',
  'threats',
];

/** What I may do with a record, and if not, why. An action that the server does not name is denied. */
export function findAction(
  record: { actions?: Action[] | undefined },
  action: Action['action'],
): Action {
  return (
    record.actions?.find((entry) => entry.action === action) ?? {
      action,
      allowed: false,
      reason: '',
    }
  );
}
