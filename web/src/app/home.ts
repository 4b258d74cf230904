// Where a person begins: the first list that one of their rights opens. A duty operator has no queue,
// an administrator sees no case.
const beginnings = [
  ['case.read', '/cases'],
  ['order.read', '/orders/lapsing'],
  ['account.change', '/accounts'],
] as const;

/** A person without any role yet begins with their own account. */
export function homeOf(rights: readonly string[]) {
  return beginnings.find(([right]) => rights.includes(right))?.[1] ?? '/me';
}
