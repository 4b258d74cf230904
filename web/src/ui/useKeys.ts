// Single keys of a screen. They do nothing while a person types, while a dialog is open, or together
// with Ctrl, Alt or the like, which belong to the browser.
import { useEffect, useRef } from 'react';

/** True while the person types somewhere, so that letters are not ours to take. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
  );
}

/** What a key does; undefined where it does nothing now. Keys as KeyboardEvent.key. */
export type Keys = Partial<Record<string, (() => void) | undefined>>;

export function useKeys(keys: Keys): void {
  const now = useRef(keys);
  useEffect(() => {
    now.current = keys;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isTyping(event.target) || document.querySelector('[role=dialog]') !== null) return;
      const run = now.current[event.key];
      if (run === undefined) return;
      event.preventDefault();
      run();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}
