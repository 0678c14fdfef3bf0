import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { SlicesAccess } from "../../../jobs/postgres/discovery/kubernetes-slices";
import type { EndpointSlice } from "../../../jobs/postgres/discovery/slice";
import { Child } from "../child";
import { createAuthority } from "../pki/certificates";
import { program } from "../programs";
import { eventually } from "../waiting";

export const NAMESPACE = "postgres";
const ACCOUNT = "postgres-discovery";

/** The watcher's rights, and no more: its own two slices. Making them cannot be bound to a name. */
const RULES = [
  {
    apiGroups: ["discovery.k8s.io"],
    resources: ["endpointslices"],
    resourceNames: ["postgres-primary", "postgres-replica"],
    verbs: ["get", "update"],
  },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["create"] },
];

/** When a slice came to be what it is, as any client of Kubernetes sees it. */
export interface Sighting {
  readonly at: number;
  readonly slice: EndpointSlice;
}

/** A real API server with an etcd of its own, at an address of the caller's own, and a service account for the watcher. */
export class DiscoveryApiServer {
  readonly #authority = createAuthority("kubernetes");
  readonly #folder: string;
  readonly address: string;
  #etcd: Child | undefined;
  #server: Child | undefined;

  private constructor(folder: string, address: string) {
    this.#folder = folder;
    this.address = address;
  }

  static async start(folder: string, address: string): Promise<DiscoveryApiServer> {
    const self = new DiscoveryApiServer(folder, address);
    mkdirSync(join(folder, "account"), { recursive: true });
    self.#lay("ca.crt", self.#authority.cert);
    self.#lay("account/ca.crt", self.#authority.cert);
    for (const [name, pair] of [
      [
        "server",
        self.#authority.issue({
          commonName: "kube-apiserver",
          addresses: [address, "127.0.0.1"],
          usages: ["server"],
        }),
      ],
      [
        "admin",
        self.#authority.issue({ commonName: "admin", organization: "system:masters", usages: ["client"] }),
      ],
      ["signing", self.#authority.issue({ commonName: "service accounts", usages: ["client"] })],
    ] as const) {
      self.#lay(`${name}.crt`, pair.cert);
      self.#lay(`${name}.key`, pair.key);
    }
    self.#etcd = new Child("etcd", [
      ...["--name=kubernetes", `--data-dir=${self.path("etcd")}`, "--unsafe-no-fsync", "--log-level=error"],
      ...["listen", "advertise"].map((verb) => `--${verb}-client-urls=http://${address}:2379`),
      ...["listen-peer", "initial-advertise-peer"].map((verb) => `--${verb}-urls=http://${address}:2380`),
      `--initial-cluster=kubernetes=http://${address}:2380`,
    ]);
    await self.startServer();
    self.#prepare();
    return self;
  }

  async startServer(): Promise<void> {
    this.#server = new Child("kube-apiserver", [
      ...[`--etcd-servers=http://${this.address}:2379`, "--etcd-compaction-interval=0"],
      ...[`--bind-address=${this.address}`, `--advertise-address=${this.address}`, "--secure-port=6443"],
      ...["--authorization-mode=RBAC", "--service-cluster-ip-range=10.43.0.0/16", "--anonymous-auth=false"],
      `--client-ca-file=${this.path("ca.crt")}`,
      ...[`--tls-cert-file=${this.path("server.crt")}`, `--tls-private-key-file=${this.path("server.key")}`],
      `--service-account-key-file=${this.path("signing.crt")}`,
      `--service-account-signing-key-file=${this.path("signing.key")}`,
      "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
      "--api-audiences=https://kubernetes.default.svc.cluster.local",
    ]);
    await eventually("a ready API server", 90_000, () => {
      if (!this.#server?.running) throw new Error(this.#server?.output);
      return this.kubectl("get", "--raw", "/readyz") === "ok";
    });
  }

  async killServer(): Promise<void> {
    await this.#server?.kill();
  }

  /** As a pod is given it. */
  access(server = `https://${this.address}:6443`): SlicesAccess {
    return { server, namespace: NAMESPACE, serviceAccount: this.path("account") };
  }

  kubectl(...words: string[]): string {
    return execFileSync(program("kubectl"), [...this.#login(), ...words], {
      encoding: "utf8",
      stdio: "pipe",
    });
  }

  apply(manifest: object): void {
    execFileSync(program("kubectl"), [...this.#login(), "apply", "-f", "-"], {
      input: JSON.stringify(manifest),
      stdio: "pipe",
    });
  }

  slice(name: string): EndpointSlice {
    return JSON.parse(this.kubectl("-n", NAMESPACE, "get", "endpointslice", name, "-o", "json"));
  }

  /** Calls back for each version of every slice, from now until it is told to stop. */
  async watch(onSighting: (sighting: Sighting) => void): Promise<() => void> {
    const read = (name: string) => readFileSync(this.path(name), "utf8");
    const agent = new Agent({ ca: read("ca.crt"), cert: read("admin.crt"), key: read("admin.key") });
    const url = `https://${this.address}:6443/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices?watch=1`;
    return new Promise((resolve, reject) => {
      const call = request(url, { agent }, (response) => {
        response.on("error", () => undefined);
        createInterface({ input: response })
          .on("line", (line) => {
            const { type, object } = JSON.parse(line);
            if (type !== "ERROR") onSighting({ at: performance.now(), slice: object });
          })
          .on("error", () => undefined);
        resolve(() => call.destroy());
      });
      call.on("error", reject);
      call.end();
    });
  }

  async stop(): Promise<void> {
    await this.#server?.kill();
    await this.#etcd?.kill();
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  #prepare(): void {
    const metadata = { name: ACCOUNT, namespace: NAMESPACE };
    const rbac = "rbac.authorization.k8s.io";
    this.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
    this.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata });
    this.apply({ apiVersion: `${rbac}/v1`, kind: "Role", metadata, rules: RULES });
    this.apply({
      apiVersion: `${rbac}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: rbac, kind: "Role", name: ACCOUNT },
      subjects: [{ kind: "ServiceAccount", ...metadata }],
    });
    this.#lay("account/token", this.kubectl("-n", NAMESPACE, "create", "token", ACCOUNT));
  }

  #login(): string[] {
    return [
      ...["--server", `https://${this.address}:6443`, "--certificate-authority", this.path("ca.crt")],
      ...["--client-certificate", this.path("admin.crt"), "--client-key", this.path("admin.key")],
    ];
  }

  #lay(name: string, content: string): void {
    writeFileSync(this.path(name), content, { mode: 0o600 });
  }
}
