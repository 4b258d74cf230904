// The time now, looked at again every so often: for what says how long is left.
import { useEffect, useState } from 'react';

const lookAgainMs = 20_000; // words change by the minute

export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), lookAgainMs);
    return () => clearInterval(timer);
  }, []);
  return now;
}
