/** The secrets that the program holds in clear; none of them, in any spelling, may be in a plan. */
export const KNOWN = {
  word: "hunter2-correct-horse",
  phrase: 'battery "staple" & <more>',
  number: 918273645,
  lines: "-----BEGIN SECRET-----\nfirst-secret-line\nsecond-secret-line\n-----END SECRET-----\n",
} as const;
