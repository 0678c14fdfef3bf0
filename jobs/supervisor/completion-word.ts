/** The word before a shell's name, in the place of a domain. In a file of its own, for the supervising process. */
export const COMPLETION = "completion";
