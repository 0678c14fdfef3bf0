import { readFileSync } from "node:fs";
import { z } from "zod";
import type { PatroniAccess } from "../patroni";
import {
  argument,
  type DatabaseAddress,
  database,
  flag,
  jsonFile,
  type KubernetesAccess,
  kubernetesAccess,
  listening,
  oneOf,
  readSettings,
  type Setting,
  text,
  toggle,
  variable,
  wholeNumber,
} from "../shared";
import { ACTIONS, TRANSFERS, UPGRADE_ACTIONS } from "./actions";
import { type Specification, specification } from "./bootstrap";
import type { EtcdAccess } from "./etcd";

/**
 * The verbs' settings. They read the arguments and environment of the program's Deployment and Jobs, so a test can
 * check a manifest with them.
 */

const url = (example: string) =>
  text(example).refine(
    (given) => URL.canParse(given) && new URL(given).protocol === "https:",
    `allowed: an https address such as ${example}`,
  );

const scope = flag(
  "--scope <name>",
  "the cluster's name in etcd, as Patroni knows it",
  text().regex(/^[^/]+$/, "allowed: a name without slashes"),
  "PATRONI_SCOPE",
);

/** Access to etcd's JSON gateway: these settings are only valid together. */
const etcdParts = {
  endpoints: variable(
    "ETCD_ENDPOINTS",
    "etcd's members, separated by commas: https://10.0.0.1:2379,...",
    text()
      .transform((given) => given.split(",").map((each) => each.trim()))
      .pipe(url("https://10.0.0.1:2379").array()),
  ),
  authority: variable(
    "ETCD_CACERT",
    "file with the authority of etcd's certificates",
    text("the path of a file"),
  ),
  certificate: variable(
    "ETCD_CERT",
    "file with a client certificate without a common name",
    text("the path of a file"),
  ),
  key: variable("ETCD_KEY", "file with the key of that certificate", text("the path of a file")),
  user: variable("ETCD_USER", "user of etcd", text().default("patroni")),
  password: variable("ETCD_PASSWORD", "that user's password, if etcd has users", text().optional(), {
    secret: true,
  }),
};

const etcd: Setting<EtcdAccess> = {
  declares: Object.values(etcdParts).flatMap(({ declares }) => declares),
  read: (inputs) => readSettings(etcdParts, inputs),
};

export const discoverSettings = {
  scope,
  etcd,
  kubernetes: kubernetesAccess,
  namespace: variable("NAMESPACE", "namespace of the slices", text()),
  primary: variable(
    "DISCOVERY_PRIMARY",
    "the Service, and its slice, that leads to the leader",
    text().default("postgres-primary"),
  ),
  replica: variable(
    "DISCOVERY_REPLICA",
    "the Service, and its slice, that leads to the replicas",
    text().default("postgres-replica"),
  ),
  postgresPort: variable(
    "DISCOVERY_POSTGRES_PORT",
    "the members' PostgreSQL port",
    wholeNumber({ min: 1, max: 65_535 }).default(5432),
  ),
  host: variable("DISCOVERY_HOST", "address for health and metrics", text().default("0.0.0.0")),
  port: variable(
    "DISCOVERY_PORT",
    "port for health and metrics",
    wholeNumber({ min: 0, max: 65_535 }).default(8080),
  ),
};

export const checkDiscover = ({ kubernetes }: { kubernetes: KubernetesAccess | undefined }) =>
  kubernetes ? [] : ["KUBERNETES_API is required outside of a pod: where the API server is"];

const leader = database("POSTGRES", "the leader, as a superuser", { database: "postgres", user: "postgres" });

/** The REST API of Patroni's members. */
const patroniParts = {
  url: variable("PATRONI_URL", "the REST API of any member", url("https://postgres:8008")),
  authority: variable(
    "PATRONI_CACERT",
    "file with the authority of the members' certificates",
    text("the path of a file"),
  ),
  user: variable("PATRONI_USER", "user of the REST API", text().default("patroni")),
  password: variable("PATRONI_PASSWORD", "that user's password", text(), { secret: true }),
};

const patroni: Setting<PatroniAccess> = {
  declares: Object.values(patroniParts).flatMap(({ declares }) => declares),
  read: (inputs) => readSettings(patroniParts, inputs),
};

/** Required only where the specification has a section for Patroni. */
const patroniIfGiven: Setting<PatroniAccess | undefined> = {
  declares: patroni.declares,
  read: (inputs) => (inputs.environment.PATRONI_URL ? patroni.read(inputs) : { value: undefined }),
};

