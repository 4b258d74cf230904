// The form of an order. It refuses early what the server would refuse, and says why.
import {
  Autocomplete,
  Button,
  Checkbox,
  NativeSelect,
  Radio,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import { groundsQuery } from '@/api/queries';
import { categories, type Case, type Category, type Meta, type Scope } from '@/api/types';
import { addDays, endOfDay, toDay, useFormat } from '@/i18n/format';
import { Section } from '@/ui/Page';
import { Loaded, Refusal } from '@/ui/States';
import { useToday } from '@/ui/useToday';
import { AddressFields, isOfAddresses, noGrounds, toldOf } from './AddressFields';
import { ImpactPanel } from './ImpactPanel';
import { blockableNames, blockablePages, nameForScope } from './names';
import { useImpact } from './useImpact';

const typingPauseMs = 300;
const usualScopes: readonly Scope[] = ['host', 'domain', 'url'];
const allScopes: readonly Scope[] = [...usualScopes, 'address', 'prefix'];
const hints = {
  host: 'app.order.name-hint',
  domain: 'app.order.name-hint',
  url: 'app.order.url-hint',
  address: 'app.order.address-hint',
  prefix: 'app.order.prefix-hint',
} as const satisfies Record<Scope, string>;

function lifeOf(meta: Meta, category: Category | '') {
  const facts = meta.categories.find(({ id }) => id === category);
  return { usual: facts?.order_days_default ?? 30, max: facts?.order_days_max ?? 365 };
}

export function OrderForm({
  record,
  meta,
  name: wanted,
}: {
  record: Case;
  meta: Meta;
  name?: string;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const client = useQueryClient();
  const navigate = useNavigate();
  const names = blockableNames(record);
  const pages = blockablePages(record);
  const addresses = record.subjects.filter(({ kind }) => kind === 'ip').map(({ value }) => value);
  const today = useToday();

  const [name, setName] = useState(wanted ?? names[0]?.value ?? '');
  const [scope, setScope] = useState<Scope>(wanted?.includes('/') === true ? 'url' : 'host');
  const scopes = meta.address_orders ? allScopes : usualScopes;
  const [address, setAddress] = useState(noGrounds);
  const [category, setCategory] = useState<Category | ''>(record.category ?? '');
  const [groundId, setGroundId] = useState('');
  const usable = record.evidence.filter(({ destroyed }) => !destroyed);
  const [evidenceIds, setEvidenceIds] = useState(() => usable.map(({ id }) => id));
  const [reason, setReason] = useState('');
  const life = lifeOf(meta, category);
  const [chosenDay, setChosenDay] = useState('');
  const day = chosenDay || toDay(addDays(today, life.usual));

  const [checkedName] = useDebouncedValue(name.trim(), typingPauseMs);
  const [told] = useDebouncedValue(toldOf(scope, address), typingPauseMs);
  const impact = useImpact(checkedName, scope, category || undefined, told);
  const grounds = useQuery({ ...groundsQuery(category || undefined), enabled: category !== '' });
  const ground = groundId || (grounds.data?.items[0]?.id ?? '');
  const refused = impact.data?.verdict === 'refuse';

  const draft = useMutation({
    mutationFn: () =>
      call(
        api.POST('/api/v1/orders', {
          params: { header: csrf },
          body: {
            case_id: record.id,
            category: category as Category,
            ground_id: ground,
            name: name.trim(),
            scope,
            evidence_ids: evidenceIds,
            valid_until_ms: endOfDay(day),
            reason: reason.trim(),
            ...(isOfAddresses(scope) && {
              step_reason: address.stepReason.trim(),
              ...toldOf(scope, address),
            }),
          },
        }),
      ),
    onSuccess: async (order) => {
      client.setQueryData(['order', 'one', order.id], order);
      void client.invalidateQueries({ queryKey: ['case'] });
      await navigate({
        to: '/orders/$orderId',
        params: { orderId: order.id },
        search: { sign: 'propose' },
      });
    },
  });
  const choices = isOfAddresses(scope)
    ? addresses
    : scope === 'url'
      ? pages
      : names.map(({ value }) => value);
  /** What the form would name with that scope. */
  const nameOf = (chosen: Scope) =>
    isOfAddresses(chosen) ? name.trim() : nameForScope(name.trim(), chosen === 'url', pages);
  const chooseScope = (chosen: Scope) => {
    setScope(chosen);
    setName(nameOf(chosen));
  };
  const ready = name.trim() !== '' && category !== '' && ground !== '' && evidenceIds.length > 0;

  return (
    <form
      className="k-columns"
      onSubmit={(event) => {
        event.preventDefault();
        draft.mutate();
      }}
    >
      <Section title={t('app.order.what')}>
        <div className="k-stack">
          <Autocomplete
            label={t(scope === 'url' ? 'app.order.page' : 'app.order.name')}
            description={t(hints[scope])}
            required
            spellCheck={false}
            autoCapitalize="none"
            value={name}
            onChange={setName}
            data={choices}
          />
          <Radio.Group
            label={t('app.scope')}
            value={scope}
            onChange={(value) => chooseScope(scopes.find((one) => one === value) ?? 'host')}
          >
            <div className="k-stack k-group">
              {scopes.map((value) => (
                <Radio
                  key={value}
                  value={value}
                  label={t(`scope.${value}`)}
                  description={t(`app.scope.${value}`, { name: nameOf(value) || '…' })}
                />
              ))}
            </div>
          </Radio.Group>
          {isOfAddresses(scope) && <AddressFields value={address} onChange={setAddress} />}
          <NativeSelect
            label={t('app.category')}
            required
            value={category}
            onChange={(event) => {
              setCategory(event.currentTarget.value as Category | '');
              setGroundId('');
              setChosenDay('');
            }}
            data={[
              { value: '', label: t('app.choose') },
              ...categories.map((value) => ({ value, label: t(`category.${value}`) })),
            ]}
          />
          <NativeSelect
            label={t('app.ground')}
            required
            disabled={category === ''}
            description={category === '' ? t('app.ground.after-category') : undefined}
            value={ground}
            onChange={(event) => setGroundId(event.currentTarget.value)}
            data={(grounds.data?.items ?? []).map((item) => ({
              value: item.id,
              label: [format.text(item.title), item.article ?? ''].filter(Boolean).join(', '),
            }))}
          />
          {grounds.data?.items.length === 0 && (
            <p className="k-note k-warn">{t('app.ground.none')}</p>
          )}
          <TextInput
            type="date"
            label={t('app.order.end')}
            description={t('app.order.end-hint', { usual: life.usual, max: life.max })}
            required
            min={toDay(addDays(today, 1))}
            // A day less, so that the end of that day is not past the maximum.
            max={toDay(addDays(today, life.max - 1))}
            value={day}
            onChange={(event) => setChosenDay(event.currentTarget.value)}
          />
          <Checkbox.Group
            label={t('app.evidence')}
            description={t('app.order.evidence-hint')}
            required
            value={evidenceIds}
            onChange={setEvidenceIds}
          >
            <div className="k-stack k-group">
              {usable.map((item) => (
                <Checkbox
                  key={item.id}
                  value={item.id}
                  label={item.file_name}
                  description={`${t(`evidence.${item.kind}`)} · ${format.size(item.size)}`}
                />
              ))}
            </div>
          </Checkbox.Group>
          {usable.length === 0 && <p className="k-note k-warn">{t('app.order.no-evidence')}</p>}
          <Textarea
            label={t('app.order.reason')}
            description={t('app.order.reason-hint')}
            required
            rows={3}
            minLength={3}
            maxLength={2000}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Refusal error={draft.error} />
          <div className="k-row k-end">
            <Button type="submit" size="md" disabled={!ready || refused} loading={draft.isPending}>
              {t('app.order.draft')}
            </Button>
          </div>
        </div>
      </Section>
      <Section title={t('app.impact')}>
        {checkedName === '' ? (
          <p className="k-dim">{t('app.impact.no-name')}</p>
        ) : (
          <div aria-live="polite" aria-busy={impact.isFetching}>
            <Loaded query={impact} rows={3}>
              {(result) => <ImpactPanel impact={result} />}
            </Loaded>
          </div>
        )}
      </Section>
    </form>
  );
}
