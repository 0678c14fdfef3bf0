import { endOf } from "../components/shared/days";
import { type Exemption, matches } from "./exemptions";
import type { Plan } from "./plan";
import { type Finding, RULES, type Rule } from "./rules";

export interface Violation extends Finding {
  readonly rule: Rule;
}

export interface ExemptedViolation extends Violation {
  readonly exemption: Exemption;
}

/** What the rules say of a plan. */
export interface Verdict {
  /** What fails the check. */
  readonly violations: readonly Violation[];
  /** What an exemption allows for now. */
  readonly exempted: readonly ExemptedViolation[];
  /** Exemptions that have ended; they exempt nothing any more. */
  readonly ended: readonly Exemption[];
  /** Exemptions whose resource is in the plan and violates nothing any more. */
  readonly unused: readonly Exemption[];
}

export interface Terms {
  /** @default every rule */
  readonly rules?: readonly Rule[];
  readonly exemptions: readonly Exemption[];
}

export function judge(plan: Plan, { rules = RULES, exemptions }: Terms): Verdict {
  const [valid, ended] = split(exemptions, ({ until }) => endOf(until) >= plan.day.getTime());
  const violations = rules.flatMap((rule) => rule.check(plan).map((finding) => ({ ...finding, rule })));
  const exempted = violations.flatMap((violation) => {
    const exemption = valid.find(
      (each) => each.rule === violation.rule.name && matches(each, violation.resource),
    );
    return exemption ? [{ ...violation, exemption }] : [];
  });
  const used = new Set(exempted.map(({ exemption }) => exemption));
  const subjects = subjectsOf(plan);
  const names = new Set(rules.map(({ name }) => name));
  return {
    violations: violations.filter(
      ({ rule, resource }) => !valid.some((each) => each.rule === rule.name && matches(each, resource)),
    ),
    exempted,
    ended,
    unused: valid.filter(
      (each) => names.has(each.rule) && !used.has(each) && subjects.some((subject) => matches(each, subject)),
    ),
  };
}

export function isClean({ violations, ended, unused }: Verdict): boolean {
  return violations.length === 0 && ended.length === 0 && unused.length === 0;
}

/** Everything that a finding can be about. An exemption of something else says nothing about this plan. */
function subjectsOf({ objects, resources }: Plan): string[] {
  return [...objects.map(({ subject }) => subject), ...resources.map(({ name }) => name)];
}

function split<T>(items: readonly T[], holds: (item: T) => boolean): [T[], T[]] {
  return [items.filter(holds), items.filter((item) => !holds(item))];
}
