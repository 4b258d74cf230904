// A modal dialog as we use it: it fills a phone, and locks scrolling without a <style> (our CSP).
import { getDefaultZIndex, Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

export function Dialog({
  title,
  opened,
  onClose,
  size = 'md',
  above = false,
  children,
}: {
  title: string;
  opened: boolean;
  onClose: () => void;
  size?: 'md' | 'lg';
  /** Over a dialog that is open already, whichever was opened first. */
  above?: boolean;
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
      zIndex={getDefaultZIndex(above ? 'popover' : 'modal')}
      closeOnEscape={!above}
      closeButtonProps={{ 'aria-label': t('app.close') }}
      classNames={{ title: 'k-subtitle' }}
    >
      {children}
    </Modal>
  );
}
