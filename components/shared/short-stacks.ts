const FRAME = /^\s+at /;
/** Frames of libraries and of Node itself, which do not help to find an error in this program. */
const FOREIGN = /[/\\]node_modules[/\\]|\(?node:/;
const MOST_FRAMES = 10;

/** Reduces the stacks of an error and of its causes to the frames of this program. */
export function shortenStack(error: unknown): void {
  const seen = new Set<unknown>();
  for (let each = error; each instanceof Error && !seen.has(each); each = each.cause) {
    seen.add(each);
    if (each.stack === undefined) continue;
    const lines = each.stack.split("\n");
    const own = lines.filter((line) => FRAME.test(line) && !FOREIGN.test(line));
    each.stack = [...lines.filter((line) => !FRAME.test(line)), ...own.slice(0, MOST_FRAMES)].join("\n");
  }
}

/**
 * Shortens the stacks of unexpected errors before Pulumi's language host prints them. On Node 20 the host needs minutes
 * and gigabytes to colour a frame such as `/node_modules/@pulumi/resource.ts:1598`.
 */
export function shortenUnexpectedErrors(): void {
  // Without other listeners Node ends the process. A listener of ours would prevent that.
  if (process.listenerCount("uncaughtException") === 0) return;
  process.prependListener("uncaughtException", shortenStack);
  process.prependListener("unhandledRejection", shortenStack);
}
