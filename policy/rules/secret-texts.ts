/** What a text is if it matches. */
const PATTERNS: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/<secret:|PHNlY3JldD/, "a value that was made from a secret"],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
  [/AGE-SECRET-KEY-1[A-Z0-9]{20}/, "an age identity"],
  [/\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\./, "a JSON web token"],
  [/\b(AKIA|ASIA)[0-9A-Z]{16}\b/, "an access key of AWS"],
  [/\b[rs]k_live_[0-9a-zA-Z]{16,}/, "a live key of Stripe"],
  [/\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_\w{22,}|\bglpat-[\w-]{20}/, "a token of a git host"],
  [/\bxox[abeprs]-[\w-]{10,}|hooks\.slack\.com\/services\/T/, "a token of Slack"],
  [/\bAIza[\w-]{35}/, "a key of Google"],
  [/\bnpm_[A-Za-z0-9]{36}/, "a token of npm"],
  [/\bBearer [\w.~+/-]{16,}/i, "a bearer token"],
  [/\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:[^\s/:@$<{]+@/i, "a URL with a password"],
];

/** Names of what must be secret. A name that ends otherwise, as `passwordKey` or `tokenFile`, tells where to find it. */
const SENSITIVE =
  /(password|passwd|passphrase|secret|token|credentials?|(api|access|private|secret|signing)[-_]?key)$/i;
const REFERENCE = /^existing|^secret$/i; // a field `secret` of Kubernetes names a Secret

/** An assignment in a text of several lines: `password = ...`, `"token": "..."`. */
const ASSIGNMENT =
  /(?:password|passwd|passphrase|secret|token|(?:api|access|private|secret)[-_]?key)["']?[ \t]*[:=][ \t]*["']?([^\s"'$<{/%]{8,})/gi;

/** Paths, booleans, numbers, and what a program fills in later. */
const NO_SECRET = /^(\/|true$|false$|\d+$|[$%]|\{\{)|:\/\//;

/** What secret a text shows, if it shows one. The key is the name of the field or variable that has this value. */
export function secretIn(key: string, whole: string): string | undefined {
  const text = whole.replaceAll(PUBLIC, "");
  const known = PATTERNS.find(([pattern]) => pattern.test(text));
  if (known) return known[1];
  if (SENSITIVE.test(key) && !REFERENCE.test(key) && text !== "" && !NO_SECRET.test(text))
    return `a value of ${key}`;
  if (
    text.includes("\n") &&
    [...text.matchAll(ASSIGNMENT)].some(([, value = ""]) => !NO_SECRET.test(value) && mixed(value))
  )
    return "a password or token";
  return randomIn(text) === undefined ? undefined : "a random text of the strength of a key";
}

const PUBLIC =
  /-----BEGIN (CERTIFICATE|CERTIFICATE REQUEST|PUBLIC KEY)-----[\s\S]*?-----END \1-----|\b(ssh|ecdsa)-[\w-]+ [A-Za-z0-9+/=]+/g;
const WORD = /[A-Za-z0-9+/_=-]{24,}/g;

/** Bits for each character. Random base64 of 32 characters has about 4.5, English words joined by dashes about 3.7. */
const RANDOM_BITS = 4.2;

/** A word that only a random generator makes. Digests in hexadecimal digits are too common, so those do not count. */
function randomIn(text: string): string | undefined {
  return (text.match(WORD) ?? []).find((word) => {
    const parts = word.split(/[/_-]/);
    const longest = parts.reduce((most, part) => Math.max(most, part.length), 0);
    return longest >= 20 && mixed(word) && bitsOf(word) >= RANDOM_BITS;
  });
}

const mixed = (word: string) => /[a-z]/.test(word) && /[A-Z]/.test(word) && /[0-9]/.test(word);

function bitsOf(word: string): number {
  const counts = new Map<string, number>();
  for (const character of word) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce(
    (bits, count) => bits - (count / word.length) * Math.log2(count / word.length),
    0,
  );
}
