// The evidence: add a file, look at a picture, take a copy. What people upload is never rendered by
// this page as anything but text or a picture: only PNG, JPEG and WebP, in an <img>, under the type
// that the server found, so an SVG or HTML file can run nothing here.
import { Button, FileInput, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, csrf } from '@/api/client';
import { metaQuery, sessionQuery } from '@/api/queries';
import { findAction, type Case, type EvidenceItem } from '@/api/types';
import { useFormat } from '@/i18n/format';
import { Icon } from '@/ui/icons';
import { Section } from '@/ui/Page';
import { Loaded, Refusal } from '@/ui/States';
import { Tag } from '@/ui/Tag';
import { toastDone } from '@/ui/toast';
import { CustodyDialog } from './Custody';

const pictures = ['image/png', 'image/jpeg', 'image/webp'];

/** The bytes as a data: address of a picture type; our CSP lets no other scheme in. */
function toPicture(bytes: ArrayBuffer, type: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(new Error('unreadable'));
    reader.readAsDataURL(new Blob([bytes], { type }));
  });
}

function Picture({ item }: { item: EvidenceItem }) {
  const { t } = useTranslation();
  const picture = useQuery({
    queryKey: ['evidence', 'picture', item.id],
    queryFn: async () => {
      const bytes: unknown = await call(
        api.GET('/api/v1/evidence/{evidence_id}/content', {
          params: { path: { evidence_id: item.id } },
          parseAs: 'arrayBuffer',
        }),
      );
      return toPicture(bytes as ArrayBuffer, item.media_type);
    },
    staleTime: Infinity,
    gcTime: 0,
  });
  return (
    <Loaded query={picture} rows={2}>
      {(address) => (
        <img
          className="k-preview"
          src={address}
          alt={t('app.evidence.picture-alt', { name: item.file_name })}
        />
      )}
    </Loaded>
  );
}

function Item({ item }: { item: EvidenceItem }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [shown, setShown] = useState(false);
  const [custody, setCustody] = useState(false);
  const me = useQuery(sessionQuery);
  const mayOpen = !item.destroyed && (me.data?.rights.includes('evidence.download') ?? false);
  return (
    <li className="k-item k-stack">
      <div className="k-row k-between k-top">
        <div className="k-grow">
          <span className="k-name">
            <Icon name="file" size={15} /> {item.file_name}
          </span>
          <div className="k-dim k-small">
            {format.size(item.size)} · {item.media_type} · {format.dateTime(item.added_at_ms)}
          </div>
          {item.note !== undefined && item.note !== '' && <div>{item.note}</div>}
        </div>
        <span className="k-row">
          {item.destroyed && <Tag tone="bad">{t('app.evidence.destroyed')}</Tag>}
          {item.holds > 0 && <Tag tone="warn">{t('app.evidence.held')}</Tag>}
          <Tag>{t(`evidence.${item.kind}`)}</Tag>
        </span>
      </div>
      <details>
        <summary className="k-small">{t('app.evidence.hash')}</summary>
        <code className="k-digest">{item.sha256}</code>
      </details>
      <div className="k-row">
        {pictures.includes(item.media_type) && mayOpen && (
          <Button size="compact-sm" variant="default" onClick={() => setShown(!shown)}>
            {t(shown ? 'app.evidence.hide' : 'app.evidence.show')}
          </Button>
        )}
        <Button size="compact-sm" variant="default" onClick={() => setCustody(true)}>
          {t('app.custody')}
        </Button>
        {mayOpen && (
          <a href={`/api/v1/evidence/${item.id}/content`} download={item.file_name}>
            {t('app.evidence.download')}
          </a>
        )}
      </div>
      {shown && mayOpen && <Picture item={item} />}
      {custody && <CustodyDialog id={item.id} onClose={() => setCustody(false)} />}
    </li>
  );
}

function Upload({ record }: { record: Case }) {
  const { t } = useTranslation();
  const format = useFormat();
  const client = useQueryClient();
  const meta = useQuery(metaQuery);
  const [file, setFile] = useState<File | null>(null);
  const [note, setNote] = useState('');
  const sizeMax = meta.data?.evidence_size_max ?? Infinity;
  const upload = useMutation({
    mutationFn: (chosen: File) =>
      call(
        api.POST('/api/v1/cases/{case_id}/evidence', {
          params: { path: { case_id: record.id }, header: csrf },
          body: { file: '', note },
          bodySerializer: () => {
            const form = new FormData();
            form.append('note', note);
            form.append('file', chosen);
            return form;
          },
        }),
      ),
    onSuccess: () => {
      setFile(null);
      setNote('');
      toastDone(t('app.evidence.added'));
      void client.invalidateQueries({ queryKey: ['case'] });
    },
  });
  const tooBig = file !== null && file.size > sizeMax;
  return (
    <form
      className="k-stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (file !== null) upload.mutate(file);
      }}
    >
      <FileInput
        label={t('app.evidence.file')}
        placeholder={t('app.evidence.choose')}
        clearable
        clearButtonProps={{ 'aria-label': t('app.evidence.clear') }}
        value={file}
        onChange={setFile}
        error={tooBig ? t('app.evidence.too-big', { size: format.size(sizeMax) }) : undefined}
      />
      {file !== null && (
        <>
          <TextInput
            label={t('app.evidence.note')}
            maxLength={500}
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          <div className="k-row k-end">
            <Button type="submit" disabled={tooBig} loading={upload.isPending}>
              {t('app.evidence.add')}
            </Button>
          </div>
        </>
      )}
      <Refusal error={upload.error} />
    </form>
  );
}

export function Evidence({ record }: { record: Case }) {
  const { t } = useTranslation();
  return (
    <Section title={t('app.evidence')}>
      <div className="k-stack">
        {record.evidence.length === 0 && <p className="k-dim">{t('app.evidence.none')}</p>}
        <ul className="k-list">
          {record.evidence.map((item) => (
            <Item key={item.id} item={item} />
          ))}
        </ul>
        {findAction(record, 'evidence.add').allowed && <Upload record={record} />}
      </div>
    </Section>
  );
}
