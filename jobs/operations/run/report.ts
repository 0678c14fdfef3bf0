import { CATEGORIES, type Category, type Check, OUTCOMES, type Outcome } from "../checks";
import type { Result } from "./run";

/** What one run found, for programs: the JSON report. */
export interface Report {
  readonly at: string;
  readonly seconds: number;
  /** Passed checks in a hundred of all that apply, rounded down. */
  readonly score: number;
  readonly verdict: Verdict;
  readonly counts: Readonly<Record<Outcome, number>>;
  readonly checks: readonly ReportedCheck[];
}

export interface ReportedCheck
  extends Pick<Check, "id" | "title" | "severity" | "means" | "next" | "runbook"> {
  readonly category: Category;
  readonly outcome: Outcome;
  readonly detail: string;
  readonly seconds: number;
}

export const VERDICTS = ["well", "with warnings", "failing", "not all could be checked"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The exit code of each verdict. */
export const EXIT_CODES: Readonly<Record<Verdict, 0 | 1 | 2 | 3>> = {
  well: 0,
  "with warnings": 1,
  failing: 2,
  "not all could be checked": 3,
};

export function reportOf(results: readonly Result[], at: Date, seconds: number): Report {
  const checks = results.map(({ check, outcome, detail, seconds: took }) => ({
    id: check.id,
    category: categoryOf(check),
    title: check.title,
    severity: check.severity,
    outcome,
    detail,
    means: check.means,
    next: check.next,
    runbook: check.runbook,
    seconds: took,
  }));
  const counted = (outcome: Outcome) => checks.filter((each) => each.outcome === outcome).length;
  // Safe: the keys are all outcomes.
  const counts = Object.fromEntries(OUTCOMES.map((each) => [each, counted(each)])) as Report["counts"];
  const applicable = checks.length - counts["not applicable"];
  return {
    at: at.toISOString(),
    seconds: Number(seconds.toFixed(1)),
    score: applicable === 0 ? 0 : Math.floor((100 * counts.ok) / applicable),
    verdict: verdictOf(counts, applicable),
    counts,
    checks,
  };
}

/** A failure is known and comes first; what could not be checked may hide another. */
function verdictOf(counts: Report["counts"], applicable: number): Verdict {
  if (counts.failed > 0) return "failing";
  if (counts["not checked"] > 0 || applicable === 0) return "not all could be checked";
  return counts.warning > 0 ? "with warnings" : "well";
}

function categoryOf({ id }: Pick<Check, "id">): Category {
  const category = CATEGORIES.find((each) => id.startsWith(`${each}.`));
  if (!category) throw new Error(`the check ${id} belongs to no category`);
  return category;
}
