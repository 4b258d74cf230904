// Our colours and sizes. tools/generate.ts turns this into a style sheet at build time, so no import
// here may need a browser.
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

// A calm blue-green; shade 7 carries white text at 5.9:1, shade 4 carries black text in the dark.
const shield: MantineColorsTuple = [
  '#e9f6fb',
  '#d6eaf2',
  '#abd5e5',
  '#7dbfd8',
  '#58adcd',
  '#3f9fc4',
  '#2587ab',
  '#17617d',
  '#124e65',
  '#0b3c4f',
];

export const theme = createTheme({
  primaryColor: 'shield',
  primaryShade: { light: 7, dark: 7 },
  colors: { shield },
  fontFamily:
    "'Be Vietnam Pro', 'Noto Sans', 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
  fontFamilyMonospace: "'JetBrains Mono', 'Noto Sans Mono', 'DejaVu Sans Mono', Menlo, monospace",
  headings: { fontWeight: '650' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
});

// Mantine's own dimmed and placeholder greys miss 4.5:1 (WCAG 2.2, 1.4.3).
export const resolver: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#52606b',
    '--mantine-color-placeholder': '#66727d',
    '--mantine-color-body': '#ffffff',
    '--mantine-color-error': '#c02626',
    '--mantine-color-anchor': '#17617d',
    '--khien-canvas': '#f4f6f8',
    '--khien-line': '#dde3e8',
    '--khien-good': '#17693b',
    '--khien-good-bg': '#e3f5ea',
    '--khien-info': '#17587a',
    '--khien-info-bg': '#e4f1f8',
    '--khien-warn': '#7d4a00',
    '--khien-warn-bg': '#fdf1d8',
    '--khien-bad': '#a61b1b',
    '--khien-bad-bg': '#fde8e8',
    '--khien-plain': '#45525d',
    '--khien-plain-bg': '#edf0f3',
  },
  dark: {
    '--mantine-color-dimmed': '#a9b4be',
    '--mantine-color-placeholder': '#929da8',
    '--mantine-color-body': '#171b1f',
    '--mantine-color-text': '#e3e8ec',
    '--mantine-color-error': '#ff9191',
    '--mantine-color-anchor': '#7dbfd8',
    '--khien-canvas': '#0f1214',
    '--khien-line': '#2d353c',
    '--khien-good': '#86d9a5',
    '--khien-good-bg': '#14301f',
    '--khien-info': '#93cdea',
    '--khien-info-bg': '#12303f',
    '--khien-warn': '#f0c36d',
    '--khien-warn-bg': '#3a2b0c',
    '--khien-bad': '#ffa3a3',
    '--khien-bad-bg': '#431a1a',
    '--khien-plain': '#c1cad2',
    '--khien-plain-bg': '#262d33',
  },
});
