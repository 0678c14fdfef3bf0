/**
 * Keys and passphrases that data is encrypted with, CAs, and logins that no setting rotates. Passwords with an epoch and
 * keys of certificates are not among them: a deployment makes new ones.
 */
const NAMES: readonly RegExp[] = [
  /passphrase(-\d+)?$/,
  /-(encryption|fernet|offsite|tunnel)-key$/,
  /-(server|agent)-token$/,
  /-(root-password|snapshots|service-account)$/,
  /^cluster-patroni$/,
  /^postgres-cluster-(superuser|replication|rewind|rest)$/,
  /-(ca|authority)$/,
];

const MAKERS = /^(random:index\/random(Password|Bytes):|tls:index\/privateKey:)/;

/** Whether a resource makes a key or a password that must stay what it is as long as the stack exists. */
export function isLastingKey(type: string, name: string): boolean {
  return MAKERS.test(type) && NAMES.some((pattern) => pattern.test(name));
}
