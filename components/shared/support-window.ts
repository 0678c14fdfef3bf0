import * as pulumi from "@pulumi/pulumi";
import { UserError } from "./user-error";
import type { Pin } from "./versions";

/** How long before its end a pin's support is announced to be ending. */
const NOTICE_DAYS = 90;
const DAY_MS = 24 * 60 * 60 * 1000;

export interface SupportReport {
  /** Pins whose support has ended and that the settings do not accept all the same. */
  readonly ended: readonly string[];
  /** Pins whose support ends soon, or has ended and is accepted. */
  readonly warnings: readonly string[];
}

/** Ends the program over a pin whose support has ended, before anything is declared, and warns of those that will be next. */
export function requireSupport(pins: Readonly<Record<string, Pin>>, accepted: readonly string[]): void {
  const { ended, warnings } = judgeSupport(pins, today(), accepted);
  if (ended.length > 0) throw new UserError(ended.join("\n"));
  for (const warning of warnings) void pulumi.log.warn(warning);
}

/** Compares each pin's support window with a day. */
export function judgeSupport(
  pins: Readonly<Record<string, Pin>>,
  today: Date,
  accepted: readonly string[] = [],
): SupportReport {
  const ended: string[] = [];
  const warnings: string[] = [];
  for (const [name, { version, supportedUntil }] of Object.entries(pins)) {
    if (!supportedUntil) continue;
    const daysLeft = Math.ceil((Date.parse(`${supportedUntil}T23:59:59Z`) - today.getTime()) / DAY_MS);
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

/** The day that support windows are compared with: now, or what SOURCE_DATE_EPOCH says where a run is to be repeatable. */
export function today(environment = process.env): Date {
  const epoch = environment.SOURCE_DATE_EPOCH;
  return epoch === undefined ? new Date() : new Date(Number(epoch) * 1000);
}
