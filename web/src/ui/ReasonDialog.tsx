// Asks why, then does it. Ready-made reasons make the usual case one click, or their digit and Enter.
import { Button, Textarea } from '@mantine/core';
import { useWindowEvent } from '@mantine/hooks';
import { useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from './Dialog';
import { Refusal } from './States';
import { isTyping } from './useKeys';

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
  const form = useRef<HTMLFormElement>(null);
  const confirmButton = useRef<HTMLButtonElement>(null);
  const choose = (preset: string) => {
    setReason(preset);
    // Enabled only after this render: then Enter confirms.
    setTimeout(() => confirmButton.current?.focus());
  };
  useWindowEvent('keydown', (event) => {
    if (!opened || !(event.target instanceof Node) || !form.current?.contains(event.target)) return;
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.current.requestSubmit();
    const preset = presets[Number(event.key) - 1];
    if (preset === undefined || isTyping(event.target)) return;
    event.preventDefault();
    choose(preset);
  });
  return (
    <Dialog title={title} opened={opened} onClose={onClose}>
      <form
        className="k-stack"
        ref={form}
        onSubmit={(event) => {
          event.preventDefault();
          if (reason.trim().length >= reasonMin) onConfirm(reason.trim());
        }}
      >
        <div className="k-dim">{explanation}</div>
        {children}
        {presets.length > 0 && (
          <div className="k-row" role="group" aria-label={t('app.reason-presets')}>
            {presets.map((preset, index) => (
              <Button
                key={preset}
                size="xs"
                variant={reason === preset ? 'filled' : 'default'}
                data-autofocus={index === 0 || undefined}
                onClick={() => choose(preset)}
              >
                <span className="k-keys k-mono" aria-hidden>
                  {`${index + 1}\u00a0`}
                </span>
                {preset}
              </Button>
            ))}
          </div>
        )}
        {/* Where the focus goes: on the close button, the first space of a reason would close it. */}
        <Textarea
          label={t('app.reason')}
          data-autofocus
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
            ref={confirmButton}
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
