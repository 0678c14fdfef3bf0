/**
 * Runs the same work for each item, at most `width` at a time. The first failure stops all others and is thrown after
 * all have ended, so that nothing runs on in the background.
 */
export async function sideBySide<Item, Answer>(
  items: readonly Item[],
  { width, signal }: { readonly width: number; readonly signal: AbortSignal },
  work: (item: Item, signal: AbortSignal) => Promise<Answer>,
): Promise<Answer[]> {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const answers: Answer[] = [];
  const waiting = items.entries();
  const worker = async () => {
    for (const [index, item] of waiting) {
      stop.throwIfAborted();
      try {
        answers[index] = await work(item, stop);
      } catch (error) {
        failed.abort(error); // only the first failure counts
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(width, items.length) }, worker));
  signal.throwIfAborted();
  if (ends.some(({ status }) => status === "rejected")) throw failed.signal.reason;
  return answers;
}
