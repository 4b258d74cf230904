// Asks why, then does it. Ready-made reasons make the usual case one click.
import { Button, Textarea } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from './Dialog';
import { Refusal } from './States';

export const reasonMin = 3; // as the contract's Reason

export function ReasonDialog({
  title,
  explanation,
  presets = [],
  confirm,
  danger = false,
  error,
  busy,
  opened,
  onClose,
  onConfirm,
  children,
}: {
  title: string;
  explanation: ReactNode;
  presets?: string[];
  confirm: string;
  danger?: boolean;
  error: unknown;
  busy: boolean;
  opened: boolean;
  onClose: () => void;
  onConfirm: (reason: string) => void;
  children?: ReactNode;
}) {
  const { t } = useTranslation();
  const [reason, setReason] = useState('');
  return (
    <Dialog title={title} opened={opened} onClose={onClose}>
      <form
        className="k-stack"
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm(reason.trim());
        }}
      >
        <div className="k-dim">{explanation}</div>
        {children}
        {presets.length > 0 && (
          <div className="k-row" role="group" aria-label={t('app.reason-presets')}>
            {presets.map((preset) => (
              <Button
                key={preset}
                size="xs"
                variant={reason === preset ? 'filled' : 'default'}
                onClick={() => setReason(preset)}
              >
                {preset}
              </Button>
            ))}
          </div>
        )}
        <Textarea
          label={t('app.reason')}
          required
          rows={3}
          minLength={reasonMin}
          maxLength={2000}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <Refusal error={error} />
        <div className="k-row k-end">
          <Button variant="default" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button
            type="submit"
            color={danger ? 'red.8' : undefined}
            loading={busy}
            disabled={reason.trim().length < reasonMin}
          >
            {confirm}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
