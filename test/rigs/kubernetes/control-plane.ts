import { generateKeyPairSync } from "node:crypto";
import { parse } from "yaml";
import { k3sServerPart } from "../../../components/servers/k3s/part";
import { type Authority, createAuthority, type KeyPair } from "../pki/certificates";
import type { Apart } from "./apart";
import { exampleServer } from "./k3s-example";

export const CONTROL_PLANE_PROGRAMS = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubectl",
  "openssl",
];

/** K3s' own networks. */
export const PODS = "10.42.0.0/16";
export const SERVICES = "10.43.0.0/16";
export const CLUSTER_DNS = "10.43.0.10";
export const CLUSTER_DOMAIN = "cluster.local";

/** What the parts of a cluster know each other by. */
export class ControlPlane {
  readonly url: string;
  readonly #apart: Apart;
  readonly #authority: Authority = createAuthority("a Kubernetes of a test");

  constructor(apart: Apart) {
    this.#apart = apart;
    this.url = `https://${apart.address}:6443`;
  }

  get authority(): string {
    return this.#authority.cert;
  }

  /** Starts etcd and the API server, and waits for neither. */
  start(): void {
    const apart = this.#apart;
    apart.start("etcd", [
      `--data-dir=${apart.path("etcd")}`,
      ...urls("listen-client-urls", "advertise-client-urls", 2379),
      ...urls("listen-peer-urls", "initial-advertise-peer-urls", 2380),
      "--initial-cluster=default=http://127.0.0.1:2380",
      "--unsafe-no-fsync", // nothing survives the test
    ]);
    this.#startApiServer();
  }

  /** Starts the controllers and the scheduler: with the API ready, since they give up where it is slow to answer. */
  startControllers(): void {
    const apart = this.#apart;
    const key = apart.path("pki/tokens.key");
    for (const [name, user, words] of [
      [
        "kube-controller-manager",
        "system:kube-controller-manager",
        [
          `--root-ca-file=${apart.path("pki/ca.crt")}`,
          `--service-account-private-key-file=${key}`,
          "--use-service-account-credentials",
          "--terminated-pod-gc-threshold=100",
        ],
      ],
      ["kube-scheduler", "system:kube-scheduler", []],
    ] as const) {
      const kubeconfig = this.kubeconfig(name, { commonName: user });
      apart.start(name, [
        "--bind-address=127.0.0.1",
        ...["kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"].map(
          (flag) => `--${flag}=${kubeconfig}`,
        ),
        "--leader-elect=false",
        ...words,
      ]);
    }
  }

  /** Writes a file with which a program reaches the API as a user, and answers its path. */
  kubeconfig(name: string, user: { readonly commonName: string; readonly organization?: string }): string {
    const pair = this.#authority.issue({ ...user, usages: ["client"] });
    return this.#apart.file(
      `kubeconfigs/${name}`,
      renderKubeconfig(this.url, this.authority, {
        "client-certificate-data": base64(pair.cert),
        "client-key-data": base64(pair.key),
      }),
    );
  }

  /** One for a bearer token. */
  kubeconfigOfToken(name: string, token: string, namespace: string): string {
    return this.#apart.file(
      `kubeconfigs/${name}`,
      renderKubeconfig(this.url, this.authority, { token }, namespace),
    );
  }

  issue(name: string, subject: Parameters<Authority["issue"]>[0]): { cert: string; key: string } {
    return this.#lay(name, this.#authority.issue(subject));
  }

  #startApiServer(): void {
    const apart = this.#apart;
    const ca = apart.file("pki/ca.crt", this.authority);
    const serving = this.issue("api-server", {
      commonName: "kube-apiserver",
      addresses: [apart.address, "127.0.0.1", "10.43.0.1"],
      names: ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"],
      usages: ["server"],
    });
    const kubelets = this.issue("api-server-kubelet", {
      commonName: "kube-apiserver",
      organization: "system:masters",
      usages: ["client"],
    });
    const front = this.issue("front-proxy", { commonName: "front-proxy", usages: ["client"] });
    const tokens = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    apart.start("kube-apiserver", [
      `--bind-address=${apart.address}`,
      "--secure-port=6443",
      `--advertise-address=${apart.address}`,
      "--etcd-servers=http://127.0.0.1:2379",
      `--client-ca-file=${ca}`,
      `--tls-cert-file=${serving.cert}`,
      `--tls-private-key-file=${serving.key}`,
      `--kubelet-certificate-authority=${ca}`,
      `--kubelet-client-certificate=${kubelets.cert}`,
      `--kubelet-client-key=${kubelets.key}`,
      "--kubelet-preferred-address-types=InternalIP",
      `--requestheader-client-ca-file=${ca}`,
      "--requestheader-allowed-names=front-proxy",
      "--requestheader-username-headers=X-Remote-User",
      "--requestheader-group-headers=X-Remote-Group",
      "--requestheader-extra-headers-prefix=X-Remote-Extra-",
      `--proxy-client-cert-file=${front.cert}`,
      `--proxy-client-key-file=${front.key}`,
      "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
      `--service-account-key-file=${apart.file("pki/tokens.pub", tokens.publicKey)}`,
      `--service-account-signing-key-file=${apart.file("pki/tokens.key", tokens.privateKey)}`,
      `--service-cluster-ip-range=${SERVICES}`,
      "--authorization-mode=Node,RBAC",
      "--allow-privileged=true",
      ...this.#renderedAdmission(),
    ]);
  }

  /** Who may be admitted, as our servers' K3s is told. */
  #renderedAdmission(): string[] {
    const files = new Map(k3sServerPart(exampleServer).files?.map(({ path, content }) => [path, content]));
    const configuration: Record<string, unknown> = parse(files.get("/etc/rancher/k3s/config.yaml") ?? "");
    return (configuration["kube-apiserver-arg"] as string[]) // rendered by us, and judged in its own tests
      .filter((argument) => argument.includes("admission"))
      .map((argument) => {
        const [flag = "", value = ""] = argument.split("=");
        const content = files.get(value);
        return `--${flag}=${content === undefined ? value : this.#apart.file("admission.yaml", content)}`;
      });
  }

  #lay(name: string, pair: KeyPair) {
    return {
      cert: this.#apart.file(`pki/${name}.crt`, pair.cert),
      key: this.#apart.file(`pki/${name}.key`, pair.key),
    };
  }
}

const urls = (listen: string, advertise: string, port: number) =>
  [listen, advertise].map((flag) => `--${flag}=http://127.0.0.1:${port}`);

const base64 = (text: string) => Buffer.from(text).toString("base64");

function renderKubeconfig(
  server: string,
  authority: string,
  user: Readonly<Record<string, string>>,
  namespace = "default",
): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    contexts: [{ name: "test", context: { cluster: "test", user: "test", namespace } }],
    clusters: [{ name: "test", cluster: { server, "certificate-authority-data": base64(authority) } }],
    users: [{ name: "test", user }],
  });
}
