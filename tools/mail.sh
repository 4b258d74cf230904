#!/usr/bin/env bash
# tools/mail.sh : prints what the demo's mail catcher holds, oldest first. No mail leaves this machine.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -d var/demo-mail/new ] || {
  echo "There is no mail yet: it comes when an order is proposed while ./khien up runs." >&2
  exit 1
}
exec /usr/bin/python3 - var/demo-mail/new <<'PYTHON'
import email, email.policy, os, sys
folder = sys.argv[1]
paths = sorted((os.path.join(folder, name) for name in os.listdir(folder)), key=os.path.getmtime)
for path in paths:
    with open(path, "rb") as file:
        mail = email.message_from_binary_file(file, policy=email.policy.default)
    print(f"To: {mail['To']}\nSubject: {mail['Subject']}\n\n{mail.get_content().strip()}\n{'-' * 72}")
PYTHON
