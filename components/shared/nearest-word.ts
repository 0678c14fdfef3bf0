/** The words that are nearest to a given one, the nearest first, however far they are. */
export function nearestWords(given: string, words: readonly string[]): string[] {
  const plain = plainly(given);
  return words
    .map((word, index) => ({ word, index, ...likeness(plain, plainly(word)) }))
    .sort(
      (a, b) =>
        a.distance - b.distance ||
        Number(b.sameLength) - Number(a.sameLength) ||
        b.begin - a.begin ||
        a.index - b.index,
    )
    .map(({ word }) => word);
}

/** The word that somebody probably meant: the nearest one, if at most a third of the letters differ. */
export function meantWord(given: string, words: readonly string[]): string | undefined {
  const [nearest] = nearestWords(given, words);
  if (nearest === undefined) return undefined;
  const [plain, found] = [plainly(given), plainly(nearest)];
  if (plain === "") return undefined;
  if (editDistance(plain, found) <= Math.max(1, Math.floor(found.length / 3))) return nearest;
  // One word may be a part of the other: `production` and `prod`, `key` and `publicKey`.
  if (plain.length < 3) return undefined;
  return words.find((word) => {
    const other = plainly(word);
    return other.length >= 3 && (plain.startsWith(other) || other.includes(plain));
  });
}

/** Upper case, dashes and underscores are the most frequent differences, and none of meaning. */
const plainly = (word: string) => word.toLowerCase().replace(/[^a-z0-9]/g, "");

function likeness(given: string, word: string) {
  let begin = 0;
  while (begin < given.length && given[begin] === word[begin]) begin += 1;
  return { distance: editDistance(given, word), sameLength: given.length === word.length, begin };
}

/** How many letters must be added, removed or changed to make one text of the other. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(
        Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)),
      );
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
