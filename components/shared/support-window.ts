import * as pulumi from "@pulumi/pulumi";
import { daysUntilEndOf, today } from "./days";
import { UserError } from "./user-error";
import type { Pin } from "./versions";

/** The program warns from this many days before a pin's support ends. */
const NOTICE_DAYS = 90;

export interface SupportReport {
  /** Messages on pins whose support has ended and that `acceptOutOfSupport` does not list. */
  readonly ended: readonly string[];
  /** Messages on pins whose support ends soon, or has ended and is accepted. */
  readonly warnings: readonly string[];
}

/** Fails before anything is declared if a pin's support has ended. Warns if a pin's support ends soon. */
export function requireSupport(pins: Readonly<Record<string, Pin>>, accepted: readonly string[]): void {
  const { ended, warnings } = judgeSupport(pins, today(), accepted);
  if (ended.length > 0) throw new UserError(ended.join("\n"));
  for (const warning of warnings) void pulumi.log.warn(warning);
}

/** Compares the end of each pin's support with the given day. */
export function judgeSupport(
  pins: Readonly<Record<string, Pin>>,
  today: Date,
  accepted: readonly string[] = [],
): SupportReport {
  const ended: string[] = [];
  const warnings: string[] = [];
  for (const [name, { version, supportedUntil }] of Object.entries(pins)) {
    if (!supportedUntil) continue;
    const daysLeft = daysUntilEndOf(supportedUntil, today);
    if (daysLeft <= 0) {
      const sentence = `${name} ${version} has been out of support since ${supportedUntil}`;
      if (accepted.includes(name))
        warnings.push(`${sentence}; the settings accept this (acceptOutOfSupport)`);
      else
        ended.push(
          `${sentence}: update its pin in components/shared/versions.ts, or add ${name} to acceptOutOfSupport`,
        );
    } else if (daysLeft <= NOTICE_DAYS) {
      warnings.push(
        `${name} ${version} is supported until ${supportedUntil} (${daysLeft} days): plan the upgrade`,
      );
    }
  }
  return { ended, warnings };
}
