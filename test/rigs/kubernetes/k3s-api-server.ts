import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { json } from "node:stream/consumers";
import { promisify } from "node:util";
import { k3sServerPart } from "../../../components/servers/k3s/part";
import type { Oidc } from "../../../components/settings";
import { apiAccess, renderKubeconfig } from "../../../components/shared/kubernetes-api/kubeconfig";
import type { KeyPair } from "../../../components/shared/pki";
import { issuePki } from "../pki/issued-pki";
import { program } from "../programs";
import { eventually } from "../waiting";
import { k3sApiArguments } from "./k3s-api-arguments";
import { exampleServer } from "./k3s-example";

export const API_SERVER_PROGRAMS = ["etcd", "etcdctl", "kube-apiserver", "kubectl", "openssl"] as const;

/** Ours alone among the tests. */
const ADDRESS = "127.0.77.1";
const PORTS = { etcdClient: 23_790, etcdPeer: 23_800, api: 64_450 };

/**
 * A real kube-apiserver under what we render for K3s: our authorities, keys, admission, audit policy and arguments, and
 * beside them the flags that K3s adds by itself. Its etcd has no roles; those have tests of their own.
 */
export class K3sApiServer {
  readonly #root = mkdtempSync(join(tmpdir(), "trellis-api-server-"));
  readonly #processes: ChildProcess[] = [];
  #output = "";
  /** The kubeconfig that a stack hands out. */
  kubeconfig = "";

