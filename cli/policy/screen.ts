import { isClean, type Verdict } from "../../policy/judge";
import { RULES } from "../../policy/rules";
import { groupBy } from "../shared/grouping";
import type { Palette } from "../shared/palette";

interface About {
  readonly stack: string;
  /** How long judging took. */
  readonly seconds: number;
}

/** A verdict for programs. */
export function jsonOf(verdict: Verdict, { stack, seconds }: About): string {
  const violations = verdict.violations.map(({ rule, resource, message }) => ({
    rule: rule.name,
    resource,
    message,
    reason: rule.reason,
    remedy: rule.remedy,
  }));
  const { exempted, ended, unused } = verdict;
  const facts = { stack, clean: isClean(verdict), rules: RULES.length, seconds };
  return `${JSON.stringify({ ...facts, violations, exempted: exempted.length, ended, unused }, undefined, 2)}\n`;
}

/** Renders a verdict for a terminal: each violated rule with its reason and remedy, then what is wrong with exemptions. */
export function screenOf(verdict: Verdict, { stack, seconds }: About, palette: Palette): string {
  const { violations, exempted, ended, unused } = verdict;
  const blocks = [...groupBy(violations, ({ rule }) => rule)].map(([rule, found]) => [
    `${palette.error("violated")}  ${palette.bold(rule.name)}  ${rule.reason}`,
    ...found.map(({ resource, message }) => `          ${resource}: ${message}`),
    `          ${palette.accent("remedy")}: ${rule.remedy}`,
  ]);
  const stale = [
    ...ended.map(({ rule, resource, until }) => `exemption of ${resource} from ${rule} ended on ${until}`),
    ...unused.map(({ rule, resource }) => `exemption of ${resource} from ${rule} is not needed any more`),
  ].map((text) => `${palette.error("remove")}    policy/exemptions.ts: the ${text}`);
  const mark = isClean(verdict) ? palette.accent("clean") : palette.error("failed");
  const summary = `${mark}  ${stack}: ${RULES.length} rules, ${violations.length} violations, ${exempted.length} exempted, ${seconds.toFixed(2)} s`;
  return `${[...blocks, stale, [summary]]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}
