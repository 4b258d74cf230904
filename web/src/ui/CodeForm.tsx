// Six digits from an authenticator app.
import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';

export function CodeForm({
  label,
  description,
  submit,
  busy,
  onCode,
}: {
  label: string;
  description?: string;
  submit: string;
  busy: boolean;
  onCode: (code: string) => void;
}) {
  const [code, setCode] = useState('');
  return (
    <form
      className="k-stack"
      onSubmit={(event) => {
        event.preventDefault();
        onCode(code);
        setCode(''); // a code works once
      }}
    >
      <TextInput
        label={label}
        description={description}
        inputMode="numeric"
        autoComplete="one-time-code"
        pattern="[0-9]{6}"
        maxLength={6}
        required
        withAsterisk={false}
        data-autofocus
        value={code}
        onChange={(event) => setCode(event.currentTarget.value.replaceAll(/\D/g, ''))}
      />
      <Button type="submit" loading={busy} disabled={code.length !== 6}>
        {submit}
      </Button>
    </form>
  );
}
