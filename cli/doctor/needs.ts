import { clientRemedy } from "../shared/postgres-client";

/** A program that a task needs. */
export interface Need {
  readonly program: string;
  /** The arguments that make it print its version. */
  readonly ask: readonly string[];
  /** The tasks that need it. */
  readonly purpose: string;
  /** The oldest version that works. @default any */
  readonly atLeast?: string;
  /** How to install it. */
  readonly remedy: string;
  /** Whether nothing works without it. @default only its own tasks need it */
  readonly essential?: true;
}

interface Needs {
  /** The version in package.json. */
  readonly node: string;
  /** The version of the Pulumi CLI in the deployment workflows. */
  readonly pulumi: string;
  /** The major version of PostgreSQL that `npm start` runs. */
  readonly postgres: number;
}

/** The programs to look for, grouped by task. */
export function needs({ node, pulumi, postgres }: Needs): ReadonlyMap<string, readonly Need[]> {
  return new Map([
    [
      "to try it: npm start, npm run plan, npm test",
      [
        {
          program: "node",
          ask: ["--version"],
          purpose: "everything",
          atLeast: node,
          remedy: "install it from nodejs.org, or with a version manager",
          essential: true,
        },
        {
          program: "pg_dump",
          ask: ["--version"],
          purpose: "backups in npm start; without it they are skipped",
          atLeast: String(postgres),
          remedy: clientRemedy(postgres),
        },
      ],
    ],
    [
      "to deploy it: pulumi preview, pulumi up",
      [
        {
          program: "pulumi",
          ask: ["version"],
          purpose: "previews and deployments",
          atLeast: pulumi,
          remedy: "see pulumi.com/docs/install",
        },
        {
          program: "docker",
          ask: ["buildx", "version"],
          purpose: "building the images",
          remedy: "install Docker with its buildx plugin, and log in to your registry",
        },
        {
          program: "git",
          ask: ["--version"],
          purpose: "version control of the settings; DataSurface's model",
          remedy: "install it from your system's packages",
        },
      ],
    ],
    [
      "to operate it: the runbooks",
      [
        {
          program: "kubectl",
          ask: ["version", "--client"],
          purpose: "inspecting the cluster",
          remedy: "see kubernetes.io/docs/tasks/tools",
        },
        {
          program: "ssh",
          ask: ["-V"],
          purpose: "etcd, certificates, servers",
          remedy: "install your system's OpenSSH client",
        },
        {
          program: "jq",
          ask: ["--version"],
          purpose: "commands of the runbooks",
          remedy: "install it from your system's packages",
        },
        {
          program: "age",
          ask: ["--version"],
          purpose: "decrypting snapshots and saved configurations",
          remedy: "install it from your system's packages, or see age-encryption.org",
        },
      ],
    ],
  ]);
}
