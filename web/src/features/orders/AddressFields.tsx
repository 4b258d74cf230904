// What an order on an address or a prefix says besides: why nothing narrower does, and how many names
// are known to use it.
import { NumberInput, Textarea, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Scope } from '@/api/types';
import type { Told } from './useImpact';

export interface AddressGrounds {
  stepReason: string;
  namesTold: number | undefined;
  toldSource: string;
}
export const noGrounds: AddressGrounds = { stepReason: '', namesTold: undefined, toldSource: '' };

export const isOfNames = (scope: Scope): boolean => scope === 'host' || scope === 'domain';
export const isOfAddresses = (scope: Scope): boolean => scope === 'address' || scope === 'prefix';

/** The count with its source; neither where one is missing. */
export function toldOf(scope: Scope, { namesTold, toldSource }: AddressGrounds): Told {
  if (!isOfAddresses(scope) || namesTold === undefined || toldSource.trim() === '') return {};
  return { names_told: namesTold, told_source: toldSource.trim() };
}

export function AddressFields({
  value,
  onChange,
}: {
  value: AddressGrounds;
  onChange: (value: AddressGrounds) => void;
}) {
  const { t } = useTranslation();
  return (
    <>
      <Textarea
        label={t('app.order.step-reason')}
        description={t('app.order.step-reason-hint')}
        required
        rows={2}
        minLength={3}
        maxLength={2000}
        value={value.stepReason}
        onChange={(event) => onChange({ ...value, stepReason: event.currentTarget.value })}
      />
      <NumberInput
        label={t('app.order.names-told')}
        description={t('app.order.names-told-hint')}
        min={0}
        max={1_000_000_000}
        allowDecimal={false}
        allowNegative={false}
        value={value.namesTold ?? ''}
        onChange={(count) =>
          onChange({ ...value, namesTold: typeof count === 'number' ? count : undefined })
        }
      />
      <TextInput
        label={t('app.order.told-source')}
        required={value.namesTold !== undefined}
        maxLength={200}
        value={value.toldSource}
        onChange={(event) => onChange({ ...value, toldSource: event.currentTarget.value })}
      />
    </>
  );
}
