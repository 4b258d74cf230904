// A word with a meaning in colour and, where it matters, in shape too: never colour alone.
import type { ReactNode } from 'react';
import { Icon, type IconName } from './icons';

export type Tone = 'good' | 'info' | 'warn' | 'bad' | 'plain';

export function Tag({
  tone = 'plain',
  icon,
  children,
}: {
  tone?: Tone;
  icon?: IconName;
  children: ReactNode;
}) {
  return (
    <span className={`k-tag k-${tone}`}>
      {icon !== undefined && <Icon name={icon} size={14} />}
      <span>{children}</span>
    </span>
  );
}
