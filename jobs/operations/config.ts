import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import {
  type DatabaseAddress,
  database,
  decimalNumber,
  flag,
  jsonFile,
  kubernetesAccess,
  listening,
  type Setting,
  text,
  toggle,
  variable,
  wholeNumber,
} from "../shared";
import { ETCD_FILES, platformSchema } from "./platform";
import { DATABASE_ROLES, type DatabaseRole, type EtcdCertificate } from "./readers";

const json = toggle("--json", "print JSON");

/** A folder with a connection string in a file for each role, as a mounted Secret is; a missing file is no login. */
const logins: Setting<Partial<Record<DatabaseRole, DatabaseAddress>>> = {
  declares: [
    {
      kind: "variable",
      syntax: "OPERATIONS_LOGINS",
      summary: `folder with the connection strings ${DATABASE_ROLES.join(", ")}, each of a login that reads`,
    },
  ],
  read: ({ environment }) => {
    const folder = environment.OPERATIONS_LOGINS;
    if (!folder) return { value: {} };
    const readings = DATABASE_ROLES.flatMap((role) => {
      const url = contentOf(join(folder, role));
      if (url === undefined) return [];
      const authority = environment.OPERATIONS_CACERT;
      const variables = { LOGIN_URL: url, ...(authority && { LOGIN_SSLROOTCERT: authority }) };
      const reading = database("LOGIN", role).read({ arguments: [], flags: {}, environment: variables });
      return [{ role, reading }];
    });
    const problems = readings.flatMap(({ role, reading }) =>
      (reading.problems ?? []).map((problem) => `OPERATIONS_LOGINS/${role}: ${problem}`),
    );
    if (problems.length > 0) return { problems };
    return { value: Object.fromEntries(readings.map(({ role, reading }) => [role, reading.value])) };
  },
};

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

const readable = text("the path of a file").transform((file, issues) => {
  const certificates = contentOf(file);
  if (certificates !== undefined) return { file, certificates };
  issues.addIssue({ code: "custom", message: "allowed: a file that can be read" });
  return z.NEVER;
});

const tokenFile = text("the path of a file").transform((file, issues) => {
  const token = contentOf(file);
  if (token) return token;
  issues.addIssue({ code: "custom", message: "allowed: a file that can be read and holds a token" });
  return z.NEVER;
});

/** The files that a folder may have for etcd; without them, its members show their health without TLS. */
const etcd: Setting<EtcdCertificate | undefined> = {
  declares: [
    {
      kind: "variable",
      syntax: "OPERATIONS_ETCD",
      summary: `folder with ${Object.values(ETCD_FILES).join(", ")}: etcd's authority, and a client certificate`,
    },
  ],
  read: ({ environment: { OPERATIONS_ETCD: folder } }) => {
    const [authority, cert, key] = [ETCD_FILES.authority, ETCD_FILES.certificate, ETCD_FILES.key].map(
      (name) => (folder ? contentOf(join(folder, name)) : undefined),
    );
    return { value: authority && cert && key ? { authority, cert, key } : undefined };
  },
};

/** How the platform is read. */
const accessSettings = {
  platform: variable(
    "OPERATIONS_PLATFORM",
    "file with what the stack has, in JSON",
    jsonFile(platformSchema),
  ),
  kubernetes: kubernetesAccess,
  logins,
  etcd,
  authorities: variable(
    "OPERATIONS_CACERT",
    "file with the CA certificates of PostgreSQL and of object storage",
    readable.optional(),
  ),
  objectsToken: variable(
    "OPERATIONS_OBJECTS_TOKEN",
    "file with the token for the metrics of object storage",
    tokenFile.optional(),
    { secret: true },
  ),
  deadlineSeconds: flag(
    "--deadline <seconds>",
    "when everything still under way counts as not checked",
    wholeNumber({ min: 1, max: 600 }).default(20),
    "OPERATIONS_DEADLINE_SECONDS",
  ),
};

const historySettings = {
  namespace: variable("OPERATIONS_NAMESPACE", "namespace of the history", text().default("operations")),
  history: variable(
    "OPERATIONS_HISTORY",
    "ConfigMap that keeps the last runs; without it there is no history",
    text("the name of a ConfigMap").optional(),
  ),
};

/** The line of the JSON report begins with it, so that `trellis health` finds it among the lines of the pod. */
export const REPORT_MARK = "HEALTH_REPORT=";

export const healthSettings = {
  ...accessSettings,
  ...historySettings,
  json,
  withJson: toggle(
    "--with-json",
    `print the JSON report too, in a last line that begins with ${REPORT_MARK}`,
  ),
  scheduled: toggle(
    "--scheduled",
    "end with 0 whatever was found: for a schedule, whose findings are read from the history",
  ),
};

export const statusSettings = { ...accessSettings, json };

/** For verbs that serve what the runs have left. */
const servingSettings = {
  kubernetes: kubernetesAccess,
  namespace: historySettings.namespace,
  history: variable(
    "OPERATIONS_HISTORY",
    "ConfigMap that keeps the last runs",
    text("the name of a ConfigMap"),
  ),
  ...listening("OPERATIONS"),
};

export const serveMetricsSettings = servingSettings;

export const servePageSettings = {
  ...servingSettings,
  runbooks: variable(
    "OPERATIONS_RUNBOOKS",
    "address that the paths of runbooks follow, such as https://git.example.com/trellis/; without it they are no links",
    z.url({ protocol: /^https$/, error: "allowed: an https address" }).optional(),
  ),
  everyHours: flag(
    "--every-hours <n>",
    "hours between two scheduled runs; after three times as long the page calls its findings old",
    decimalNumber().default(1),
    "OPERATIONS_EVERY_HOURS",
  ),
};
