// @vitest-environment node
// The contract itself: valid OpenAPI, and the rules that its head states.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { validate } from '@readme/openapi-parser';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Operation {
  operationId?: string;
  security?: Record<string, unknown>[];
  parameters?: { $ref?: string }[];
  responses: Record<string, unknown>;
  'x-right'?: string;
}

const file = fileURLToPath(new URL('../../../api/openapi.yaml', import.meta.url));
const contract = parse(readFileSync(file, 'utf8')) as {
  paths: Record<string, Record<string, Operation>>;
};
const operations = Object.entries(contract.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);

describe('api/openapi.yaml', () => {
  it('is valid OpenAPI 3.1', async () => {
    const verdict = await validate(file);
    expect(verdict).toMatchObject({ valid: true });
  });

  it('names every operation once and its right', () => {
    const names = operations.map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
    expect(names).not.toContain(undefined);
    expect(operations.filter(({ operation }) => operation['x-right'] === undefined)).toEqual([]);
  });

  it('asks for the CSRF token wherever a session changes something', () => {
    // A program's key comes in a header of its own making: no browser adds it by itself.
    const byKey = (security: Record<string, unknown>[] = [{ session: [] }]) =>
      security.length > 0 && security.every((way) => 'resolver' in way || 'probe' in way);
    const open = operations.filter(
      ({ method, operation }) =>
        method !== 'get' &&
        operation['x-right'] !== 'public' &&
        !byKey(operation.security) &&
        !(operation.parameters ?? []).some(({ $ref }) => $ref === '#/components/parameters/Csrf'),
    );
    expect(open.map(({ path }) => path)).toEqual([]);
  });

  it('answers every refusal with a Problem', () => {
    const bare = operations.filter(
      ({ path, operation }) => path !== '/healthz' && !('default' in operation.responses),
    );
    expect(bare.map(({ path }) => path)).toEqual([]);
  });

  it('keeps codes out of addresses', () => {
    expect(operations.filter(({ path }) => /\{[a-z_]*code[a-z_]*\}/.test(path))).toEqual([]);
  });
});