export const bootstrapSettings = {
  leader,
  specification: flag(
    "--specification <file>",
    "what is to be there: databases, applications and Patroni's configuration",
    jsonFile(specification),
    "POSTGRES_SPECIFICATION",
  ),
  passwords: flag(
    "--passwords <folder>",
    "folder with the files that the specification names, as a mounted Secret is",
    text("the path of a folder").default("/etc/trellis/passwords"),
    "POSTGRES_PASSWORDS",
  ),
  retire: toggle("--retire", "drop logins of epochs before the newest two", "POSTGRES_RETIRE"),
  waitSeconds: flag(
    "--wait-seconds <n>",
    "how long to wait for a leader",
    wholeNumber({ max: 3_600 }).default(300),
    "POSTGRES_WAIT_SECONDS",
  ),
  patroni: patroniIfGiven,
};

export const checkBootstrap = (config: {
  specification: Specification;
  patroni: PatroniAccess | undefined;
}) =>
  config.specification.patroni && !config.patroni
    ? ["PATRONI_URL is required: the specification has a configuration for Patroni"]
    : [];

const migrateDatabase = database("MIGRATE", "the database, as a login with the access `migrate`");

export const migrateSettings = {
  action: argument(0, "action", `one of ${ACTIONS.join(", ")}`, oneOf(ACTIONS)),
  schema: argument(
    1,
    "schema",
    "whose tables: the domain that the folder of migrations belongs to",
    text().regex(/^[a-z][a-z0-9-]*$/, "allowed: lower-case letters, digits and dashes"),
  ),
  name: argument(
    2,
    "name",
    "of a new step",
    text()
      .regex(/^[a-z0-9][a-z0-9-]*$/, "allowed: lower-case letters, digits and dashes")
      .optional(),
  ),
  folder: flag("--folder <path>", "folder of the SQL files, instead of the domain's own", text().optional()),
  steps: flag("--steps <n>", "how many steps to take back", wholeNumber({ min: 1, max: 1_000 }).default(1)),
  json: toggle("--json", "print JSON"),
  database: {
    declares: migrateDatabase.declares,
    read: (inputs) => (inputs.arguments[0] === "new" ? { value: undefined } : migrateDatabase.read(inputs)),
  } satisfies Setting<DatabaseAddress | undefined>,
};

export const checkMigrate = ({ action, name }: { action: string; name?: string | undefined }) =>
  (action === "new") === (name !== undefined)
    ? []
    : ["<name>: is given with `new`, and with nothing else: what the step is called"];

/** `--from` is the source's URL; its password and the rest may come from the environment. */
const importSource = database("IMPORT_FROM", "the database to take over");

const fromFlag = flag(
  "--from <url>",
  "the database to take over, as postgres://user@host:port/database; its password in IMPORT_FROM_PASSWORD",
  text("postgres://user@host:port/database").optional(),
);

/** `<old>=<new>,...` */
const roleMap = text("<role of the source>=<role here>, separated by commas").transform((given, issues) => {
  const pairs = given.split(",").map((pair) => pair.split("=").map((name) => name.trim()));
  const map = new Map(pairs.map(([from = "", to = ""]) => [from, to]));
  if (map.size === pairs.length && pairs.every((pair) => pair.length === 2 && pair.every(Boolean)))
    return map;
  issues.addIssue({
    code: "custom",
    message: "allowed: <role of the source>=<role here>, separated by commas",
  });
  return z.NEVER;
});

export const importSettings = {
  source: {
    declares: [...fromFlag.declares, ...importSource.declares],
    read: (inputs) => {
      const url = fromFlag.read(inputs).value;
      return importSource.read(
        url === undefined
          ? inputs
          : { ...inputs, environment: { ...inputs.environment, IMPORT_FROM_URL: url } },
      );
    },
  } satisfies Setting<DatabaseAddress>,
  leader,
  into: flag("--as <name>", "name that the database gets here, instead of its own", text().optional()),
  roles: flag(
    "--roles <pairs>",
    "roles of the source that others replace here: app=crm_owner,reader=crm_reader",
    roleMap.optional().transform((given) => given ?? new Map<string, string>()),
  ),
  force: toggle("--force", "replace a database that is not empty; it is kept as <name>_before_import"),
  dryRun: toggle("--dry-run", "check everything and show what would be imported, and change nothing"),
  undo: toggle("--undo", "put the database back that an import replaced"),
  binaries: flag(
    "--bin-dir <folder>",
    "folder with pg_dump and pg_restore; without it they are sought on the PATH",
    text("the path of a folder").optional(),
    "IMPORT_BIN_DIR",
  ),
};

