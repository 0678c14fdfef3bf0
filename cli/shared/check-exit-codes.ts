/** How the commands end that run the checks of a stack. */
export const CHECK_EXIT_CODES = {
  1: "warnings, or a failure for the reason on stderr",
  2: "failures, or a wrong command line",
  3: "not all could be checked",
  130: "interrupted; the Job in the cluster was removed",
} as const;
