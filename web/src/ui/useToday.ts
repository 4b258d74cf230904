// The time when a form opened: days are counted from it, so that nothing shifts while one types.
import { useState } from 'react';

export function useToday(): number {
  const [now] = useState(() => Date.now());
  return now;
}
