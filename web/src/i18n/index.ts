// Vietnamese first. The catalogue is shared with the pages that khiend renders: flat keys, the same
// in both languages (catalogue.test.ts), values with {{name}}.
import en from '@catalogue/app.en.json';
import vi from '@catalogue/app.vi.json';
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';

export type Language = 'vi' | 'en';
const storageKey = 'khien.language';

export function savedLanguage(): Language {
  return localStorage.getItem(storageKey) === 'en' ? 'en' : 'vi';
}

export function setLanguage(language: Language): void {
  localStorage.setItem(storageKey, language);
  document.documentElement.lang = language;
  void i18next.changeLanguage(language);
}

export function startI18n(language: Language): void {
  document.documentElement.lang = language;
  void i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: 'vi',
    resources: { vi: { translation: vi }, en: { translation: en } },
    keySeparator: false,
    nsSeparator: false,
    interpolation: { escapeValue: false }, // React escapes
  });
}

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof vi };
    keySeparator: false;
    nsSeparator: false;
  }
}
