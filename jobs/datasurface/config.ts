import { z } from "zod";
import {
  type DatabaseAddress,
  database,
  decimalNumber,
  flag,
  kubernetesAccess,
  objectStore,
  type Setting,
  text,
  toggle,
  variable,
  wholeNumber,
} from "../shared";
import { name } from "./model";
import { hostAndPort } from "./stream-list";

/**
 * The verbs' settings. They read the arguments and environment that the cluster's manifests pass, so a test can check a
 * rendered manifest with them.
 */

const platform = flag("--platform <name>", "the platform, as the model spells it", text());
const store = flag("--store <name>", "the store, as the model spells it", text());
const dataset = flag("--dataset <name>", "the dataset; for single-dataset stores alone", text().optional());
const source = database("SOURCE", "the source database");
const sourceHosts = variable(
  "SOURCE_HOSTS",
  "the only servers that the source's login may be sent to: host:port, with commas between them",
  text()
    .transform((given) => given.split(","))
    .optional(),
);
const merge = database("MERGE", "the merge database", { database: "datasurface_merge" });

/** Where to read the model: a folder, or a git repository that is cloned into a cache. */
const model = {
  model: flag("--model <folder>", "a local model, instead of the repository", text().optional(), "MODEL_DIR"),
  repository: flag("--repository <url>", "the model's git repository", text().optional(), "MODEL_REPOSITORY"),
  branch: flag("--branch <name>", "the model's branch", text().default("main"), "MODEL_BRANCH"),
  cache: flag(
    "--model-cache <folder>",
    "where clones are kept",
    text().default("/cache/git-cache"),
    "MODEL_CACHE",
  ),
  maxCacheAge: flag(
    "--max-cache-age <minutes>",
    "a clone younger than this is used without asking",
    wholeNumber().default(5),
    "MODEL_MAX_CACHE_AGE_MINUTES",
  ),
  token: variable("GIT_TOKEN", "the token for a private repository", z.string().optional(), { secret: true }),
};

const lockWaitSeconds = flag(
  "--lock-wait-seconds <n>",
  "how long to wait for a locked table; then the run fails, and the next by the schedule tries again",
  wholeNumber({ min: 1, max: 86_400 }).default(60),
  "LOCK_WAIT_SECONDS",
);

const oneSource = ({ model, repository }: { model?: string | undefined; repository?: string | undefined }) =>
  model === undefined && repository === undefined
    ? ["--model (or MODEL_DIR) or --repository (or MODEL_REPOSITORY) is required: where the model is"]
    : [];

/** What the verbs that bring a batch to its commit have in common. */
const batchSettings = {
  platform,
  store,
  dataset,
  merge,
  ...model,
  maxSeconds: flag(
    "--max-seconds <n>",
    "stop at the next safe point after so long, with result 1",
    wholeNumber().optional(),
  ),
  approved: flag(
    "--approve-deletes <n-digest>",
    "let through exactly these deletions, as a held batch has shown them",
    text()
      .regex(
        /^\d+-[0-9a-f]{16}$/,
        "allowed: the approval that a held batch shows, such as 50-0123456789abcdef",
      )
      .optional(),
  ),
  additionsOnly: toggle("--additions-only", "merge what is new and changed, and delete nothing"),
  joinMemoryMb: flag(
    "--join-memory-mb <n>",
    "work_mem of the join that finds the changes; a parallel join may take six times as much",
    wholeNumber({ min: 1, max: 1_000_000 }).default(64),
    "JOIN_MEMORY_MB",
  ),
  fullComparisonHours: flag(
    "--full-comparison-hours <n>",
    "compare all columns with the merged rows after so long, even if the source shows the rows of the last batch; 0: always",
    wholeNumber({ max: 8_784 }).default(24),
    "FULL_COMPARISON_HOURS",
  ),
  lockWaitSeconds,
  statementSeconds: flag(
    "--statement-seconds <n>",
    "how long one statement may take, such as the copy of a table",
    wholeNumber({ min: 1, max: 2_000_000 }).default(21_600),
    "STATEMENT_SECONDS",
  ),
};

export const ingestSettings = {
  ...batchSettings,
  source,
  sourceHosts,
  datasetsAtOnce: flag(
    "--datasets-at-once <n>",
    "read so many datasets of the store at once, all in one snapshot; each after the first takes one more session in the source and in the merge database",
    wholeNumber({ min: 1, max: 16 }).default(1),
    "DATASETS_AT_ONCE",
  ),
  fromSnapshot: toggle(
    "--from-snapshot",
    "for a store of kind sql_changes: read the source in whole and follow its changes from there, as after the loss of its slot",
  ),
  changesPerBatch: flag(
    "--changes-per-batch <n>",
    "for a store of kind sql_changes: end a batch after about so many changes, with result 1",
    wholeNumber({ min: 1, max: 100_000_000 }).default(500_000),
    "CHANGES_PER_BATCH",
  ),
  showValues: toggle(
    "--show-values",
    "show the values that do not fit in errors; they may be personal data, and errors end in logs",
  ),
};

/** A shorter key could be guessed, and with it each value that somebody can think of. */
const SHORTEST_KEY = 32;

export const transformSettings = {
  ...batchSettings,
  maskKey: variable(
    "MASK_KEY",
    "the secret key of hash, token and shift; required where the transformer has a key",
    text()
      .min(
        SHORTEST_KEY,
        `allowed: at least ${SHORTEST_KEY} random characters, such as of: openssl rand -hex 32`,
      )
      .optional(),
    { secret: true },
  ),
};

