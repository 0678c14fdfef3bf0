import { versions } from "../../../components/shared/versions";
import { add, change, type Mutant, named, object, put, remove, serverFile, step, withAt } from "./mutation";

const discovery = object("Role", "postgres-discovery");
const binding = object("RoleBinding", "postgres-discovery");
const config = object("ConfigMap", "rain-config");
const firewall = named("cluster-addresses-firewall");
const rainIngress = object("Ingress", "rain-api");
const server = named("cluster-servers-ubuntu-16gb-fsn1-1");
const denial = object("NetworkPolicy", "deny-all", "postgres");
const rainPolicy = object("NetworkPolicy", "rain-api");
const KEY = ["-----BEGIN EC PRIVATE KEY-----", "MHcCAQEEIBkg", "-----END EC PRIVATE KEY-----", ""].join("\n");
const random = "q7Rz0vXk2LmN8bTc5YwHsJ4dPfG9uEaKx3Vi6";

const rbac = (kind: string, rest: object) => {
  const apiVersion = "rbac.authorization.k8s.io/v1";
  return add({ apiVersion, kind, metadata: { name: "added" }, ...rest }, `kubernetes:${apiVersion}:${kind}`);
};
const allowed = (rule: object) => rbac("ClusterRole", { rules: [{ apiGroups: [""], ...rule }] });
const bound = (role: string, subject: object) =>
  rbac("ClusterRoleBinding", { roleRef: { kind: "ClusterRole", name: role }, subjects: [subject] });
const opened = (rule: object) =>
  change(firewall, (resource) => {
    const rules = [...Object(resource.inputs).rules, { direction: "in", protocol: "tcp", ...rule }];
    return withAt(resource, ["inputs", "rules"], rules);
  });
const unprotected = (name: string, type = "") =>
  change(named(name, type), (resource) => withAt(resource, ["options", "protect"], undefined));

const chart = (spec: object) => {
  const apiVersion = "helm.cattle.io/v1";
  const metadata = { name: "added", namespace: "kube-system" };
  return add({ apiVersion, kind: "HelmChart", metadata, spec }, `kubernetes:${apiVersion}:HelmChart`);
};

const CHARTS: readonly Mutant[] = [
  ["charts-by-digest", "a chart of a repository", chart({ repo: "https://charts.example.com", chart: "a" })],
  ["charts-by-digest", "a chart by tag", chart({ chart: "oci://registry.example.com/charts/a:1.2.3" })],
];

/** Secrets in clear. */
const SECRETS: readonly Mutant[] = [
  ["no-clear-secrets", "a key in a ConfigMap", put(config, ["data", "server.key"], KEY)],
  ["no-clear-secrets", "a random key in a ConfigMap", put(config, ["data", "SEED"], random)],
  ["no-clear-secrets", "a password in a ConfigMap", put(config, ["data", "DB_PASSWORD"], "hunter22")],
  [
    "no-clear-secrets",
    "a URL with a password",
    put(config, ["data", "URL"], "postgresql://rain:hunter2@db/rain"),
  ],
  ["no-clear-secrets", "a token of GitHub", put(config, ["data", "GIT"], `ghp_${"a1B2c3D4e5F6".repeat(3)}`)],
  ["no-clear-secrets", "an access key of AWS", put(config, ["data", "S3"], "AKIAIOSFODNN7EXAMPLE")],
  [
    "no-clear-secrets",
    "a live key of Stripe",
    put(config, ["data", "PAY"], `sk_live_${"4eC39HqLyjWDarjtT1zd"}`),
  ],
  [
    "no-clear-secrets",
    "a web token",
    put(config, ["data", "J"], "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc"),
  ],
  ["no-clear-secrets", "an age identity", put(config, ["data", "A"], `AGE-SECRET-KEY-1${"Q0".repeat(29)}`)],
  [
    "no-clear-secrets",
    "a password in a file of several lines",
    put(config, ["data", "app.ini"], "[db]\nuser = rain\npassword = Tr0ub4dor3x\n"),
  ],
  [
    "no-clear-secrets",
    "a secret that lost its mark",
    change(object("Secret", "rain-database"), (resource) => ({ ...resource, secretInputs: [] })),
  ],
  [
    "no-clear-secrets",
    "a password in a variable",
    put(
      object("Deployment", "rain-api"),
      ["spec", "template", "spec", "containers", 0, "env"],
      [{ name: "RAIN_DB_PASSWORD", value: "hunter22" }],
    ),
  ],
  [
    "no-clear-secrets",
    "a bearer token in an annotation",
    put(rainIngress, ["metadata", "annotations", "x"], `Bearer ${random}`),
  ],
];

