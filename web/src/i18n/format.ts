// Times and sizes as people read them. Vietnam's time zone exists only here (STYLE section 5).
import { useTranslation } from 'react-i18next';
import type { Text } from '@/api/types';
import type { Language } from './index';

const timeZone = 'Asia/Ho_Chi_Minh';
const dayMs = 86_400_000;

// Intl says "this minute".
const justNow: Record<Language, [past: string, future: string]> = {
  vi: ['vừa xong', 'chưa đến một phút nữa'],
  en: ['just now', 'in less than a minute'],
};
const locales: Record<Language, string> = { vi: 'vi-VN', en: 'en-GB' };

export interface Format {
  language: Language;
  date: (ms: number) => string;
  dateTime: (ms: number) => string;
  /** "in 3 days", "5 minutes ago", from `now`. */
  relative: (ms: number, now?: number) => string;
  /** "41 seconds", "12 minutes", "3 hours", "5 days": whole ones of the largest unit. */
  duration: (ms: number) => string;
  number: (value: number) => string;
  percent: (value: number) => string;
  size: (octets: number) => string;
  text: (text: Text) => string;
}

export function makeFormat(language: Language): Format {
  const locale = locales[language];
  const date = new Intl.DateTimeFormat(locale, {
    timeZone,
    day: '2-digit',
    month: '2-digit',
    year: 'numeric',
  });
  const time = new Intl.DateTimeFormat(locale, {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const units = (['day', 'hour', 'minute', 'second'] as const).map((unit) => ({
    ms: { day: dayMs, hour: 3_600_000, minute: 60_000, second: 1_000 }[unit],
    text: new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }),
  }));
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  return {
    language,
    date: (ms) => date.format(ms),
    dateTime: (ms) => `${date.format(ms)} ${time.format(ms)}`,
    relative: (ms, now = Date.now()) => {
      const seconds = Math.round((ms - now) / 1000);
      const size = Math.abs(seconds);
      if (size < 60) return justNow[language][seconds > 0 ? 1 : 0];
      if (size < 3600) return relative.format(Math.trunc(seconds / 60), 'minute');
      if (size < 86_400) return relative.format(Math.trunc(seconds / 3600), 'hour');
      // "Ngày mai" stands within a sentence here.
      return relative.format(Math.trunc(seconds / 86_400), 'day').toLocaleLowerCase(locale);
    },
    duration: (ms) => {
      const unit = units.find((one) => ms >= one.ms) ?? units.at(-1);
      return unit === undefined ? '' : unit.text.format(Math.floor(ms / unit.ms));
    },
    number: (value) => number.format(value),
    percent: (value) => percent.format(value),
    size: (octets) => {
      if (octets < 1024) return `${number.format(octets)} B`;
      if (octets < 1024 ** 2) return `${number.format(octets / 1024)} KB`;
      return `${number.format(octets / 1024 ** 2)} MB`;
    },
    text: (text) => text[language],
  };
}

const formats: Record<Language, Format> = { vi: makeFormat('vi'), en: makeFormat('en') };

export function useFormat(): Format {
  const { i18n } = useTranslation();
  return formats[i18n.language === 'en' ? 'en' : 'vi'];
}

/** The day in Vietnam as <input type="date"> wants it. */
export function toDay(ms: number): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone }).format(ms);
}

/** The last millisecond of that day in Vietnam (UTC+7, no daylight saving). */
export function endOfDay(day: string): number {
  return Date.parse(`${day}T00:00:00+07:00`) + dayMs - 1;
}

export function addDays(ms: number, days: number): number {
  return ms + days * dayMs;
}
