import { isClean, type Verdict } from "../../policy/judge";
import { RULES } from "../../policy/rules";
import { groupBy } from "../shared/grouping";
import type { Palette } from "../shared/palette";

/** Renders a verdict for a terminal: each violated rule with its reason and remedy, then what is wrong with exemptions. */
export function screenOf(
  verdict: Verdict,
  { stack, seconds }: { readonly stack: string; readonly seconds: number },
  palette: Palette,
): string {
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
