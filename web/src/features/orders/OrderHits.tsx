// How often an order was applied, as far as resolvers tell it: sums over everybody, never of one
// person. A bar a day, and the same numbers as a table for who does not see bars.
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { orderHitsQuery } from '@/api/queries';
import type { OrderHits as Hits, Order } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Icon } from '@/ui/icons';
import { Facts, Section } from '@/ui/Page';
import { Loaded } from '@/ui/States';

const barWidth = 8;
const barStep = 10;
const chartHeight = 64;
const barHeightMin = 2; // a day with hits is never invisible

function Bars({ days, label }: { days: Hits['days']; label: string }) {
  const most = Math.max(...days.map(({ hits }) => hits));
  return (
    <svg
      className="k-bars"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${days.length * barStep} ${chartHeight + 1}`}
      preserveAspectRatio="none"
    >
      {days.map(({ from_ms, hits }, index) => {
        const height =
          hits === 0 ? 0 : Math.max(barHeightMin, Math.round((hits / most) * chartHeight));
        return (
          <rect
            key={from_ms}
            x={index * barStep + (barStep - barWidth) / 2}
            y={chartHeight - height}
            width={barWidth}
            height={height}
          />
        );
      })}
      <line x1="0" y1={chartHeight + 0.5} x2={days.length * barStep} y2={chartHeight + 0.5} />
    </svg>
  );
}

function DayTable({ days }: { days: Hits['days'] }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <details>
      <summary className="k-small">{t('app.hits.days')}</summary>
      <table className="k-plain-table">
        <thead>
          <tr>
            <th scope="col">{t('app.hits.day')}</th>
            <th scope="col">{t('app.hits.count')}</th>
          </tr>
        </thead>
        <tbody>
          {days
            .filter(({ hits }) => hits > 0)
            .reverse()
            .map(({ from_ms, hits }) => (
              <tr key={from_ms}>
                <td>{format.date(from_ms)}</td>
                <td>{format.number(hits)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </details>
  );
}

function Chart({ days }: { days: Hits['days'] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const sum = days.reduce((all, { hits }) => all + hits, 0);
  const top = days.reduce((most, day) => (day.hits > most.hits ? day : most));
  const [first, last] = [days[0], days.at(-1)];
  if (sum === 0 || first === undefined || last === undefined) {
    return <p className="k-dim k-small">{t('app.hits.none-lately')}</p>;
  }
  const label = t('app.hits.chart', {
    sum: format.number(sum),
    most: format.number(top.hits),
    day: format.date(top.from_ms),
  });
  return (
    <div className="k-stack">
      <figure className="k-figure">
        <Bars days={days} label={label} />
        <figcaption className="k-row k-between k-dim k-small" aria-hidden="true">
          <span>{format.date(first.from_ms)}</span>
          <span>{format.date(last.from_ms)}</span>
        </figcaption>
      </figure>
      <p className="k-dim k-small">{label}</p>
      <DayTable days={days} />
    </div>
  );
}

function Told({ hits }: { hits: Hits }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className="k-stack">
      {hits.resolvers === 0 && (
        <div className="k-note k-warn" role="status">
          <Icon name="warn" />
          <span>{t('app.hits.nobody')}</span>
        </div>
      )}
      {hits.total === 0 ? (
        hits.resolvers > 0 && <p className="k-dim">{t('app.hits.none')}</p>
      ) : (
        <>
          <Facts
            items={[
              [t('app.hits.total'), format.number(hits.total)],
              ...(hits.last_hour_ms === undefined
                ? []
                : [[t('app.hits.last'), format.dateTime(hits.last_hour_ms)] as [string, string]]),
              [t('app.hits.resolvers'), format.number(hits.resolvers)],
            ]}
          />
          <Chart days={hits.days} />
        </>
      )}
      <p className="k-dim k-small">{t('app.hits.note')}</p>
    </div>
  );
}

/** Nothing for an order that never was in force. */
export function OrderHits({ order }: { order: Order }) {
  const { t } = useTranslation();
  const wasInForce = order.valid_from_ms !== undefined;
  const query = useQuery({ ...orderHitsQuery(order.id), enabled: wasInForce });
  if (!wasInForce) return null;
  return (
    <Section title={t('app.hits')}>
      <Loaded query={query} rows={2}>
        {(hits) => <Told hits={hits} />}
      </Loaded>
    </Section>
  );
}
