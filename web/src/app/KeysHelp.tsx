// The keys of the app, on "?". What stands here is what useKeys() and DataTable do.
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@/ui/Dialog';
import { Icon } from '@/ui/icons';
import { useKeys } from '@/ui/useKeys';

const groups = {
  list: ['j', 'k', 'Enter', 'n', 'p', '/'],
  case: ['a', 'x', 'o', 'u'],
  order: ['s', 'l', 'u'],
  reason: ['1-9', 'Ctrl+Enter', 'Esc'],
} as const;

function Group({ name }: { name: keyof typeof groups }) {
  const { t } = useTranslation();
  return (
    <section>
      <h3 className="k-name">{t(`keys.${name}`)}</h3>
      <dl className="k-facts">
        {groups[name].map((key) => (
          <div key={key}>
            <dt>
              <kbd className="k-key">{key}</kbd>
            </dt>
            <dd>{t(`keys.${name}.${key}` as 'keys.list.j')}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function KeysHelp() {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  useKeys({ '?': () => setOpened(true) });
  return (
    <>
      <Button
        className="k-keys"
        variant="subtle"
        justify="flex-start"
        leftSection={<Icon name="keyboard" />}
        onClick={() => setOpened(true)}
      >
        {t('app.keys')}
      </Button>
      <Dialog title={t('app.keys')} opened={opened} onClose={() => setOpened(false)}>
        <div className="k-stack">
          <p className="k-dim">{t('app.keys.explained')}</p>
          <Group name="list" />
          <Group name="case" />
          <Group name="order" />
          <Group name="reason" />
        </div>
      </Dialog>
    </>
  );
}
