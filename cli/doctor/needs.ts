/** A program that some part of the work needs. */
export interface Need {
  readonly program: string;
  /** What is asked for its version; what it prints holds it. */
  readonly ask: readonly string[];
  /** What cannot be done without it. */
  readonly purpose: string;
  /** The oldest that serves. */
  readonly atLeast?: string;
  readonly remedy: string;
  /** Without it nothing works at all. */
  readonly essential?: true;
}

interface Needs {
  /** As package.json declares it. */
  readonly node: string;
  /** The Pulumi CLI that the workflows deploy with. */
  readonly pulumi: string;
  /** The major version of PostgreSQL that npm start runs. */
  readonly postgres: number;
}

/** What is looked for, grouped by what one wants to do. */
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
          remedy: `install the package postgresql-client-${postgres} of the PostgreSQL project (apt.postgresql.org)`,
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
