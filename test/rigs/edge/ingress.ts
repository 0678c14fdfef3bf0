import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { haproxyConfig } from "../../../components/servers/edge";
import { NODE_PORTS } from "../../../components/shared/address-plan";
import { apiAccess } from "../../../components/shared/kubernetes-api/kubeconfig";
import { Child } from "../child";
import { API_SERVER_PROGRAMS, K3sApiServer } from "../kubernetes/k3s-api-server";
import { createAuthority } from "../pki/certificates";
import { program } from "../programs";
import type { Rendered } from "../rendered-objects";
import { eventually } from "../waiting";
import { StandInBackends } from "./backends";
import { haproxyFolder, type RunningHaproxy, startHaproxy } from "./haproxy";
import { addAddresses } from "./loopback";
import { documentsIn, type RenderedIngress } from "./rendered-ingress";
import { traefikArguments } from "./traefik-arguments";

export const INGRESS_PROGRAMS = [...API_SERVER_PROGRAMS, "traefik", "haproxy", "ip"];

/** Who is who. The server's address is one of those that the rendered configuration trusts. */
export const ADDRESSES = {
  /** HAProxy on a server, and the node at whose NodePorts Traefik listens. */
  server: "10.0.1.10",
  /** Where clients reach HAProxy. */
  front: "203.0.113.11",
  /** Somebody in the range of the administrators. */
  administrator: "203.0.113.5",
  /** More of them, who share no limit with the others. */
  otherAdministrator: "203.0.113.6",
  patientAdministrator: "203.0.113.7",
  /** Somebody else, and more of them. */
  visitor: "198.51.100.7",
  otherVisitor: "198.51.100.8",
  patientVisitor: "198.51.100.9",
  /** The pods of all backends. */
  pods: "10.42.3.9",
} as const;

/** How long this Traefik waits for a request, in place of the rendered time. */
export const PATIENCE_SECONDS = 6;

/** Of what listens on loopback. */
const LOOPBACK = "127.36.0.1";

/**
 * K3s' ingress without K3s: a real API server with everything that a stack renders for its ingress, Traefik with the
 * arguments that its chart makes of the rendered values and the rights of the rendered roles, HAProxy in front of it, and
 * stand-ins for the pods behind it.
 */
export class Ingress {
  readonly #folder = mkdtempSync(join(tmpdir(), "trellis-ingress-"));
  readonly #haproxyFolder = haproxyFolder();
  readonly #takeAway = addAddresses(Object.values(ADDRESSES));
  readonly #rendered: RenderedIngress;
  #api: K3sApiServer | undefined;
  #traefik: Child | undefined;
  #haproxy: RunningHaproxy | undefined;
  #backends: StandInBackends | undefined;

  private constructor(rendered: RenderedIngress) {
    this.#rendered = rendered;
  }

  static async start(rendered: RenderedIngress): Promise<Ingress> {
    const ingress = new Ingress(rendered);
    try {
      await ingress.#start();
      return ingress;
    } catch (error) {
      await ingress.stop();
      throw error;
    }
  }

  get api(): K3sApiServer {
    return this.#running(this.#api);
  }

  get backends(): StandInBackends {
    return this.#running(this.#backends);
  }

  get log(): string {
    return this.#traefik?.output ?? "";
  }

