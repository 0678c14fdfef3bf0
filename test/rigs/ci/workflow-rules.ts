import { parse } from "yaml";

/** The parts of a workflow file that the rules judge. */
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Permissions;
  readonly env?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

type Permissions = string | Readonly<Record<string, string>>;

interface Job {
  readonly environment?: string;
  readonly permissions?: Permissions;
  readonly secrets?: unknown;
  readonly uses?: string;
  readonly steps?: readonly Step[];
}

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: unknown;
}

interface Rule {
  readonly name: string;
  readonly why: string;
  /** What breaks the rule, one message each. */
  readonly problems: (workflow: Workflow, text: string) => readonly string[];
}

/** Triggers that run code which a reviewer has accepted, or that a person with write access starts. */
const REVIEWED = ["push", "workflow_dispatch", "schedule", "workflow_call"];

/** Jobs that publish: what they write, and nothing else. */
const WRITES: Readonly<Record<string, readonly string[]>> = {
  "deploy.yml/dev": ["packages"],
  "deploy.yml/prod": ["packages"],
  "deploy.yml/sign": ["packages", "id-token"],
};

const secretsIn = (part: unknown) =>
  [...JSON.stringify(part ?? null).matchAll(/\bsecrets(?:\.(\w+)|\[)/g)].map(
    ([, name]) => name ?? "secrets[...]",
  );

const jobsOf = ({ jobs }: Workflow) => Object.entries(jobs);
const stepsOf = ({ steps = [] }: Job) => steps;

export const RULES = {
  reviewedCode: {
    name: "secrets never meet code that nobody has reviewed",
    why: "a pull request's author chooses the code that runs, its packages and its install scripts",
    problems: (workflow) => {
      const unreviewed = Object.keys(workflow.on).filter((trigger) => !REVIEWED.includes(trigger));
      const secrets = secretsIn([workflow.jobs, workflow.env]);
      return secrets.length > 0
        ? unreviewed.map((trigger) => `${trigger} runs beside ${secrets.join(", ")}`)
        : [];
    },
  },
  noBranchOfOthers: {
    name: "no workflow runs with the base's rights for somebody else's event",
    why: "pull_request_target, workflow_run and comments run with secrets and a token that can write",
    problems: ({ on }) =>
      Object.keys(on).filter((trigger) =>
        ["pull_request_target", "workflow_run", "issue_comment", "discussion_comment"].includes(trigger),
      ),
  },
  pushesOfMain: {
    name: "a push with secrets is one of main or of a release's tag",
    why: "every other branch is pushed before anybody reviews it",
    problems: (workflow) => {
      if (!("push" in workflow.on) || secretsIn(workflow.jobs).length === 0) return [];
      const { branches, tags, ...others } = (workflow.on.push ?? {}) as Record<string, unknown>;
      const allowed =
        JSON.stringify(branches ?? ["main"]) === '["main"]' && JSON.stringify(tags ?? ["v*"]) === '["v*"]';
      const limited = branches !== undefined || tags !== undefined;
      return allowed && limited && Object.keys(others).length === 0 ? [] : [JSON.stringify(workflow.on.push)];
    },
  },
  environments: {
    name: "a job with secrets names its environment",
    why: "only an environment's rules (reviewers, branches) hold whatever the workflow file contains",
    problems: (workflow) =>
      jobsOf(workflow).flatMap(([name, job]) =>
        job.environment === undefined ? secretsIn(job).map((secret) => `${name} reads ${secret}`) : [],
      ),
  },
  ownPassphrase: {
    name: "a job opens the state of its own stack only",
    why: "one passphrase for all stacks gives prod away with dev",
    problems: (workflow) =>
      jobsOf(workflow).flatMap(([name, job]) => {
        if (job.environment === undefined) return [];
        const own = `PULUMI_CONFIG_PASSPHRASE_${job.environment.replace(/^preview-/, "").toUpperCase()}`;
        return secretsIn(job)
          .filter((secret) => secret.includes("PASSPHRASE") && secret !== own)
          .map((secret) => `${name} reads ${secret} instead of ${own}`);
      }),
  },
  secretsOfSteps: {
    name: "a secret reaches the one step that needs it",
    why: "an install script would find it in the environment of a job; `inherit` passes all there are",
    problems: (workflow) => [
      ...secretsIn(workflow.env),
      ...jobsOf(workflow).flatMap(([name, { steps, ...job }]) => [
        ...secretsIn(job).map((secret) => `${name} gives ${secret} to all its steps`),
        ...(job.secrets === undefined ? [] : [`${name} passes secrets to another workflow`]),
        ...(steps ?? [])
          .filter(({ run }) => /\bnpm (ci|install|i)\b/.test(run ?? ""))
          .flatMap((step) => secretsIn(step).map((secret) => `${name} gives ${secret} to npm`)),
      ]),
    ],
  },
  permissions: {
    name: "the token can read, and writes only what a job publishes",
    why: "the default token of a repository may be able to write everything",
    problems: (workflow, text) => {
      const path = /^# file: (\S+)$/m.exec(text)?.[1] ?? "";
      const wide = (given: Permissions | undefined, allowed: readonly string[], where: string) =>
        typeof given === "string"
          ? [`${where} has ${given}`]
          : Object.entries(given ?? {})
              .filter(([scope, right]) => right !== "none" && !(right === "read" && scope === "contents"))
              .filter(([scope, right]) => !(right === "write" && allowed.includes(scope)))
              .map(([scope, right]) => `${where} has ${scope}: ${right}`);
      return [
        ...(workflow.permissions === undefined ? ["the workflow declares no permissions"] : []),
        ...wide(workflow.permissions, [], "the workflow"),
        ...jobsOf(workflow).flatMap(([name, job]) => {
          const allowed = "pull_request" in workflow.on ? [] : (WRITES[`${path}/${name}`] ?? []);
          return wide(job.permissions, allowed, name);
        }),
      ];
    },
  },
  pinned: {
    name: "every action is pinned by commit, with its version beside it",
    why: "a tag moves to whatever its owner, or a thief of the owner's account, pushes",
    problems: (_, text) =>
      [...text.matchAll(/^\s*(?:- )?uses:\s*(.*)$/gm)]
        .map(([, action]) => action ?? "")
        .filter(
          (action) => !/^\.\//.test(action) && !/^[\w-]+(\/[\w.-]+)+@[0-9a-f]{40} # v\d[\w.]*$/.test(action),
        ),
  },
  noCredentialsLeft: {
    name: "a checkout leaves no token behind",
    why: "later steps, and what they upload, would find it in .git/config",
    problems: (workflow) =>
      jobsOf(workflow).flatMap(([name, job]) =>
        stepsOf(job)
          .filter(({ uses }) => uses?.startsWith("actions/checkout@"))
          .filter((step) => step.with?.["persist-credentials"] !== false)
          .map(() => `${name} keeps the token of its checkout`),
      ),
  },
  noTemplatesInScripts: {
    name: "a script reads values from its environment",
    why: "a title or a branch name that is pasted into a script is run as one",
    problems: (workflow) =>
      jobsOf(workflow).flatMap(([name, job]) =>
        stepsOf(job).flatMap(({ run }) => (run?.includes("${{") ? [`${name}: ${run}`] : [])),
      ),
  },
  noCacheBesideSecrets: {
    name: "a job with secrets takes nothing from a cache",
    why: "a pull request's run can fill a cache that main's run then trusts",
    problems: (workflow) =>
      jobsOf(workflow)
        .filter(([, job]) => secretsIn(job).length > 0)
        .flatMap(([name, job]) =>
          stepsOf(job)
            .filter(
              ({ uses = "", with: given }) =>
                uses.startsWith("actions/cache") ||
                given?.cache !== undefined ||
                (uses.startsWith("actions/setup-node@") && given?.["package-manager-cache"] !== false),
            )
            .map(({ uses }) => `${name}: ${uses}`),
        ),
  },
} as const satisfies Record<string, Rule>;

export type RuleName = keyof typeof RULES;

/** The problems of a workflow file, by rule; a rule that holds is absent. */
export function judge(file: string, text: string): Partial<Record<RuleName, readonly string[]>> {
  // Safe: the rules read optional parts only, and a file that is no workflow fails at the first of them.
  const workflow = parse(text) as Workflow;
  const named = `# file: ${file}\n${text}`;
  return Object.fromEntries(
    Object.entries(RULES)
      .map(([name, { problems }]) => [name, problems(workflow, named)] as const)
      .filter(([, problems]) => problems.length > 0),
  );
}
