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

/** Pages of the case's links as an order on one names them: without scheme, query and last slash. */
export function blockablePages(record: Case): string[] {
  const pages = record.subjects
    .filter(({ kind, verdict }) => kind === 'url' && verdict !== 'benign')
    .map(({ value }) => pageOf(value));
  return [...new Set(pages)].filter((page) => page !== '');
}

/** What to name when a person goes from a name to a page, or back. */
export function nameForScope(name: string, ofPage: boolean, pages: readonly string[]): string {
  const host = hostOf(name.includes('://') ? name : `https://${name}`);
  if (!ofPage) return name.includes('/') && host !== '' ? host : name;
  if (name.includes('/')) return name;
  return pages.find((page) => page.startsWith(`${name}/`)) ?? pages[0] ?? name;
}

function pageOf(address: string): string {
  try {
    const { host, pathname } = new URL(address);
    const path = pathname.replace(/\/+$/, '');
    return path === '' ? '' : host + path;
  } catch {
    return '';
  }
}

function hostOf(address: string): string {
  try {
    return new URL(address).hostname;
  } catch {
    return '';
  }
}
