import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderKubeconfig } from "../../../components/shared/kubernetes-api/kubeconfig";
import { createAuthority, type KeyPair } from "../pki/certificates";
import { program } from "../programs";
import { type KubectlOutcome, runKubectl } from "./kubectl";

/** What this machine must have to run a Kubernetes API. */
export const KUBE_APISERVER_PROGRAMS = ["kube-apiserver", "kubectl", "openssl"];

interface KubeApiserverOptions {
  /** The etcd that it keeps its objects in, and the certificate that it has there. */
  readonly etcd: {
    readonly endpoints: readonly string[];
    readonly authority: string;
    readonly client: KeyPair;
  };
  /** Where it listens. */
  readonly address: string;
  readonly port: number;
  /** Further arguments, without the dashes, e.g. `etcd-compaction-interval=0`. */
  readonly arguments?: readonly string[];
}

/** A real Kubernetes API server, and nothing else of a cluster: no controllers, no nodes. */
export class KubeApiserver {
  readonly url: string;
  /** Of a user in `system:masters`. */
  readonly kubeconfig: string;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(folder: string, url: string, process: ChildProcess) {
    this.#folder = folder;
    this.url = url;
    this.kubeconfig = join(folder, "kubeconfig");
    this.#process = process;
  }

  static async start(options: KubeApiserverOptions): Promise<KubeApiserver> {
    const folder = mkdtempSync(join(tmpdir(), "trellis-kube-apiserver-"));
    const url = `https://${options.address}:${options.port}`;
    const authority = createAuthority("a Kubernetes of a test");
    const serving = authority.issue({
      commonName: "kube-apiserver",
      addresses: [options.address, "127.0.0.1", "10.43.0.1"],
      names: ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"],
      usages: ["server"],
    });
    const admin = authority.issue({
      commonName: "admin",
      organization: "system:masters",
      usages: ["client"],
    });
    const tokens = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const file = (name: string, content: string) => {
      writeFileSync(join(folder, name), content, { mode: 0o600 });
      return join(folder, name);
    };
    const ca = file("ca.crt", authority.cert);
    file(
      "kubeconfig",
      renderKubeconfig({ cluster: "test", server: url, authority: authority.cert, client: admin }),
    );
    const words = [
      ...["bind", "advertise"].map((verb) => `${verb}-address=${options.address}`),
      `secure-port=${options.port}`,
      `etcd-servers=${options.etcd.endpoints.join(",")}`,
      `etcd-cafile=${file("etcd-ca.crt", options.etcd.authority)}`,
      `etcd-certfile=${file("etcd.crt", options.etcd.client.cert)}`,
      `etcd-keyfile=${file("etcd.key", options.etcd.client.key)}`,
      `client-ca-file=${ca}`,
      `tls-cert-file=${file("serving.crt", serving.cert)}`,
      `tls-private-key-file=${file("serving.key", serving.key)}`,
      "service-account-issuer=https://kubernetes.default.svc",
      `service-account-key-file=${file("tokens.pub", tokens.publicKey)}`,
      `service-account-signing-key-file=${file("tokens.key", tokens.privateKey)}`,
      "service-cluster-ip-range=10.43.0.0/16",
      "authorization-mode=Node,RBAC",
      ...(options.arguments ?? []),
    ].map((word) => `--${word}`);
    const child = spawn(program("kube-apiserver"), words, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    const log = createWriteStream(join(folder, "log"));
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    const server = new KubeApiserver(folder, url, child);
    try {
      await server.#ready();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  kubectl(words: readonly string[], input = ""): Promise<KubectlOutcome> {
    return runKubectl(this.kubeconfig, words, input);
  }

  get log(): string {
    return readFileSync(join(this.#folder, "log"), "utf8");
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const gone = new Promise((resolve) => this.#process.once("exit", resolve));
      this.#process.kill("SIGTERM");
      const patience = setTimeout(() => this.#process.kill("SIGKILL"), 20_000);
      await gone;
      clearTimeout(patience);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #ready(): Promise<void> {
    const deadline = Date.now() + 180_000;
    while ((await this.kubectl(["get", "--raw", "/readyz"])).stdout !== "ok") {
      const ended = this.#process.exitCode !== null || this.#process.signalCode !== null;
      if (ended || Date.now() > deadline) {
        throw new Error(`kube-apiserver ${ended ? "ended" : "is not ready"}:\n${this.log.slice(-4000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
}
