import { flag, readSettings, type Setting, text, variable, wholeNumber } from "../shared";
import type { EtcdAccess } from "./etcd/gateway";

/**
 * The settings of the verbs: what the program's Deployment and Jobs give as arguments and environment is read, and can
 * be judged, by these.
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

/** etcd's JSON gateway: several settings that are of use only together. */
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
  password: variable("ETCD_PASSWORD", "that user's password", text(), { secret: true }),
};

const etcd: Setting<EtcdAccess> = {
  declares: Object.values(etcdParts).flatMap(({ declares }) => declares),
  read: (inputs) => readSettings(etcdParts, inputs),
};

export const discoverSettings = {
  scope,
  etcd,
  kubernetes: variable(
    "KUBERNETES_API",
    "the API server's address; in a pod it is known",
    url("https://10.43.0.1:443").optional(),
  ),
  kubernetesHost: variable("KUBERNETES_SERVICE_HOST", "set by Kubernetes", text().optional()),
  kubernetesPort: variable("KUBERNETES_SERVICE_PORT", "set by Kubernetes", text().default("443")),
  serviceAccount: variable(
    "SERVICE_ACCOUNT_FOLDER",
    "folder with the service account's token, ca.crt and namespace",
    text().default("/var/run/secrets/kubernetes.io/serviceaccount"),
  ),
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

export const checkDiscover = (config: {
  kubernetes?: string | undefined;
  kubernetesHost?: string | undefined;
}) =>
  config.kubernetes || config.kubernetesHost
    ? []
    : ["KUBERNETES_API is required outside of a pod: where the API server is"];