export const resetSettings = {
  platform,
  store,
  dataset,
  merge,
  ...model,
  committedOk: toggle("--committed-ok", "a committed batch is no error"),
};

export const initModelSettings = {
  source,
  schema: flag(
    "--schema <name>",
    "the schema of the source whose tables the model describes",
    text().default("public"),
  ),
  tables: flag(
    "--tables <a,b,...>",
    "the tables to take; all of the schema where it is left out",
    text()
      .transform((given) => given.split(",").map((each) => each.trim()))
      .optional(),
  ),
  store: flag("--store <name>", "the store's name in the model; by default the database's", name.optional()),
  team: flag("--team <name>", "the team that owns the store", name.default("team1")),
  credential: flag(
    "--credential <name>",
    "the name of the source's login in the stack's settings; by default the store's",
    name.optional(),
  ),
  out: flag("--out <folder>", "where the files go; none that exists is replaced", text().default("model")),
};

export const lintSettings = { ...model };

export const lakeSettings = {
  platform,
  store,
  dataset,
  merge,
  ...model,
  lake: objectStore("LAKE_S3", "the lake"),
  keep: flag(
    "--keep <n>",
    "how many batches stay in the lake, so that a reader of an older one can finish",
    wholeNumber({ min: 1, max: 100_000 }).default(10),
    "LAKE_KEEP",
  ),
};

export const statusSettings = {
  platform: flag("--platform <name>", "one platform; all where it is left out", text().optional()),
  merge,
  ...model,
  json: toggle("--json", "print JSON"),
};

export const viewsSettings = { platform, merge, ...model, lockWaitSeconds };

export const infrastructureSettings = {
  ...viewsSettings,
  dropUnused: toggle("--drop-unused", "drop the tables of streams that have left the model"),
  streamList: flag(
    "--stream-list <namespace/name>",
    "the ConfigMap from which Airflow reads the platform's streams, to be brought to the model",
    text()
      .regex(/^[a-z0-9-]+\/[a-z0-9.-]+$/, "allowed: a namespace and a name, as in airflow/yellowlive-streams")
      .transform((given) => {
        const [namespace = "", name = ""] = given.split("/");
        return { namespace, name };
      })
      .optional(),
    "STREAM_LIST",
  ),
  kubernetes: kubernetesAccess,
};

export const checkModel = oneSource;

export const checkIngest = (config: {
  model?: string | undefined;
  repository?: string | undefined;
  approved?: string | undefined;
  additionsOnly: boolean;
  source: Pick<DatabaseAddress, "host" | "port">;
  sourceHosts?: readonly string[] | undefined;
}) => [...checkTransform(config), ...boundSource(config)];

export const checkTransform = (config: {
  model?: string | undefined;
  repository?: string | undefined;
  approved?: string | undefined;
  additionsOnly: boolean;
}) => [
  ...oneSource(config),
  ...(config.approved !== undefined && config.additionsOnly
    ? ["--approve-deletes and --additions-only exclude each other: delete them, or leave them"]
    : []),
];

/** The model names the source's host; the deployment, which holds the login, names the hosts that may see it. */
function boundSource({
  source,
  sourceHosts,
}: {
  source: Pick<DatabaseAddress, "host" | "port">;
  sourceHosts?: readonly string[] | undefined;
}): string[] {
  const given = hostAndPort(source.host, source.port);
  if (sourceHosts === undefined || sourceHosts.includes(given)) return [];
  return [
    `SOURCE_HOST: given "${given}", allowed: ${sourceHosts.join(", ")}: the login is for these servers alone. ` +
      "To allow another, add it to the login's hosts (datasurface.logins) in the stack's settings",
  ];
}

/** The simulator also takes its connection from flags; a flag overrides its variable. */
const simulatedSource = (): Setting<DatabaseAddress> => {
  const flags = ["host", "port", "database", "user", "password"] as const;
  const connection = database("SOURCE", "the source database", {
    host: "localhost",
    database: "customer_db",
    user: "postgres",
  });
  return {
    declares: [
      ...flags.map((name) => ({
        kind: "flag" as const,
        syntax: `--${name} <${name}>`,
        summary: `the source's ${name}`,
      })),
      ...connection.declares,
    ],
    read: (inputs) => {
      const given = Object.fromEntries(
        flags.flatMap((name) => {
          const value = inputs.flags[name];
          return typeof value === "string" ? [[`SOURCE_${name.toUpperCase()}`, value]] : [];
        }),
      );
      return connection.read({ ...inputs, environment: { ...inputs.environment, ...given } });
    },
  };
};

export const simulateSettings = {
  source: simulatedSource(),
  minInterval: flag("--min-interval <seconds>", "the shortest pause", wholeNumber({ min: 1 }).default(5)),
  maxInterval: flag("--max-interval <seconds>", "the longest pause", wholeNumber({ min: 1 }).default(30)),
  maxChanges: flag("--max-changes <n>", "stop after so many changes", wholeNumber({ min: 1 }).optional()),
  rate: flag("--rate <n>", "changes a second, instead of the pauses", decimalNumber().optional()),
  seed: flag(
    "--seed <n>",
    "make the same changes in every run",
    wholeNumber({ max: 2 ** 32 - 1 }).optional(),
  ),
  verbose: toggle("--verbose", "log every change"),
  createTables: toggle("--create-tables", "make the tables and the first customer where they are missing"),
};

export const checkSimulate = ({ minInterval, maxInterval }: { minInterval: number; maxInterval: number }) =>
  minInterval <= maxInterval
    ? []
    : [`--min-interval: given "${minInterval}", allowed: at most --max-interval, which is ${maxInterval}`];
