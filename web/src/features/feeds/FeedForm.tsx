// Proposing a subscription to a third party's list.
import { Button, NativeSelect, NumberInput, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import {
  categories,
  type FeedCategory,
  type FeedDraft,
  type FeedFormat,
  type FeedScope,
} from '@/api/types';
import { addDays, endOfDay, toDay } from '@/i18n/format';
import { Dialog } from '@/ui/Dialog';
import { Refusal } from '@/ui/States';
import { toastDone } from '@/ui/toast';
import { useToday } from '@/ui/useToday';

const formats: FeedFormat[] = ['hosts', 'domains', 'adblock', 'rpz', 'csv'];
const feedCategories: FeedCategory[] = [
  ...categories,
  'choice-adult',
  'choice-gambling',
  'choice-ads',
];
const scopes: FeedScope[] = ['host', 'domain'];
const saysItsScope: FeedFormat[] = ['hosts', 'adblock', 'rpz'];
const hour = 3600;
const usualDays = 90;
const usualChangePercent = 10;

export function FeedForm({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const today = useToday();
  const [draft, setDraft] = useState<FeedDraft>(() => ({
    name: '',
    source: '',
    format: 'domains',
    category: 'phishing',
    scope: 'host',
    column: '0',
    licence: '',
    entries_max: 100_000,
    change_max_percent: usualChangePercent,
    interval_s: 24 * hour,
    valid_until_ms: endOfDay(toDay(addDays(today, usualDays))),
    reason: '',
  }));
  const set = (part: Partial<FeedDraft>) => setDraft((old) => ({ ...old, ...part }));
  const propose = useMutation({
    mutationFn: () => call(api.POST('/api/v1/feeds', { params: { header: csrf }, body: draft })),
    onSuccess: () => {
      toastDone(t('app.feed.proposed'));
      void client.invalidateQueries({ queryKey: ['feed'] });
      onClose();
    },
  });
  return (
    <Dialog title={t('app.feed.propose')} opened onClose={onClose} size="lg">
      <form
        className="k-stack"
        onSubmit={(event) => {
          event.preventDefault();
          propose.mutate();
        }}
      >
        <p className="k-dim">{t('app.feed.explained')}</p>
        <TextInput
          label={t('app.feed.name')}
          data-autofocus
          required
          maxLength={100}
          value={draft.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <TextInput
          label={t('app.feed.source')}
          description={t('app.feed.source-hint')}
          required
          spellCheck={false}
          value={draft.source}
          onChange={(event) => set({ source: event.currentTarget.value })}
        />
        <div className="k-filters">
          <NativeSelect
            label={t('app.feed.format')}
            value={draft.format}
            onChange={(event) => set({ format: event.currentTarget.value as FeedFormat })}
            data={formats.map((value) => ({ value, label: t(`format.${value}`) }))}
          />
          <NativeSelect
            label={t('app.category')}
            value={draft.category}
            onChange={(event) => set({ category: event.currentTarget.value as FeedCategory })}
            data={feedCategories.map((value) => ({ value, label: t(`category.${value}`) }))}
          />
          {!saysItsScope.includes(draft.format) && (
            <NativeSelect
              label={t('app.feed.scope')}
              description={t('app.feed.scope-hint')}
              value={draft.scope}
              onChange={(event) => set({ scope: event.currentTarget.value as FeedScope })}
              data={scopes.map((value) => ({ value, label: t(`scope.${value}`) }))}
            />
          )}
          {draft.format === 'csv' && (
            <TextInput
              label={t('app.feed.column')}
              description={t('app.feed.column-hint')}
              required
              maxLength={100}
              spellCheck={false}
              value={draft.column}
              onChange={(event) => set({ column: event.currentTarget.value })}
            />
          )}
          <NumberInput
            label={t('app.feed.entries-max')}
            description={t('app.feed.entries-max-hint')}
            required
            min={1}
            max={5_000_000}
            value={draft.entries_max}
            onChange={(value) => set({ entries_max: Number(value) })}
          />
          <NumberInput
            label={t('app.feed.change-max')}
            min={0}
            max={100}
            value={draft.change_max_percent}
            onChange={(value) => set({ change_max_percent: Number(value) })}
          />
          <NumberInput
            label={t('app.feed.interval')}
            min={1}
            max={7 * 24}
            allowDecimal={false}
            value={(draft.interval_s ?? hour) / hour}
            onChange={(value) => set({ interval_s: Number(value) * hour })}
          />
          <TextInput
            type="date"
            label={t('app.feed.end-date')}
            required
            min={toDay(today)}
            value={toDay(draft.valid_until_ms)}
            onChange={(event) => {
              const day = event.currentTarget.value;
              if (day !== '') set({ valid_until_ms: endOfDay(day) });
            }}
          />
          <TextInput
            label={t('app.feed.licence')}
            maxLength={100}
            value={draft.licence}
            onChange={(event) => set({ licence: event.currentTarget.value })}
          />
        </div>
        <Textarea
          label={t('app.reason')}
          required
          rows={2}
          minLength={3}
          maxLength={2000}
          value={draft.reason}
          onChange={(event) => set({ reason: event.currentTarget.value })}
        />
        <Refusal error={propose.error} />
        <div className="k-row k-end">
          <Button variant="default" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" loading={propose.isPending}>
            {t('app.feed.propose')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
