// A first password, shown this once.
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@/ui/Dialog';

export function OneTimePassword({ password, onClose }: { password: string; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog title={t('app.account.password')} opened onClose={onClose}>
      <div className="k-stack">
        <p className="k-dim">{t('app.account.password-once')}</p>
        <code className="k-digest">{password}</code>
        <div className="k-row k-end">
          <Button onClick={onClose}>{t('app.account.password-kept')}</Button>
        </div>
      </div>
    </Dialog>
  );
}
