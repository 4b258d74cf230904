// The one client of the API. Every call goes through `call`, which turns a Problem into an ApiError.
import createClient from 'openapi-fetch';
import type { paths } from '@/generated/schema';
import type { ProblemBody } from './types';

/** A request that did not work. `reason` is what the catalogue translates. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly reason: string;

  constructor(status: number, problem: Partial<ProblemBody>) {
    super(problem.message ?? `status ${status}`);
    this.status = status;
    this.code = problem.code ?? 'internal';
    this.reason = problem.reason ?? '';
  }
}

let csrfToken = '';

/** The token of the session; GET and POST /api/v1/session give it. It lives in memory only. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
}

export const api = createClient<paths>({
  baseUrl: window.location.origin,
  fetch: (request: Request) => globalThis.fetch(request), // looked up late, so that tests can stand in
});

api.use({
  onRequest({ request }) {
    if (request.method !== 'GET' && csrfToken !== '') {
      request.headers.set('X-CSRF-Token', csrfToken);
    }
    return request;
  },
});

type ProveFactor = () => Promise<boolean>;
let proveFactor: ProveFactor | undefined;

/**
 * Who asks for the second factor when the server wants a fresh one. It gives false where the person
 * would rather not; the refusal then stands.
 */
export function onStepUpNeeded(prove: ProveFactor | undefined): void {
  proveFactor = prove;
}

// A request can be sent once; its copy is what is repeated after the factor was shown.
const copies = new WeakMap<Request, Request>();

api.use({
  onRequest({ request }) {
    if (request.method !== 'GET') copies.set(request, request.clone());
    return undefined;
  },
  async onResponse({ request, response }) {
    const copy = copies.get(request);
    if (copy === undefined || response.status !== 403 || proveFactor === undefined)
      return undefined;
    const problem = (await response
      .clone()
      .json()
      .catch(() => undefined)) as Partial<ProblemBody> | undefined;
    if (problem?.reason !== 'step_up_needed' || !(await proveFactor())) return undefined;
    return globalThis.fetch(copy);
  },
});

/** For the `header` parameters of the contract; the value is set by the client itself. */
export const csrf = { 'X-CSRF-Token': '' } as const;

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data of an answer. Throws ApiError for a Problem, with reason `network` when nothing came. */
export async function call<T>(pending: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await pending;
  } catch {
    throw new ApiError(0, { code: 'unavailable', reason: 'network' });
  }
  if (!answer.response.ok) {
    const body = answer.error;
    const problem = body !== null && typeof body === 'object' ? (body as Partial<ProblemBody>) : {};
    throw new ApiError(answer.response.status, problem);
  }
  return answer.data as T;
}
