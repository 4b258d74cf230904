// A screen's frame: title, what stands beside it, and the body; a titled part of it.
import { useEffect, type ReactNode } from 'react';

export function Page({
  title,
  lead,
  aside,
  children,
}: {
  title: string;
  lead?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Khiên`;
  }, [title]);
  return (
    <div className="k-page">
      <header className="k-page-head">
        <div className="k-grow">
          <h1 className="k-title">{title}</h1>
          {lead !== undefined && <div className="k-lead">{lead}</div>}
        </div>
        {aside !== undefined && <div className="k-row">{aside}</div>}
      </header>
      {children}
    </div>
  );
}

export function Section({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className="k-card" aria-label={title}>
      <div className="k-card-head">
        <h2 className="k-subtitle">{title}</h2>
        {aside !== undefined && <div className="k-row">{aside}</div>}
      </div>
      {children}
    </section>
  );
}

/** Label and value pairs. */
export function Facts({ items }: { items: [label: string, value: ReactNode][] }) {
  return (
    <dl className="k-facts">
      {items.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
