import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { judge, RULES, type RuleName } from "../../rigs/ci/workflow-rules";

const folder = new URL("../../../.github/workflows/", import.meta.url);
const files = readdirSync(folder).map((name) => ({
  name,
  text: readFileSync(new URL(name, folder), "utf8"),
}));
const textOf = (name: string) => files.find((each) => each.name === name)?.text ?? "";

describe("the workflows", () => {
  it.each(files)("$name keeps every rule", ({ name, text }) => {
    expect(judge(name, text)).toEqual({});
  });

  it("show every pull request a plan, which needs no secret", () => {
    const plan = textOf("plan.yml");
    expect(plan).toMatch(/^on:\n {2}pull_request:$/m);
    expect(plan).not.toMatch(/secrets|environment:|github\.token|GITHUB_TOKEN/);
  });

  it("let no bot merge its own update, after which it would run beside secrets", () => {
    const renovate = readFileSync(new URL("../../../renovate.json", import.meta.url), "utf8");
    expect(renovate).not.toContain("automerge");
    expect(renovate).toMatch(/"minimumReleaseAge": "\d+ days"/);
  });
});

interface Attack {
  readonly rule: RuleName;
  readonly file: string;
  readonly change: readonly [from: string | RegExp, to: string];
}

/** Changes of the real files, each of which opens a way to a secret. */
const ATTACKS: readonly Attack[] = [
  { rule: "reviewedCode", file: "preview.yml", change: ["on:\n", "on:\n  pull_request:\n"] },
  { rule: "noBranchOfOthers", file: "plan.yml", change: ["pull_request:", "pull_request_target:"] },
  { rule: "noBranchOfOthers", file: "ci.yml", change: ["workflow_call:", "workflow_run:"] },
  { rule: "pushesOfMain", file: "deploy.yml", change: ["branches: [main]", "branches: [main, try]"] },
  { rule: "pushesOfMain", file: "preview.yml", change: ["  push:\n    branches: [main]", "  push:"] },
  { rule: "environments", file: "deploy.yml", change: ["    environment: prod\n", ""] },
  { rule: "ownPassphrase", file: "deploy.yml", change: ["PASSPHRASE_DEV", "PASSPHRASE_PROD"] },
  { rule: "ownPassphrase", file: "preview.yml", change: ["PASSPHRASE_PROD }}", "PASSPHRASE }}"] },
  {
    rule: "secretsOfSteps",
    file: "deploy.yml",
    change: ["- run: npm ci", "- run: npm ci\n        env:\n          TOKEN: ${{ secrets.HCLOUD_TOKEN }}"],
  },
  {
    rule: "secretsOfSteps",
    file: "deploy.yml",
    change: ["uses: ./.github/workflows/ci.yml", "uses: ./.github/workflows/ci.yml\n    secrets: inherit"],
  },
  { rule: "permissions", file: "plan.yml", change: ["contents: read", "contents: write"] },
  {
    rule: "permissions",
    file: "plan.yml",
    change: ["contents: read", "contents: read\n  pull-requests: write"],
  },
  { rule: "permissions", file: "ci.yml", change: ["permissions:\n  contents: read\n", ""] },
  {
    rule: "permissions",
    file: "deploy.yml",
    change: ["permissions:\n  contents: read", "permissions: write-all"],
  },
  {
    rule: "permissions", // what has a stack's secrets could sign too
    file: "deploy.yml",
    change: [/(packages: write.*\n)( +outputs:)/, "$1      id-token: write\n$2"],
  },
  {
    rule: "permissions",
    file: "deploy.yml",
    change: ["      id-token: write", "      contents: write\n      id-token: write"],
  },
  { rule: "pinned", file: "plan.yml", change: [/@[0-9a-f]{40}/, "@v6"] },
  { rule: "pinned", file: "ci.yml", change: [/ # v6\.0\.2/, ""] },
  { rule: "noCredentialsLeft", file: "plan.yml", change: [/ +persist-credentials: false\n/, ""] },
  {
    rule: "noTemplatesInScripts",
    file: "plan.yml",
    change: ["run: npm ci", "run: echo ${{ github.event.pull_request.title }}"],
  },
  {
    rule: "noCacheBesideSecrets",
    file: "deploy.yml",
    change: ["package-manager-cache: false", "cache: npm"],
  },
];

describe("a rule of the workflows", () => {
  it.each(ATTACKS)("$rule finds the attack on $file: $change.1", ({ rule, file, change: [from, to] }) => {
    const text = textOf(file);
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    expect(Object.keys(judge(file, changed))).toEqual([rule]);
  });

  it.each(Object.keys(RULES))("%s has an attack that it finds", (rule) => {
    expect(ATTACKS.map((attack): string => attack.rule)).toContain(rule);
  });
});