const yes = toggle("--yes", "do not ask");

export const statusSettings = { patroni, json: toggle("--json", "print JSON") };

/** A JSON object with Patroni's dynamic configuration. */
const configurationFile = text("the path of a file").transform((path, issues) => {
  try {
    return z.record(z.string(), z.json()).parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    issues.addIssue({ code: "custom", message: "allowed: a file with an object in JSON that can be read" });
    return z.NEVER;
  }
});

export const poolerMetricsSettings = {
  pooler: database(
    "POOLER",
    "PgBouncer's admin console, as a login of stats_users; each address is a pooler",
    {
      database: "pgbouncer",
    },
  ),
  ...listening("POOLER_METRICS"),
};

export const configureSettings = {
  patroni,
  configuration: flag(
    "--configuration <file>",
    "Patroni's dynamic configuration, as far as it is to be changed",
    configurationFile,
    "PATRONI_CONFIGURATION",
  ),
  restart: toggle("--restart", "restart members that wait for it, replicas first", "PATRONI_RESTART"),
};

export const switchoverSettings = {
  patroni,
  to: flag("--to <member>", "who is to lead; the best replica where it is left out", text().optional()),
  yes,
};

export const reinitSettings = { patroni, member: argument(0, "member", "the replica", text()), yes };

export const clearStaleStateSettings = {
  scope,
  etcd,
  all: toggle("--all", "forget the whole cluster, also which data is its own"),
  yes,
};

const scopeIfGiven: Setting<string | undefined> = {
  declares: scope.declares,
  read: (inputs) => (inputs.environment.PATRONI_SCOPE ? scope.read(inputs) : { value: undefined }),
};

/** Where etcd is, for pods that clear the cluster's state. */
const etcdIfGiven: Setting<EtcdAccess | undefined> = {
  declares: etcd.declares,
  read: (inputs) => (inputs.environment.ETCD_ENDPOINTS ? etcd.read(inputs) : { value: undefined }),
};

const programsOf = (release: string) => text(`the folder of the programs of the ${release} release`);

/** Required only by the actions that connect to the leader. */
const leaderIfGiven: Setting<DatabaseAddress | undefined> = {
  declares: leader.declares,
  read: (inputs) =>
    inputs.environment.POSTGRES_HOST || inputs.environment.POSTGRES_URL
      ? leader.read(inputs)
      : { value: undefined },
};

export const upgradeSettings = {
  action: argument(0, "action", `one of ${UPGRADE_ACTIONS.join(", ")}`, oneOf(UPGRADE_ACTIONS)),
  leader: leaderIfGiven,
  scope: scopeIfGiven,
  etcd: etcdIfGiven,
  data: flag(
    "--data <folder>",
    "the leader's data folder, on its volume; for run, back and confirm",
    text("the path of a folder").optional(),
    "UPGRADE_DATA",
  ),
  oldPrograms: variable("UPGRADE_OLD_PROGRAMS", "folder of the old release's programs", programsOf("old")),
  newPrograms: variable("UPGRADE_NEW_PROGRAMS", "folder of the new release's programs", programsOf("new")),
  transfer: flag(
    "--transfer <how>",
    "copy (keeps the way back), clone (the same, where the file system shares blocks) or link (no way back)",
    oneOf(TRANSFERS).default("copy"),
    "UPGRADE_TRANSFER",
  ),
};

export const checkUpgrade = ({
  action,
  leader,
  data,
  scope: name,
  etcd: access,
}: {
  action: (typeof UPGRADE_ACTIONS)[number];
  leader: DatabaseAddress | undefined;
  data: string | undefined;
  scope: string | undefined;
  etcd: EtcdAccess | undefined;
}) => {
  const byNetwork = action === "rehearse" || action === "finish";
  if (byNetwork && !leader) return [`POSTGRES_HOST is required by ${action}: the leader, as a superuser`];
  if (!byNetwork && !data)
    return [`--data (or UPGRADE_DATA) is required by ${action}: the leader's data folder`];
  if ((name === undefined) !== (access === undefined))
    return ["PATRONI_SCOPE and ETCD_ENDPOINTS are given together"];
  return [];
};
