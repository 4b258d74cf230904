// A list of records: a table on a wide screen, cards on a narrow one. j and k move, Enter opens.
// One page of rows at a time, so that 10,000 records cost no more than 50.
import { Button } from '@mantine/core';
import { flexRender, getCoreRowModel, useReactTable, type ColumnDef } from '@tanstack/react-table';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from './icons';
import { useKeys } from './useKeys';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the type that the library asks for
export type Column<Row> = ColumnDef<Row, any>;

/** Rows are found by their first link, which Enter opens by itself once it has the focus. */
function useRowKeys(pager: PagerProps | undefined) {
  const root = useRef<HTMLDivElement>(null);
  const links = () => {
    const seen = new Set<Element>();
    return [...(root.current?.querySelectorAll<HTMLElement>('[data-row] a') ?? [])].filter(
      (link) => {
        const row = link.closest('[data-row]');
        if (row === null || seen.has(row)) return false;
        seen.add(row);
        return true;
      },
    );
  };
  const move = (step: 1 | -1) => {
    const all = links();
    const active = document.activeElement?.closest('[data-row]') ?? null;
    const at = all.findIndex((link) => link.closest('[data-row]') === active);
    const next = step === 1 ? at + 1 : Math.max(at - 1, 0);
    all[Math.min(next, all.length - 1)]?.focus();
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    n: pager?.onNext,
    p: pager?.onBack,
  });
  useEffect(() => {
    // Nothing has the focus yet: Enter opens the first row.
    const onEnter = (event: KeyboardEvent) => {
      if (event.key !== 'Enter' || event.defaultPrevented || event.target !== document.body) return;
      if (document.querySelector('[role=dialog]') === null) links()[0]?.click();
    };
    window.addEventListener('keydown', onEnter);
    return () => window.removeEventListener('keydown', onEnter);
  }, []);
  return root;
}

export function DataTable<Row extends { id: string }>({
  label,
  columns,
  rows,
  pager,
}: {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  pager?: PagerProps;
}) {
  const root = useRowKeys(pager);
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing here is memoised
  const table = useReactTable({
    data: rows,
    columns,
    getCoreRowModel: getCoreRowModel(),
    getRowId: (row) => row.id,
  });
  return (
    <div ref={root}>
      <table className="k-table" aria-label={label}>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => (
                <th key={header.id} scope="col">
                  {flexRender(header.column.columnDef.header, header.getContext())}
                </th>
              ))}
            </tr>
          ))}
        </thead>
        <tbody>
          {table.getRowModel().rows.map((row) => (
            <tr key={row.id} data-row>
              {row.getVisibleCells().map((cell) => (
                <td key={cell.id} data-label={String(cell.column.columnDef.header ?? '')}>
                  {flexRender(cell.column.columnDef.cell, cell.getContext())}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {pager !== undefined && <Pager {...pager} />}
    </div>
  );
}

export interface PagerProps {
  page: number;
  onBack: (() => void) | undefined;
  onNext: (() => void) | undefined;
}

export function Pager({ page, onBack, onNext }: PagerProps) {
  const { t } = useTranslation();
  if (onBack === undefined && onNext === undefined) return null;
  return (
    <nav className="k-pager" aria-label={t('app.pages')}>
      <Button
        variant="default"
        disabled={onBack === undefined}
        onClick={onBack}
        leftSection={<Icon name="back" />}
      >
        {t('app.page-back')}
      </Button>
      <span className="k-dim">{t('app.page', { page })}</span>
      <Button
        variant="default"
        disabled={onNext === undefined}
        onClick={onNext}
        rightSection={<Icon name="next" />}
      >
        {t('app.page-next')}
      </Button>
    </nav>
  );
}
