// Short news at the edge of the screen; an undo where there is one.
import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import i18next from 'i18next';
import { problemText } from '@/i18n/problem';
import { Icon } from './icons';

export function toastDone(message: string, undo?: { label: string; run: () => void }): void {
  const id = crypto.randomUUID();
  notifications.show({
    id,
    color: 'green.8',
    icon: <Icon name="check" />,
    closeButtonProps: { 'aria-label': i18next.t('app.close') },
    autoClose: undo === undefined ? 5000 : 15_000,
    message:
      undo === undefined ? (
        message
      ) : (
        <span className="k-row">
          <span>{message}</span>
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => {
              notifications.hide(id);
              undo.run();
            }}
          >
            {undo.label}
          </Button>
        </span>
      ),
  });
}

export function toastFailed(error: unknown): void {
  notifications.show({
    color: 'red.8',
    icon: <Icon name="warn" />,
    closeButtonProps: { 'aria-label': i18next.t('app.close') },
    autoClose: 10_000,
    message: problemText(error),
  });
}
