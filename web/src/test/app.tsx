// The whole app at one address, against answers that a test gives.
import { act, render } from '@testing-library/react';
import { vi } from 'vitest';
import { App } from '@/app/App';
import type { ProblemBody } from '@/api/types';
import { answerKey, answers } from './fixtures';

export interface Sent {
  key: string;
  path: string;
  query: URLSearchParams;
  headers: Headers;
  body: unknown;
}

export class Refuse {
  readonly status: number;
  readonly problem: ProblemBody;
  constructor(status: number, problem: Partial<ProblemBody>) {
    this.status = status;
    this.problem = { code: 'denied', reason: '', message: 'test', ...problem };
  }
}

type Answer = unknown | ((sent: Sent) => unknown);

/** Stands in for EventSource; `emit` sends what the server would. */
export class FakeEvents {
  static last: FakeEvents | undefined;
  readonly listeners = new Map<string, ((event: MessageEvent<string>) => void)[]>();
  constructor() {
    FakeEvents.last = this;
  }
  addEventListener(name: string, listener: (event: MessageEvent<string>) => void) {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
  }
  close() {}
  emit(change: object) {
    const event = new MessageEvent('changed', { data: JSON.stringify(change) });
    for (const listener of this.listeners.get('changed') ?? []) listener(event);
  }
}

/** Opens `address` below /app. `own` answers come before the fixtures'. Returns what was asked. */
export async function openApp(address: string, own: Record<string, Answer> = {}): Promise<Sent[]> {
  const sent: Sent[] = [];
  vi.stubGlobal('EventSource', FakeEvents);
  vi.stubGlobal('fetch', async (input: Request | string, init?: RequestInit) => {
    const request = input instanceof Request ? input : new Request(input, init);
    const url = new URL(request.url);
    const key = answerKey(request.method, url.pathname);
    const text = request.method === 'GET' ? '' : await request.text();
    const asked: Sent = {
      key,
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: text.startsWith('{') ? JSON.parse(text) : text,
    };
    sent.push(asked);
    const given = key in own ? own[key] : answers[key];
    const answer: unknown = typeof given === 'function' ? given(asked) : given;
    if (answer instanceof Refuse) return Response.json(answer.problem, { status: answer.status });
    if (answer === undefined) {
      return Response.json({ code: 'not_found', reason: '', message: key }, { status: 404 });
    }
    return Response.json(answer);
  });
  window.history.replaceState(null, '', `/app${address}`);
  await act(async () => {
    render(<App />);
  });
  return sent;
}
