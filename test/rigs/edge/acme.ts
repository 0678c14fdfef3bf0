import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { inspect } from "node:util";
import { Child } from "../child";
import type { K3sApiServer } from "../kubernetes/k3s-api-server";
import { createAuthority } from "../pki/certificates";
import { freePort } from "../postgres/postgres";
import { program } from "../programs";
import type { Rendered } from "../rendered-objects";
import { eventually } from "../waiting";
import { endpointSlice } from "./backends";

export const ACME_PROGRAMS = ["pebble", "pebble-challtestsrv", "cert-manager", "openssl"];

/** Of the certificates that Pebble issues: none comes to its end, or to its renewal by itself, during a test. */
const VALIDITY_SECONDS = 600;

/**
 * Let's Encrypt's own test server, and the name server that it asks: every name leads to one address, at whose port 80
 * it looks for the answers to its challenges.
 */
export class Pebble {
  readonly #folder = mkdtempSync(join(tmpdir(), "trellis-pebble-"));
  readonly #authority = createAuthority("Pebble's own server");
  readonly #children: Child[] = [];
  #api = "";
  #management = "";
  nameServer = "";

  static async start(address: string, everyName: string): Promise<Pebble> {
    const pebble = new Pebble();
    try {
      await pebble.#start(address, everyName);
      return pebble;
    } catch (error) {
      await pebble.stop();
      throw error;
    }
  }

  async #start(address: string, everyName: string): Promise<void> {
    const [api, management, names, other] = await Promise.all([1, 2, 3, 4].map(() => freePort()));
    const identity = this.#authority.issue({
      commonName: "pebble",
      addresses: [address],
      usages: ["server"],
    });
    const file = (name: string, content: string) => {
      writeFileSync(join(this.#folder, name), content);
      return join(this.#folder, name);
    };
    const config = file(
      "config.json",
      JSON.stringify({
        pebble: {
          listenAddress: `${address}:${api}`,
          managementListenAddress: `${address}:${management}`,
          certificate: file("server.crt", identity.cert),
          privateKey: file("server.key", identity.key),
          httpPort: 80,
          tlsPort: 443,
          profiles: { default: { description: "the only one", validityPeriod: VALIDITY_SECONDS } },
        },
      }),
    );
    this.#api = `https://${address}:${api}/dir`;
    this.#management = `https://${address}:${management}`;
    this.nameServer = `${address}:${names}`;
    this.#children.push(
      new Child("pebble-challtestsrv", [
        ...["-defaultIPv4", everyName, "-defaultIPv6", "", "-dnsserver", this.nameServer],
        ...[
          "-http01",
          "",
          "-https01",
          "",
          "-tlsalpn01",
          "",
          "-doh",
          "",
          "-management",
          `${address}:${other}`,
        ],
      ]),
      new Child("pebble", ["-config", config, "-dnsserver", this.nameServer], {
        PEBBLE_VA_NOSLEEP: "1", // it would wait up to 15 seconds before it asks
        PEBBLE_AUTHZREUSE: "0", // each certificate is earned by a challenge of its own
      }),
    );
    await eventually("Pebble answers", 30_000, () => this.root());
  }

  /** The CA that its certificates lead to (PEM); another one after each start. */
  root(): Promise<string> {
    return new Promise((resolve, reject) => {
      const asked = get(`${this.#management}/roots/0`, { ca: this.#authority.cert }, (response) =>
        text(response).then(resolve, reject),
      );
      asked.on("error", reject);
    });
  }

  /** Our issuer of certificates, with Pebble in the place of Let's Encrypt. */
  inPlaceOfLetsEncrypt(issuer: Rendered): Rendered {
    const caBundle = Buffer.from(this.#authority.cert).toString("base64");
    return { ...issuer, spec: { acme: { ...issuer.spec.acme, server: this.#api, caBundle } } };
  }

  get log(): string {
    return this.#children.map(({ output }) => output).join("\n");
  }

  async stop(): Promise<void> {
    for (const child of this.#children) await child.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The label by which cert-manager tells the solvers of several challenges apart. */
const TOKEN = "acme.cert-manager.io/http-token";

/** Namespace, name and arguments, as the watch prints them; for an empty list it prints a line of none. */
const POD = /^(\S+) (\S+) (\[.*\])$/;

const SOLVER = "acme.cert-manager.io/http01-solver=true";

/**
 * cert-manager's controllers, and its solver in the pods that they ask for: this rig has no node, so it starts the
 * solver's own program here with the arguments of the pod, and publishes its address as Kubernetes would.
 */
export class CertManager {
  readonly #solvers = new Map<string, Child>();
  readonly #controller: Child;
  readonly #watch: ChildProcess;
  readonly #failures: unknown[] = [];

  private constructor(
    readonly api: K3sApiServer,
    readonly address: string,
    nameServer: string,
  ) {
    const kubeconfig = api.path("/kubeconfig");
    this.#controller = new Child("cert-manager", [
      "controller",
      ...["--kubeconfig", kubeconfig, "--nameserver", nameServer],
    ]);
    const columns = [".metadata.namespace", ".metadata.name", ".spec.containers[0].args"];
    const line = columns.map((column) => `{${column}}`).join('{" "}');
    this.#watch = spawn(
      program("kubectl"),
      [
        ...["--kubeconfig", kubeconfig, "get", "pods", "--all-namespaces", "--selector", SOLVER],
        ...["--watch", "--output", `jsonpath=${line}{"\\n"}`],
      ],
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    if (this.#watch.stdout) {
      createInterface({ input: this.#watch.stdout }).on("line", (pod) => {
        this.#run(pod).catch((error) => this.#failures.push(error));
      });
    }
  }

  /** @param address at which its solvers are reached */
  static start(api: K3sApiServer, address: string, nameServer: string): CertManager {
    return new CertManager(api, address, nameServer);
  }

  async #run(line: string): Promise<void> {
    const [, namespace, name, args] = POD.exec(line) ?? [];
    if (!namespace || !name || !args || this.#solvers.has(name)) return;
    const words: string[] = JSON.parse(args).filter((word: string) => !word.startsWith("--listen-port="));
    const port = await freePort();
    this.#solvers.set(name, new Child("cert-manager", ["solver", `--listen-port=${port}`, ...words]));
    const home = `/api/v1/namespaces/${namespace}`;
    const { metadata } = (await this.api.ask("GET", `${home}/pods/${name}`)) as Rendered;
    const service = await eventually("the solver's Service", 60_000, async () => {
      const { items } = (await this.api.ask("GET", `${home}/services`)) as Rendered;
      return items.find(({ spec }: Rendered) => spec.selector?.[TOKEN] === metadata.labels[TOKEN]);
    });
    const slice = endpointSlice(
      { namespace, name: service.metadata.name },
      [this.address],
      [{ name: "http", port }],
    );
    await this.api.ask("POST", `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, slice);
  }

  get log(): string {
    return [this.#controller.output, ...this.#failures.map((failure) => inspect(failure))].join("\n");
  }

  async stop(): Promise<void> {
    this.#watch.kill("SIGKILL");
    await this.#controller.kill();
    for (const solver of this.#solvers.values()) await solver.kill();
  }
}
