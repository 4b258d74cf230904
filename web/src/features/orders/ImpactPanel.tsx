// What a block would cost, in plain words, worst first.
import { useTranslation } from 'react-i18next';
import type { Impact } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Icon } from '@/ui/icons';
import { impactLook } from './states';

const weight = { refuse: 0, serious: 1, caution: 2, info: 3, clear: 4 };

export function ImpactPanel({ impact }: { impact: Impact }) {
  const { t } = useTranslation();
  const format = useFormat();
  const look = impactLook[impact.verdict];
  const findings = [...impact.findings].sort((a, b) => weight[a.severity] - weight[b.severity]);
  return (
    <div className="k-stack">
      <div className={`k-note k-${look.tone}`}>
        <Icon name={look.icon} size={20} />
        <div>
          <strong>{t(`impact.${impact.verdict}`)}</strong>
          {impact.summary !== undefined && <p>{format.text(impact.summary)}</p>}
        </div>
      </div>
      <ul className="k-list">
        {findings.map((finding) => {
          const of = impactLook[finding.severity];
          return (
            <li key={finding.rule + finding.text.en} className={`k-note k-${of.tone}`}>
              <Icon name={of.icon} />
              <div>
                <p>{format.text(finding.text)}</p>
                {finding.source !== undefined && finding.source !== '' && (
                  <p className="k-small">{t('app.impact.source', { source: finding.source })}</p>
                )}
              </div>
            </li>
          );
        })}
      </ul>
      {impact.covers !== undefined && impact.covers.length > 0 && (
        <p className="k-small">
          {t('app.impact.covers')} <span className="k-mono">{impact.covers.join(', ')}</span>
        </p>
      )}
      <p className="k-dim k-small">
        {t('app.impact.checked', { when: format.dateTime(impact.checked_at_ms) })}
      </p>
    </div>
  );
}