const RIGHTS: readonly Mutant[] = [
  ["minimal-rbac", "a wildcard verb", put(discovery, ["rules", 0, "verbs"], ["*"])],
  ["minimal-rbac", "a wildcard resource", put(discovery, ["rules", 0, "resources"], ["*"])],
  ["minimal-rbac", "a wildcard group", put(discovery, ["rules", 0, "apiGroups"], ["*"])],
  ["minimal-rbac", "pods/exec", allowed({ resources: ["pods/exec"], verbs: ["create"] })],
  ["minimal-rbac", "pods/portforward", allowed({ resources: ["pods/portforward"], verbs: ["create"] })],
  ["minimal-rbac", "a list of secrets", allowed({ resources: ["secrets"], verbs: ["list"] })],
  ["minimal-rbac", "any secret", allowed({ resources: ["secrets"], verbs: ["get"] })],
  ["minimal-rbac", "impersonation", allowed({ resources: ["users"], verbs: ["impersonate"] })],
  ["minimal-rbac", "a second cluster-admin", bound("cluster-admin", { kind: "Group", name: "developers" })],
  ["minimal-rbac", "rights for everybody", bound("view", { kind: "Group", name: "system:authenticated" })],
  ["minimal-rbac", "the role admin for a pod", put(binding, ["roleRef", "name"], "admin")],
  [
    "minimal-rbac",
    "cluster-admin for another group in a server's manifests",
    serverFile("/trellis-administrators.yaml", (content) =>
      content.replace("kind: Group\n    name: trellis:", "kind: Group\n    name: other:"),
    ),
  ],
];

const NETWORK: readonly Mutant[] = [
  ["namespace-policies", "no denial", remove(denial)],
  ["namespace-policies", "a denial of one direction", put(denial, ["spec", "policyTypes"], ["Ingress"])],
  [
    "namespace-policies",
    "a denial for some pods",
    put(denial, ["spec", "podSelector"], { matchLabels: { a: "b" } }),
  ],
  [
    "namespace-policies",
    "a denial with an exception",
    put(denial, ["spec", "ingress"], [{ from: [{ podSelector: {} }], ports: [{ port: 1 }] }]),
  ],
  [
    "namespace-policies",
    "traffic from everywhere",
    put(rainPolicy, ["spec", "ingress"], [{ ports: [{ port: 8080 }] }]),
  ],
  [
    "namespace-policies",
    "traffic to everywhere",
    put(rainPolicy, ["spec", "egress"], [{ ports: [{ port: 443 }] }]),
  ],
  ["namespace-policies", "every port", put(rainPolicy, ["spec", "egress"], [{ to: [{ podSelector: {} }] }])],
  [
    "namespace-policies",
    "every namespace",
    put(rainPolicy, ["spec", "ingress"], [{ from: [{ namespaceSelector: {} }], ports: [{ port: 1 }] }]),
  ],
  [
    "namespace-policies",
    "a new namespace",
    (recorded) =>
      add({
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: "default", namespace: "added" },
        automountServiceAccountToken: false,
      })(
        add({
          apiVersion: "v1",
          kind: "Namespace",
          metadata: { name: "added", labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
        })(recorded),
      ),
  ],
  ["ingress-tls", "no TLS", put(rainIngress, ["spec", "tls"], undefined)],
  ["ingress-tls", "another host's TLS", put(rainIngress, ["spec", "tls", 0, "hosts"], ["other.example.com"])],
  ["ingress-tls", "TLS without a secret", put(rainIngress, ["spec", "tls", 0, "secretName"], undefined)],
  ["ingress-tls", "a rule for every name", put(rainIngress, ["spec", "rules", 0, "host"], undefined)],
  [
    "ingress-tls",
    "Grafana without TLS",
    change(object("HelmChart", "kube-prometheus-stack"), (resource) => {
      const values: string = Object(resource.inputs.spec).valuesContent;
      return withAt(
        resource,
        ["inputs", "spec", "valuesContent"],
        values.replace(/\n {4}tls:[\s\S]*$/, "\n"),
      );
    }),
  ],
  ["public-ports", "PostgreSQL for everybody", opened({ port: "5432", sourceIps: ["0.0.0.0/0"] })],
  ["public-ports", "SSH for a stranger", opened({ port: "22", sourceIps: ["198.51.100.0/24"] })],
  ["public-ports", "the API for half the internet", opened({ port: "6443", sourceIps: ["0.0.0.0/1"] })],
  ["public-ports", "HTTP over UDP", opened({ port: "443", protocol: "udp", sourceIps: ["::/0"] })],
  ["public-ports", "NodePorts for everybody", opened({ port: "30000-32767", sourceIps: ["0.0.0.0/0"] })],
  ["public-ports", "a database for administrators", opened({ port: "5432", sourceIps: ["203.0.113.0/24"] })],
  [
    "public-ports",
    "a Service with a public address",
    put(object("Service", "rain-api"), ["spec", "type"], "LoadBalancer"),
  ],
  [
    "public-ports",
    "a Service that takes an address",
    put(object("Service", "rain-api"), ["spec", "externalIPs"], ["192.0.2.1"]),
  ],
];

