import { CATEGORIES, type Outcome } from "../checks";
import type { Report, ReportedCheck } from "./report";

/** Marks of plain ASCII, so that a report in a file or a ticket reads the same everywhere. */
export const MARKS: Readonly<Record<Outcome, string>> = {
  ok: "ok  ",
  warning: "WARN",
  failed: "FAIL",
  "not checked": "????",
  "not applicable": "n/a ",
};

const RULE = "=".repeat(50);

/** The line that is printed as a check ends: `[12/79] FAIL etcd.members: ...`. */
export const progressLine = (
  { id, outcome, detail }: Pick<ReportedCheck, "id" | "outcome" | "detail">,
  ended: number,
  all: number,
) => `[${String(ended).padStart(String(all).length)}/${all}] ${MARKS[outcome]} ${id}: ${detail}`;

/** The report for people. It has no colour codes. */
export function reportText(report: Report, trend?: string): string {
  const { counts } = report;
  const sections = CATEGORIES.flatMap((category) => {
    const own = report.checks.filter((each) => each.category === category);
    return ["", category, "-".repeat(category.length), ...own.map(line)];
  });
  return [
    "Health of the platform",
    RULE,
    `Time:           ${report.at} (${report.seconds} s)`,
    ...sections,
    "",
    RULE,
    `Score:          ${report.score}%`,
    `Passed:         ${counts.ok}`,
    `Warnings:       ${counts.warning}`,
    `Failed:         ${counts.failed}`,
    `Not checked:    ${counts["not checked"]}`,
    `Not applicable: ${counts["not applicable"]}`,
    ...(trend === undefined ? [] : [`Trend:          ${trend}`]),
    `Verdict:        ${report.verdict}`,
    ...toMend("Failed", report, "failed"),
    ...toMend("Warnings", report, "warning"),
    ...toMend("Not checked", report, "not checked"),
  ].join("\n");
}

const line = ({ outcome, title, detail }: ReportedCheck) => `${MARKS[outcome]}  ${title}: ${detail}`;

function toMend(headline: string, { checks }: Report, outcome: Outcome): string[] {
  const own = checks.filter((each) => each.outcome === outcome);
  if (own.length === 0) return [];
  return ["", `${headline}:`, ...own.flatMap(mending)];
}

const mending = ({ id, detail, means, next, runbook }: ReportedCheck) => [
  `  - ${id}: ${detail}`,
  `      means:   ${means}`,
  `      next:    ${next}`,
  `      runbook: ${runbook}`,
];
