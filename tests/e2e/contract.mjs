// Compares every live answer with api/openapi.yaml: its path, method, status, media type and the whole body. Properties that
// the contract does not name are faults, too: it is the contract for those who write against it.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './stack.mjs';

const require = createRequire(join(root, 'web/package.json'));
const { default: Ajv } = require('ajv/dist/2020.js');
const contract = require('yaml').parse(readFileSync(join(root, 'api/openapi.yaml'), 'utf8'));

/** OpenAPI's allOf of objects cannot be closed one by one; unevaluatedProperties closes the whole. */
function close(schema) {
  if (Array.isArray(schema)) return schema.map(close);
  if (schema === null || typeof schema !== 'object') return schema;
  const out = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, close(value)]));
  delete out.discriminator;
  delete out.example;
  return out;
}
const closeTop = (schema) => {
  const isObject = schema.type === 'object' || schema.allOf;
  return isObject && schema.additionalProperties === undefined ? { ...schema, unevaluatedProperties: false } : schema;
};
// A part of an allOf stays open (its whole is closed), so each schema exists open and closed.
const names = Object.keys(contract.components.schemas);
const open = Object.fromEntries(names.map((name) => [name, close(contract.components.schemas[name])]));
const point = (value, inAllOf = false) => {
  if (Array.isArray(value)) return value.map((one) => point(one, inAllOf));
  if (value === null || typeof value !== 'object') return value;
  const out = {};
  for (const [key, part] of Object.entries(value)) {
    if (key === '$ref') out.$ref = `contract#/$defs/${part.split('/').at(-1)}${inAllOf ? '.open' : ''}`;
    else out[key] = point(part, key === 'allOf');
  }
  return out;
};
const $defs = {};
for (const name of names) {
  $defs[`${name}.open`] = point(open[name]);
  $defs[name] = closeTop(point(open[name]));
}
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema({ $id: 'contract', $defs });

const operations = Object.entries(contract.paths).map(([path, item]) => ({
  path,
  item,
  pattern: new RegExp(`^${path.replaceAll(/\{path\}/g, '.+').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}));
// A path without parameters is meant before one with them: orders/waiting is no order.
operations.sort((a, b) => Number(a.path.includes('{')) - Number(b.path.includes('{')));

const resolve = (value) =>
  value?.$ref === undefined ? value : value.$ref.slice(2).split('/').reduce((at, part) => at[part], contract);

/** What is wrong with an answer, in words; empty if it is as the contract says. */
export function compare(method, address, status, mediaType, body) {
  const path = new URL(address, 'http://localhost').pathname;
  const found = operations.find(({ pattern, item }) => pattern.test(path) && item[method.toLowerCase()]);
  if (!found) return status === 404 || status === 405 ? [] : [`${method} ${path} is not in the contract`];
  const { responses } = found.item[method.toLowerCase()];
  const response = resolve(responses[String(status)] ?? (status >= 400 ? responses.default : undefined));
  if (!response) return [`${method} ${found.path}: status ${status} is not in the contract`];
  if (!response.content) return body === '' ? [] : [`${method} ${found.path}: a body where none belongs`];
  const media = Object.keys(response.content).find((type) => mediaType.startsWith(type));
  if (!media) return [`${method} ${found.path}: ${mediaType} is not in the contract`];
  if (media !== 'application/json') return [];
  const validate = ajv.compile(closeTop(point(close(response.content[media].schema))));
  if (validate(body)) return [];
  return validate.errors.map(
    ({ instancePath, message, params }) =>
      `${method} ${found.path} ${status}: ${instancePath || '/'} ${message} ${params.unevaluatedProperty ?? params.missingProperty ?? ''}`,
  );
}

const seen = new Map();
/** Keeps what is wrong until faults() is asked. */
export function note(method, address, status, mediaType, body) {
  for (const fault of compare(method, address, status, mediaType, body)) seen.set(fault, (seen.get(fault) ?? 0) + 1);
}
export const faults = () => [...seen.keys()].sort();
