/** TRELLIS_FULL=1: tests of kills, damaged files and random histories repeat as often as before a release. */
export const FULL = process.env.TRELLIS_FULL !== undefined;

/** How often a test repeats what differs each time. The usual count meets every kind of case at least once. */
export const countOf = ({ usual, full }: { readonly usual: number; readonly full: number }): number =>
  FULL ? full : usual;