const DATA: readonly Mutant[] = [
  ["protected-data", "a server", unprotected("cluster-servers-ubuntu-16gb-fsn1-1")],
  ["protected-data", "a server at Hetzner", put(server, ["deleteProtection"], false)],
  ["protected-data", "the network", unprotected("cluster-addresses-network")],
  ["protected-data", "the floating IP", unprotected("cluster-addresses-front-floating-ip")],
  ["protected-data", "PostgreSQL", unprotected("postgres-cluster-members")],
  ["protected-data", "MinIO", unprotected("minio-servers-set")],
  ["protected-data", "a volume", unprotected("rain-archive")],
  ["protected-data", "a namespace with data", unprotected("foundation-postgres", "core/v1:Namespace")],
  ["protected-data", "the key of a CA", unprotected("cluster-pki-etcd-ca", "PrivateKey")],
  ["protected-data", "the certificate of a CA", unprotected("cluster-pki-etcd-ca", "SelfSignedCert")],
  ["protected-data", "a passphrase of backups", unprotected("postgres-archive-passphrase-1")],
  ["protected-data", "the key of off-site copies", unprotected("backup-offsite-key")],
  ["protected-data", "the key of the copies of objects", unprotected("object-mirror-offsite-key")],
  [
    "protected-data",
    "the key of Kubernetes' secrets",
    unprotected("cluster-join-secrets-secrets-encryption-key"),
  ],
  ["no-unnamed-loss", "a deleted server", step("delete", "hcloud:index/server:Server", "s")],
  ["no-unnamed-loss", "a replaced server", step("replace", "hcloud:index/server:Server", "s")],
  ["no-unnamed-loss", "a replaced network", step("delete-replaced", "hcloud:index/network:Network", "n")],
  [
    "no-unnamed-loss",
    "a deleted volume",
    step("delete", "kubernetes:core/v1:PersistentVolumeClaim", "rain-archive"),
  ],
  [
    "no-unnamed-loss",
    "a replaced database",
    step("create-replacement", "kubernetes:apps/v1:StatefulSet", "m"),
  ],
  [
    "no-unnamed-loss",
    "a deleted key",
    step("delete", "random:index/randomPassword:RandomPassword", "postgres-archive-passphrase-1"),
  ],
  [
    "offsite-backups",
    "no store",
    (recorded) => ({ ...recorded, settings: withAt(recorded.settings, ["offsite"], undefined) }),
  ],
  ["offsite-backups", "no copies", remove(object("CronJob", "backup-copy"))],
  ["offsite-backups", "no copies of objects", remove(object("CronJob", "object-mirror"))],
  ["offsite-backups", "suspended copies", put(object("CronJob", "backup-copy"), ["spec", "suspend"], true)],
  ["offsite-backups", "no base backups", remove(object("CronJob", "postgres-base-backup-full-offsite"))],
  ["offsite-backups", "etcd's snapshots at home", serverFile("/etc/etcd/store.curl", () => undefined)],
  [
    "pins-in-support",
    "an old K3s",
    (recorded) => ({
      ...recorded,
      pins: { ...versions, k3s: { ...versions.k3s, supportedUntil: "2026-01-31" } },
    }),
  ],
  [
    "pins-in-support",
    "an old PostgreSQL",
    (recorded) => ({
      ...recorded,
      pins: { ...versions, postgres: { ...versions.postgres, supportedUntil: "2026-11-01" } },
    }),
  ],
];

const agent = (without: string) => put(server, ["labels", `trellis-role-${without}`], undefined);
const WITHOUT_TOKEN: readonly Mutant[] = [
  ["no-needless-token", "K3s' CA keys on a server without a control plane", agent("control-plane")],
  [
    "no-needless-token",
    "the Hetzner token where no address floats",
    (recorded) => ({ ...recorded, settings: withAt(recorded.settings, ["target", "edge"], { kind: "dns" }) }),
  ],
];

/** Weakened resources other than pods. */
export const PLATFORM_MUTANTS: readonly Mutant[] = [
  [
    "ingress-redirect",
    "Traefik answers plain HTTP",
    serverFile("/00-trellis-ingress.yaml", (content) =>
      content.replace(/^.*web\.http\.redirections\.entrypoint\.to=.*\n/m, ""),
    ),
  ],
  ...SECRETS,
  ...RIGHTS,
  ...NETWORK,
  ...DATA,
  ...WITHOUT_TOKEN,
  ...CHARTS,
];
