import { describe, expect, it } from 'vitest';
import { endOfDay, makeFormat, toDay } from './format';

describe('format', () => {
  it('shows Vietnam’s day, not UTC’s', () => {
    const lateEvening = Date.UTC(2026, 10, 23, 18, 30); // 01:30 on the 24th in Vietnam
    expect(makeFormat('vi').dateTime(lateEvening)).toBe('24/11/2026 01:30');
    expect(toDay(lateEvening)).toBe('2026-11-24');
  });

  it('ends a day at its last millisecond in Vietnam', () => {
    expect(endOfDay('2026-11-24')).toBe(Date.UTC(2026, 10, 24, 16, 59, 59, 999));
    expect(toDay(endOfDay('2026-11-24'))).toBe('2026-11-24');
  });

  it('says how far away a moment is', () => {
    const format = makeFormat('en');
    expect(format.relative(0, 0)).toBe('just now');
    expect(format.relative(30_000, 0)).toBe('in less than a minute');
    expect(makeFormat('vi').relative(86_400_000, 0)).toBe('ngày mai');
    expect(format.relative(3 * 3_600_000, 0)).toBe('in 3 hours');
    expect(format.relative(-2 * 86_400_000, 0)).toBe('2 days ago');
  });

  it('shows sizes in units people know', () => {
    const format = makeFormat('en');
    expect(format.size(999)).toBe('999 B');
    expect(format.size(482_113)).toBe('470.8 KB');
    expect(format.size(64 * 1024 * 1024)).toBe('64 MB');
  });
});
