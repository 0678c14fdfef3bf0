const FRAME = /^\s+at /;
/** Frames of libraries and of Node itself say nothing about this program. */
const FOREIGN = /[/\\]node_modules[/\\]|\(?node:/;
const MOST_FRAMES = 10;

/** Keeps of an error's stack, and of its causes', the frames of this program. */
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
 * Shortens the stacks of unexpected errors before Pulumi's language host prints them. Its colouring of a frame such as
 * `/node_modules/@pulumi/resource.ts:1598` takes minutes and gigabytes on Node 20.
 */
export function shortenUnexpectedErrors(): void {
  // Where nobody listens, Node ends the process itself, which a listener of ours would prevent.
  if (process.listenerCount("uncaughtException") === 0) return;
  process.prependListener("uncaughtException", shortenStack);
  process.prependListener("unhandledRejection", shortenStack);
}
