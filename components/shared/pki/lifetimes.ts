/** How long certificates live, and how long before their end the program makes new ones. */
export interface Lifetime {
  readonly days: number;
  readonly renewDaysBefore: number;
}

export const HOURS_PER_DAY = 24;

/**
 * A preview shows a change only when a certificate has come into its time of renewal, so that time is what there is
 * to act in, and before it nothing churns.
 */
export const LIFETIMES = {
  /**
   * As long as K3s' own authorities live (3,650 days). Never renewed by itself: a new authority is a new cluster
   * identity, which is rotated by a person (docs/runbooks/rotate-certificates.md).
   */
  authority: { days: 3650, renewDaysBefore: 0 },
  /**
   * On machines, which take up new ones only when somebody brings them: three years, the last of which is there for
   * bringing them.
   */
  machine: { days: 1095, renewDaysBefore: 365 },
  /** The administrator's, which no machine holds: `pulumi up` alone renews it. */
  administrator: { days: 365, renewDaysBefore: 90 },
  /** Patroni's, which `pulumi up` brings to its Secret; Patroni reads it when a pod starts. */
  workload: { days: 1095, renewDaysBefore: 365 },
} as const satisfies Record<string, Lifetime>;
