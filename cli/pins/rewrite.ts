/** The digest that a pin has in the text of versions.ts: directly below its version. */
const digestLine = (pin: string) =>
  new RegExp(`(\\n {2}${pin}: \\{\\n {4}version: "[^"]+",\\n {4}digest: ")[^"]*(")`);

/** The same text with other digests, by pin. Nothing else in it changes. */
export function withDigests(text: string, digests: ReadonlyMap<string, string>): string {
  let rewritten = text;
  for (const [pin, digest] of digests) {
    const line = digestLine(pin);
    if (!line.test(rewritten))
      throw new Error(`versions.ts: the pin ${pin} has no line \`digest: "..."\` directly below its version`);
    rewritten = rewritten.replace(line, `$1${digest}$2`);
  }
  return rewritten;
}
