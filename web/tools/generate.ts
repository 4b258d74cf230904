// Writes src/generated/ before type checks, tests and builds: the API's types from the contract and
// the theme as a plain style sheet. The style sheet exists because Mantine would otherwise add its
// variables in a <style> at run time, which our CSP refuses (docs/adr/0800-strict-csp.md).
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  convertCssVariables,
  defaultCssVariablesResolver,
  mergeMantineTheme,
  DEFAULT_THEME,
} from '@mantine/core';
import openapiTS, { astToString } from 'openapi-typescript';
import { resolver, theme } from '../src/ui/theme.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
mkdirSync(here('../src/generated'), { recursive: true });

const ast = await openapiTS(new URL('../../api/openapi.yaml', import.meta.url));
writeFileSync(here('../src/generated/schema.ts'), astToString(ast));

const merged = mergeMantineTheme(DEFAULT_THEME, theme);
const base = defaultCssVariablesResolver(merged);
const own = resolver(merged);
const variables = {
  variables: { ...base.variables, ...own.variables },
  light: { ...base.light, ...own.light },
  dark: { ...base.dark, ...own.dark },
};
writeFileSync(here('../src/generated/theme.css'), convertCssVariables(variables, ':root'));
