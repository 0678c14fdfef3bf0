/** How long a certificate is valid, and how long before its expiry the program issues a new one. */
export interface Lifetime {
  /** Days that the certificate is valid. */
  readonly days: number;
  /** Days before the expiry from which `pulumi up` issues a new one; 0 never renews it early. */
  readonly renewDaysBefore: number;
}

export const HOURS_PER_DAY = 24;

/**
 * A preview shows no change until a certificate enters its renewal window (`renewDaysBefore`). The window is the time
 * that operators have to run an update and to install the new certificate.
 */
export const LIFETIMES = {
  /**
   * CAs are valid as long as K3s' own CAs (3,650 days) and never renewed automatically: a new CA is a new identity of
   * the cluster, which a person rotates (docs/runbooks/rotate-certificates.md).
   */
  authority: { days: 3650, renewDaysBefore: 0 },
  /**
   * Certificates on machines, where somebody must install new ones: three years, the last of which is the window for
   * installing them.
   */
  machine: { days: 1095, renewDaysBefore: 365 },
  /** The administrator's certificate. It is on no machine, so `pulumi up` alone renews it. */
  administrator: { days: 365, renewDaysBefore: 90 },
  /**
   * The certificates of developers and of readers, whom `pulumi stack output` gives a new one: short, because nobody can
   * revoke a certificate.
   */
  person: { days: 90, renewDaysBefore: 30 },
  /** Certificates of pods. `pulumi up` writes a new one to its Secret; Patroni reads it when a pod starts. */
  workload: { days: 1095, renewDaysBefore: 365 },
} as const satisfies Record<string, Lifetime>;