  /** @param oidc the issuer in the settings. @default none */
  static async start(oidc?: Oidc): Promise<K3sApiServer> {
    const server = new K3sApiServer();
    try {
      await server.#start(oidc);
      // Until then even discovery is refused, since the roles that allow it are still being made.
      await eventually("the API server is ready", 180_000, () => server.#answers("/readyz"));
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  async #start(oidc: Oidc | undefined): Promise<void> {
    const pki = await issuePki([{ name: "server", address: ADDRESS }]);
    const part = k3sServerPart({
      ...exampleServer,
      cluster: { ...exampleServer.cluster, oidc },
      authorities: pki.k3s,
      etcd: { authority: pki.etcdAuthority, client: pki.etcdUsers.k3s },
      secrets: pki.secrets,
    });
    for (const { path, content } of part.files ?? []) this.#lay(path, content);
    mkdirSync(this.path("/var/lib/rancher/k3s/server/logs"), { recursive: true });
    this.kubeconfig = this.#kubeconfig(pki.apiAuthority, pki.administrator);
    this.#lay("/kubeconfig", this.kubeconfig);
    for (const person of ["reader", "developer"] as const)
      this.#lay(`/${person}`, this.#kubeconfig(pki.apiAuthority, pki.people[person]));
    this.#lay("/health", this.#kubeconfig(pki.apiAuthority, pki.apiHealth));
    const node = this.#signed(pki.k3s.client, "/O=system:nodes/CN=system:node:server", "clientAuth");
    this.#lay("/node", this.#kubeconfig(pki.apiAuthority, node));
    const masters = this.#signed(pki.k3s.client, "/O=system:masters/CN=k3s", "clientAuth");
    this.#lay("/masters", this.#kubeconfig(pki.apiAuthority, masters));

    this.#run("etcd", [
      `--data-dir=${this.path("/etcd")}`,
      ...["listen-client-urls", "advertise-client-urls"].map(
        (flag) => `--${flag}=http://${ADDRESS}:${PORTS.etcdClient}`,
      ),
      ...["listen-peer-urls", "initial-advertise-peer-urls"].map(
        (flag) => `--${flag}=http://${ADDRESS}:${PORTS.etcdPeer}`,
      ),
      `--initial-cluster=default=http://${ADDRESS}:${PORTS.etcdPeer}`,
    ]);
    const serving = this.#signed(
      pki.k3s.server,
      "/CN=kube-apiserver",
      "serverAuth",
      `subjectAltName=IP:${ADDRESS}`,
    );
    this.#run(
      "kube-apiserver",
      k3sApiArguments({
        root: this.#root,
        address: ADDRESS,
        port: PORTS.api,
        etcd: `http://${ADDRESS}:${PORTS.etcdClient}`,
        serving: {
          cert: this.#lay("/serving.crt", serving.cert),
          key: this.#lay("/serving.key", serving.key),
        },
      }),
    );
  }

  /** Whether it says "ok" to those who may ask anything. */
  #answers(path: string): boolean {
    return this.#kubectl("/masters", ["get", "--raw", path]) === "ok";
  }

  /** Applies what K3s would find in its folder of manifests, with K3s' own rights. */
  applyManifest(name: string): void {
    this.#kubectl("/masters", ["apply", "-f", this.path(`/var/lib/rancher/k3s/server/manifests/${name}`)]);
  }

  /** As the administrator of our kubeconfig. */
  kubectl(...args: string[]): string {
    return this.#kubectl("/kubeconfig", args);
  }

  /** As that administrator, with a text that `--filename -` reads. */
  kubectlWith(input: string, ...args: string[]): string {
    return this.#kubectl("/kubeconfig", args, input);
  }

  /** As that administrator, without kubectl, which takes a second of a processor for each question. */
  ask(method: "GET" | "POST" | "PATCH", path: string, object?: unknown): Promise<unknown> {
    const { server, authority, client } = apiAccess(this.kubeconfig);
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    return new Promise((resolve, reject) => {
      const asked = request(
        new URL(path, server),
        { method, ca: authority, ...client, headers: { "content-type": type } },
        (response) => {
          json(response).then((answer) => {
            if ((response.statusCode ?? 500) < 300) resolve(answer);
            else reject(new Error(`${method} ${path}: ${JSON.stringify(answer)}`));
          }, reject);
        },
      );
      asked.on("error", reject);
      asked.end(object === undefined ? undefined : JSON.stringify(object));
    });
  }

  /** As somebody with another kubeconfig of the stack, or as a node. `input` is what `-f -` reads. */
  as(who: "reader" | "developer" | "node" | "health", args: readonly string[], input?: string): string {
    return this.#kubectl(`/${who}`, args, input);
  }

  /** Whether each is allowed, by the API server's own word. A namespace of "" stands for all. */
  allowed(
    who: "reader" | "developer",
    asked: readonly { readonly verb: string; readonly resource: string; readonly namespace: string }[],
  ): boolean[] {
    const items = asked.map(({ verb, resource: named, namespace }) => {
      const [, resource = "", group = "", subresource = ""] =
        /^([^./]+)(?:\.([^/]+))?(?:\/(.+))?$/.exec(named) ?? [];
      return {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: { resourceAttributes: { verb, resource, subresource, group, namespace } },
      };
    });
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    const column = 'jsonpath={.status.allowed}{"\\n"}';
    const answers = this.as(who, ["create", "--filename", "-", "--output", column], list);
    return answers
      .trim()
      .split("\n")
      .map((answer) => answer === "true");
  }

  /** As somebody with a token, and without a certificate. */
  async withToken(token: string, ...args: string[]): Promise<string> {
    const ca = this.path("/var/lib/rancher/k3s/server/tls/server-ca.crt");
    const url = `https://${ADDRESS}:${PORTS.api}`;
    const words = [`--server=${url}`, `--certificate-authority=${ca}`, `--token=${token}`, ...args];
    // Not synchronously: the issuer of the token, which the API server asks meanwhile, may be of this process.
    return (await promisify(execFile)(program("kubectl"), words)).stdout;
  }

  /** With K3s' own rights. */
  apply(objects: readonly unknown[]): void {
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
    this.#kubectl("/masters", ["apply", "--filename", "-"], list);
  }

  /** The bytes that etcd holds at a key. */
  stored(key: string): string {
    return execFileSync(
      program("etcdctl"),
      [`--endpoints=http://${ADDRESS}:${PORTS.etcdClient}`, "get", key, "--print-value-only"],
      { encoding: "latin1" },
    );
  }

  auditLog(): Array<{
    level: string;
    verb: string;
    user?: { username?: string };
    objectRef?: { resource?: string; name?: string };
    requestObject?: unknown;
  }> {
    return readFileSync(this.path("/var/lib/rancher/k3s/server/logs/audit.log"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  }

  /** What its processes said, for the message of a failure. */
  get output(): string {
    return this.#output;
  }

  path(path: string): string {
    return this.#root + path;
  }

  async stop(): Promise<void> {
    for (const child of this.#processes.reverse()) {
      if (child.exitCode !== null) continue;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(this.#root, { recursive: true, force: true });
  }

  #run(name: string, args: readonly string[]): void {
    const child = spawn(program(name), args, { stdio: ["ignore", "ignore", "pipe"] });
    child.stderr?.on("data", (text) => {
      this.#output = (this.#output + text).slice(-8_000);
    });
    this.#processes.push(child);
  }

  #kubectl(kubeconfig: string, args: readonly string[], input = ""): string {
    return execFileSync(program("kubectl"), ["--kubeconfig", this.path(kubeconfig), ...args], {
      encoding: "utf8",
      stdio: "pipe",
      input,
    });
  }

  #kubeconfig(authority: string, client: KeyPair): string {
    return renderKubeconfig({
      cluster: "trellis",
      server: `https://${ADDRESS}:${PORTS.api}`,
      authority,
      client,
    });
  }

  /** A certificate that K3s would sign for itself with an authority of ours. */
  #signed(authority: KeyPair, subject: string, use: string, ...extensions: string[]): KeyPair {
    const file = (name: string, content: string) => this.#lay(`/signing/${name}`, content);
    const key = execFileSync(program("openssl"), ["ecparam", "-name", "prime256v1", "-genkey", "-noout"], {
      encoding: "utf8",
    });
    const request = execFileSync(
      program("openssl"),
      ["req", "-new", "-key", file("key", key), "-subj", subject],
      { encoding: "utf8" },
    );
    const cert = execFileSync(
      program("openssl"),
      [
        ...["x509", "-req", "-days", "1", "-in", file("request", request)],
        ...["-CA", file("ca.crt", authority.cert), "-CAkey", file("ca.key", authority.key)],
        ...["-extfile", file("extensions", [`extendedKeyUsage=${use}`, ...extensions].join("\n"))],
      ],
      { encoding: "utf8", stdio: "pipe" },
    );
    return { cert, key };
  }

  #lay(path: string, content: string): string {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), content, { mode: 0o600 });
    return this.path(path);
  }
}
