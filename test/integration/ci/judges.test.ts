import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import { expect, it } from "vitest";
import { filesOf } from "../../../cli/plan/files";
import { ACCEPTED, type AcceptedFinding } from "../../rigs/ci/accepted-findings";
import { evaluatePlatform } from "../../rigs/platform/platform";
import { rawSettings, repository } from "../../rigs/platform/stacks";
import { describeWith, program } from "../../rigs/programs";

type Finding = Pick<AcceptedFinding, "rule" | "where">;

/**
 * Compares what a judge found with what is accepted. `wholeHistory` is false in a clone that lacks the commits in which
 * accepted findings are.
 */
function expectAccepted(
  judge: AcceptedFinding["judge"],
  found: readonly Finding[],
  wholeHistory = true,
): void {
  const accepted = ACCEPTED.filter((each) => each.judge === judge);
  const covers = ({ rule, where }: AcceptedFinding, finding: Finding) =>
    rule === finding.rule && pattern(where).test(finding.where);
  const open = found.filter((finding) => !accepted.some((each) => covers(each, finding)));
  const gone = accepted.filter((each) => !found.some((finding) => covers(each, finding)));
  console.log(`${judge}: ${found.length} findings, ${found.length - open.length} accepted`);
  expect(open).toEqual([]);
  if (wholeHistory) expect(gone).toEqual([]);
}

const pattern = (where: string) =>
  new RegExp(
    `^${where
      .split("*")
      .map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, "\\$&"))
      .join(".*")}$`,
  );

const git = (...args: string[]) => execFileSync("git", args, { cwd: repository, encoding: "utf8" }).trim();

describeWith(["git", "gitleaks"], "the history, to gitleaks", () => {
  it("has no secret, in any commit", () => {
    const folder = mkdtempSync(join(tmpdir(), "trellis-gitleaks-"));
    try {
      const report = join(folder, "report.json");
      const flags = [
        "--no-banner",
        "--redact",
        "--exit-code=0",
        "--report-format=json",
        "--report-path",
        report,
      ];
      execFileSync(program("gitleaks"), ["git", repository, ...flags], { stdio: "pipe" });
      const found: { RuleID: string; File: string }[] = JSON.parse(readFileSync(report, "utf8"));
      const shallow = git("rev-parse", "--is-shallow-repository") === "true";
      expectAccepted(
        "gitleaks",
        found.map(({ RuleID, File }) => ({ rule: RuleID, where: File })),
        !shallow,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describeWith(["git", "bandit"], "the Python that is deployed or tests, to bandit", () => {
  it("has no finding that nobody accepted", () => {
    const files = git("ls-files", "*.py").split("\n");
    expect(files.length).toBeGreaterThan(5);
    const report = execFileSync(program("bandit"), ["--quiet", "--exit-zero", "--format", "json", ...files], {
      cwd: repository,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { results, errors }: { results: { test_id: string; filename: string }[]; errors: unknown[] } =
      JSON.parse(report);
    expect(errors).toEqual([]);
    expectAccepted(
      "bandit",
      results.map(({ test_id, filename }) => ({ rule: test_id, where: normalize(filename) })),
    );
  });
});

/** Writes each Kubernetes object of prod into a file of its own, for as long as the judge needs them. */
async function withObjectsOfProd(judge: (folder: string, paths: readonly string[]) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "trellis-judged-"));
  try {
    const objects = [...filesOf(await evaluatePlatform(rawSettings("prod"), "prod"))].filter(
      ([path]) => path.startsWith("kubernetes/") && path.endsWith(".yaml"),
    );
    expect(objects.length).toBeGreaterThan(100);
    const paths = objects.map(([, content], index) => {
      const path = join(folder, `${index}.yaml`);
      writeFileSync(path, content);
      return path;
    });
    judge(folder, paths);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describeWith(["kube-score"], "the objects of prod, to kube-score", () => {
  it("have no finding that nobody accepted", () =>
    withObjectsOfProd((_, paths) => {
      // It exits with 1 where it has a finding; what it found is on stdout in any case.
      const { stdout } = spawnSync(program("kube-score"), ["score", "--output-format", "json", ...paths], {
        encoding: "utf8",
        maxBuffer: 2 ** 26,
      });
      const scored: Scored[] = JSON.parse(stdout);
      expectAccepted(
        "kube-score",
        scored.flatMap(({ object_name, checks }) =>
          (checks ?? [])
            .filter(({ skipped, grade }) => !skipped && grade < GRADE_OK)
            .map(({ check }) => ({ rule: check.id, where: object_name })),
        ),
      );
    }));
});

describeWith(["checkov"], "the objects of prod, to checkov", () => {
  it("have no finding that nobody accepted", () =>
    withObjectsOfProd((folder, paths) => {
      const flags = ["--framework=kubernetes", "--output=json", "--compact", "--quiet"];
      const report = execFileSync(
        program("checkov"),
        ["--directory", folder, ...flags, "--skip-download", "--soft-fail"],
        { encoding: "utf8", maxBuffer: 2 ** 26, stdio: ["ignore", "pipe", "pipe"] },
      );
      const { summary, results }: CheckovReport = JSON.parse(report);
      expect(summary.parsing_errors).toBe(0);
      expect(summary.resource_count).toBeGreaterThanOrEqual(paths.length);
      expectAccepted(
        "checkov",
        results.failed_checks.map(({ check_id, resource }) => ({ rule: check_id, where: resource })),
      );
    }));
});

interface CheckovReport {
  readonly summary: { readonly parsing_errors: number; readonly resource_count: number };
  readonly results: { readonly failed_checks: readonly { check_id: string; resource: string }[] };
}

/** kube-score grades from 1 (critical) over 5 (warning) to 10. */
const GRADE_OK = 7;

interface Scored {
  readonly object_name: string;
  readonly checks:
    | readonly {
        readonly check: { readonly id: string };
        readonly grade: number;
        readonly skipped: boolean;
      }[]
    | null;
}
