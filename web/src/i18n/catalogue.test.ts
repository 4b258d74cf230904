// @vitest-environment node
// Both languages say the same things, and no component says anything by itself.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import en from '@catalogue/app.en.json';
import vi from '@catalogue/app.vi.json';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const source = fileURLToPath(new URL('..', import.meta.url));
const names = (text: string) => [...text.matchAll(/\{\{\w+\}\}/g)].map(([name]) => name).sort();

describe('the catalogue', () => {
  it('has the same keys in both languages', () => {
    expect(Object.keys(en)).toEqual(Object.keys(vi));
  });

  it('fills in the same names in both languages', () => {
    const texts = en as Record<string, string>;
    const different = Object.entries(vi).filter(
      ([key, text]) => names(text).join() !== names(texts[key] ?? '').join(),
    );
    expect(different.map(([key]) => key)).toEqual([]);
  });

  it('is in NFC and has no empty text', () => {
    const bad = [...Object.entries(vi), ...Object.entries(en)].filter(
      ([, text]) => text.trim() === '' || text !== text.normalize('NFC'),
    );
    expect(bad).toEqual([]);
  });
});

const shown = new Set(['label', 'title', 'placeholder', 'description', 'alt', 'aria-label']);
const allowed = new Set(['Khiên', 'Tiếng Việt', 'English']);

/** Words in a component that no catalogue knows. */
function rawTexts(file: string): string[] {
  const tree = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);
  const found: string[] = [];
  const keep = (text: string) => {
    const trimmed = text.trim();
    if (/\p{L}{2}/u.test(trimmed) && !allowed.has(trimmed)) found.push(`${file}: ${trimmed}`);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node)) keep(node.text);
    if (
      ts.isJsxAttribute(node) &&
      shown.has(node.name.getText(tree)) &&
      node.initializer !== undefined &&
      ts.isStringLiteral(node.initializer)
    ) {
      keep(node.initializer.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

describe('components', () => {
  it('take every word from the catalogue', () => {
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.tsx') && !name.includes('test'))
      .map((name) => `${source}/${name}`);
    expect(files.length).toBeGreaterThan(30);
    expect(files.flatMap(rawTexts)).toEqual([]);
  });
});
