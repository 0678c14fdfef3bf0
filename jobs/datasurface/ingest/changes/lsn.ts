/** A position in a source's write-ahead log, as PostgreSQL writes it: `16/B374D848`. */
export const parseLsn = (text: string): bigint => {
  const [high, low] = text.split("/");
  if (!high || !low) throw new Error(`not a position in the write-ahead log: ${text}`);
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
};

export const renderLsn = (lsn: bigint): string =>
  `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`;

export const laterOf = (a: bigint, b: bigint): bigint => (a > b ? a : b);
