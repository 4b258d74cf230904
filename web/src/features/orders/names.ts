// Which of a case's subjects an order can name.
import type { Case, Subject } from '@/api/types';

const order: Subject['kind'][] = ['host', 'domain', 'url'];

export interface BlockableName {
  value: string;
  display: string;
}

/** Hosts first, then domains, each name once. A subject judged benign is left out. */
export function blockableNames(record: Case): BlockableName[] {
  const found = new Map<string, BlockableName>();
  const subjects = record.subjects
    .filter(({ kind, verdict }) => order.includes(kind) && verdict !== 'benign')
    .sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  for (const subject of subjects) {
    const value = subject.kind === 'url' ? hostOf(subject.value) : subject.value;
    if (value !== '' && !found.has(value)) {
      found.set(value, {
        value,
        display: subject.kind === 'url' ? value : subject.display,
      });
    }
  }
  return [...found.values()];
}

function hostOf(address: string): string {
  try {
    return new URL(address).hostname;
  } catch {
    return '';
  }
}
