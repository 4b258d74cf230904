// Whether second signers are told by mail, and whom that does not reach.
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { mailQuery } from '@/api/queries';
import { Section } from '@/ui/Page';
import { Loaded } from '@/ui/States';

export function MailState() {
  const { t } = useTranslation();
  const query = useQuery(mailQuery);
  return (
    <Section title={t('app.mail')}>
      <Loaded query={query} rows={1}>
        {(mail) =>
          mail.set_up ? (
            <div className="k-stack">
              <p>{t('app.mail.set-up', { count: mail.waiting })}</p>
              {mail.undelivered > 0 && (
                <p className="k-note k-bad">
                  {t('app.mail.undelivered', { count: mail.undelivered })}
                </p>
              )}
              {mail.signers_without_address > 0 && (
                <p className="k-note k-warn">
                  {t('app.mail.no-address', {
                    count: mail.signers_without_address,
                    all: mail.signers,
                  })}
                </p>
              )}
            </div>
          ) : (
            <p className="k-note k-warn">{t('app.mail.not-set-up')}</p>
          )
        }
      </Loaded>
    </Section>
  );
}
