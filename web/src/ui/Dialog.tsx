// A modal dialog as we use it: it fills a phone, and locks scrolling without a <style> (our CSP).
import { Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

export function Dialog({
  title,
  opened,
  onClose,
  size = 'md',
  children,
}: {
  title: string;
  opened: boolean;
  onClose: () => void;
  size?: 'md' | 'lg';
  children: ReactNode;
}) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      size={size}
      lockScroll={false}
      closeButtonProps={{ 'aria-label': t('app.close') }}
      classNames={{ title: 'k-subtitle' }}
    >
      {children}
    </Modal>
  );
}
