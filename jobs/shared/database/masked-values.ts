/** The kinds of characters that a masked value tells, in this order. */
const KINDS: ReadonlyArray<readonly [kind: string, pattern: RegExp]> = [
  ["letters", /\p{L}/u],
  ["digits", /\p{Nd}/u],
  ["spaces", /\s/u],
  ["dashes", /[-\u2010-\u2015]/u],
  ["dots", /\./],
  ["slashes", /[/\\]/],
  ["colons", /:/],
  ["commas", /,/],
  ["at signs", /@/],
];

/** What an error tells of a value without showing it: `12 characters, digits and dashes`. */
export function maskedValue(value: string): string {
  const characters = [...value];
  const kinds = KINDS.filter(([, pattern]) => characters.some((each) => pattern.test(each))).map(
    ([kind]) => kind,
  );
  const others = characters.some((each) => !KINDS.some(([, pattern]) => pattern.test(each)));
  const all = [...kinds, ...(others ? ["other characters"] : [])];
  const last = all.pop();
  const length = `${characters.length} ${characters.length === 1 ? "character" : "characters"}`;
  if (last === undefined) return "an empty text";
  return `${length}, ${all.length > 0 ? `${all.join(", ")} and ${last}` : last}`;
}

/**
 * A message of PostgreSQL about a value that does not fit (SQLSTATE class 22), without the value: it quotes values, and
 * COPY adds the column's content, or the whole line, after the last colon.
 */
export const maskedMessage = (message: string): string =>
  message.replace(/"((?:[^"]|"")*)"/gs, (_whole, value: string) => `(${maskedValue(value)})`);

/** Where COPY was: `COPY staging, line 3, column phone: "..."`. The names in it are the model's, and stay. */
export const maskedPlace = (where: string): string =>
  where.replace(
    /^(COPY .*?, line \d+(?:, column .*?)?: )(.*)$/s,
    (_whole, place: string, value: string) => `${place}${maskedValue(value.replace(/^"|"$/g, ""))}`,
  );
