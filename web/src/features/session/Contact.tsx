// Where mail to me goes and in which language: that an order waits for my signature.
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import type { Me } from '@/api/types';
import { Section } from '@/ui/Page';
import { Refusal } from '@/ui/States';
import { toastDone } from '@/ui/toast';

export function Contact({ me }: { me: Me }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [email, setEmail] = useState(me.email);
  const [language, setLanguage] = useState(me.language);
  const edit = useMutation({
    mutationFn: () =>
      call(
        api.PATCH('/api/v1/session/account', {
          params: { header: csrf },
          body: { email: email.trim(), language },
        }),
      ),
    onSuccess: (changed) => {
      client.setQueryData(['session'], changed);
      toastDone(t('app.contact.saved'));
    },
  });
  return (
    <Section title={t('app.contact')}>
      <form
        className="k-stack"
        onSubmit={(event) => {
          event.preventDefault();
          edit.mutate();
        }}
      >
        <TextInput
          type="email"
          label={t('app.account.email')}
          description={t('app.contact.hint')}
          autoComplete="email"
          maxLength={254}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <NativeSelect
          label={t('app.contact.language')}
          value={language}
          onChange={(event) => setLanguage(event.currentTarget.value === 'en' ? 'en' : 'vi')}
          data={[
            { value: 'vi', label: 'Tiếng Việt' },
            { value: 'en', label: 'English' },
          ]}
        />
        <Refusal error={edit.error} />
        <div className="k-row k-end">
          <Button type="submit" loading={edit.isPending}>
            {t('app.contact.save')}
          </Button>
        </div>
      </form>
    </Section>
  );
}