  async #start(): Promise<void> {
    this.#api = await K3sApiServer.start();
    this.#layCluster();
    await this.#layBackends();
    await this.startTraefik();
    const server = { name: "ubuntu-8gb-hil-1", address: ADDRESSES.server };
    this.#haproxy = await startHaproxy(
      this.#haproxyFolder.path,
      haproxyConfig({
        server: { ...server, memoryGb: 1 },
        servers: [server],
        apiServers: [server],
        bind: { front: ADDRESSES.front, inside: ADDRESSES.server, loopback: LOOPBACK },
        runtimeDirectory: this.#haproxyFolder.path,
        configurationDirectory: this.#haproxyFolder.path,
      }),
    );
    await this.#found();
  }

  /** What Kubernetes, K3s and the charts have before a stack's own objects. */
  #layCluster(): void {
    const { namespaces, rights } = this.#rendered;
    this.api.applyManifest("trellis-administrators.yaml");
    const known = namespaces.map(({ metadata }) => metadata.name);
    // Those that the user creates.
    const others = [...new Set(rights.flatMap(({ metadata }) => metadata.namespace ?? []))]
      .filter((name) => !known.includes(name))
      .map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
    const all = [...namespaces, ...others];
    const account = (namespace: string, name: string) => ({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { namespace, name },
    });
    this.api.apply([...all, ...["traefik", "cert-manager"].flatMap(definitionsOf)]);
    this.api.apply([
      ...all.map(({ metadata }) => account(metadata.name, "default")),
      account("kube-system", "traefik"),
      ...rights,
      {
        apiVersion: "networking.k8s.io/v1",
        kind: "IngressClass",
        metadata: {
          name: "traefik",
          annotations: { "ingressclass.kubernetes.io/is-default-class": "true" },
        },
        spec: { controller: "traefik.io/ingress-controller" },
      },
    ]);
    const names = [
      "middlewares.traefik.io",
      "serverstransports.traefik.io",
      "clusterissuers.cert-manager.io",
    ];
    this.api.kubectl(
      "wait",
      "--for=condition=Established",
      "--timeout=60s",
      ...names.map((name) => `crd/${name}`),
    );
  }

  async #layBackends(): Promise<void> {
    const { objects } = this.#rendered;
    const transport = objects.find(({ kind }) => kind === "ServersTransport");
    const authority = createAuthority("of the services that are asked over TLS");
    const certificate = authority.issue({ names: [transport.spec.serverName], usages: ["server"] });
    const services = objects.filter(({ kind }) => kind === "Service");
    this.#backends = new StandInBackends(ADDRESSES.pods, certificate);
    const slices = await this.#backends.add(services);
    const secrets = transport.spec.rootCAs.map(({ secret }: Rendered) => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace: transport.metadata.namespace, name: secret },
      stringData: { "ca.crt": authority.cert },
    }));
    this.api.apply([...objects, ...slices, ...secrets]);
  }

  /** Gives every host a certificate, without cert-manager, and returns the CA that clients trust. */
  layCertificates(): string {
    const authority = createAuthority("that clients trust");
    const secrets = new Map<string, Rendered>();
    for (const { kind, metadata, spec } of this.#rendered.objects) {
      if (kind !== "Ingress") continue;
      const { namespace } = metadata;
      const [{ hosts, secretName: name }] = spec.tls;
      const { cert, key } = authority.issue({ names: hosts, usages: ["server"] });
      const stringData = { "tls.crt": cert, "tls.key": key };
      // Several Ingresses of a host share it. A change of it would begin every limit anew.
      secrets.set(`${namespace}/${name}`, {
        ...{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls" },
        ...{ metadata: { namespace, name }, stringData },
      });
    }
    this.api.apply([...secrets.values()]);
    return authority.cert;
  }

  /** What the API server allows Traefik. A namespace of "" stands for all. */
  allowed(asked: readonly { verb: string; resource: string; namespace: string }[]): boolean[] {
    const items = asked.map((resourceAttributes) => ({
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: { user: "system:serviceaccount:kube-system:traefik", resourceAttributes },
    }));
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    const column = 'jsonpath={.status.allowed}{"\\n"}';
    return this.api
      .kubectlWith(list, "create", "--filename", "-", "--output", column)
      .trim()
      .split("\n")
      .map((answer) => answer === "true");
  }

  /** Applies objects of a user's own, with stand-ins for the pods behind their Services. */
  async serve(objects: readonly Rendered[]): Promise<void> {
    const services = objects.filter(({ kind }) => kind === "Service");
    this.api.apply([...objects, ...(await this.backends.add(services))]);
  }

  /** Waits until HAProxy sends to Traefik. */
  async #found(): Promise<void> {
    await eventually("HAProxy finds Traefik", 30_000, async () =>
      /^https,ubuntu-8gb-hil-1,.*,UP,/m.test((await this.#haproxy?.ask("show stat")) ?? ""),
    );
  }

  /** Starts Traefik, again if it runs. */
  async startTraefik(): Promise<void> {
    await this.#traefik?.kill("SIGTERM");
    const listen = {
      web: `${ADDRESSES.server}:${NODE_PORTS.http}`,
      websecure: `${ADDRESSES.server}:${NODE_PORTS.https}`,
      metrics: `${LOOPBACK}:9100`,
      traefik: `${LOOPBACK}:8080`,
    };
    const chartConfig = readFileSync(
      this.api.path("/var/lib/rancher/k3s/server/manifests/00-trellis-ingress.yaml"),
      "utf8",
    );
    const { words } = traefikArguments({ chartConfig, secretValues: this.#rendered.values, listen });
    // Its log of requests would fill what we keep of its output, in which refusals of the API are looked for.
    const line = [...words.map(withLessPatience), `--accesslog.filepath=${this.#folder}/requests.log`];
    this.#traefik = new Child("traefik", line, { KUBECONFIG: this.#kubeconfigOf("traefik") });
    const isReady = () =>
      new Promise<boolean>((resolve, reject) => {
        get({ host: LOOPBACK, port: 8080, path: "/ping" }, (response) => {
          response.resume();
          resolve(response.statusCode === 200);
        }).on("error", reject);
      });
    await eventually("Traefik answers its probe", 60_000, isReady).catch((error) => {
      throw new Error(`${error.message}\n${this.log}`);
    });
    if (this.#haproxy) await this.#found();
  }

  /** Traefik's own kubeconfig: in a pod it would find the token and the CA in its file system. */
  #kubeconfigOf(account: string): string {
    const { server, authority = "" } = apiAccess(this.api.kubeconfig);
    const token = this.token(account);
    const path = join(this.#folder, account);
    const cluster = {
      server: server.href,
      "certificate-authority-data": Buffer.from(authority).toString("base64"),
    };
    writeFileSync(
      path,
      stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "k3s", cluster }],
        users: [{ name: account, user: { token } }],
        contexts: [{ name: "k3s", context: { cluster: "k3s", user: account } }],
        "current-context": "k3s",
      }),
      { mode: 0o600 },
    );
    return path;
  }

  /** A token of a service account in kube-system. */
  token(account: string): string {
    return this.api.kubectl("create", "token", account, "--namespace=kube-system", "--duration=2h").trim();
  }

  async stop(): Promise<void> {
    await this.#haproxy?.stop();
    await this.#traefik?.kill();
    this.#backends?.stop();
    await this.#api?.stop();
    this.#haproxyFolder.remove();
    rmSync(this.#folder, { recursive: true, force: true });
    this.#takeAway();
  }

  #running<T>(part: T | undefined): T {
    if (!part) throw new Error("the ingress has not started");
    return part;
  }
}

/** So that a test of requests that do not end is over soon. The rendered time is that of a unit test. */
const withLessPatience = (word: string): string => {
  const [option, value] = word.split("=");
  return option?.endsWith(".readtimeout") && value ? `${option}=${PATIENCE_SECONDS}s` : word;
};

/** The definitions of a program's custom objects lie beside it. */
const definitionsOf = (name: string): unknown[] =>
  documentsIn(readFileSync(join(dirname(realpathSync(program(name))), "definitions.yaml"), "utf8"));
