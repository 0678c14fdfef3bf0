import { once } from "node:events";
import { chmodSync, mkdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { eventually } from "../waiting";
import { Apart } from "./apart";
import { ControlPlane } from "./control-plane";
import { type KubectlOutcome, runKubectl } from "./kubectl";
import { nameServerImage, nameServerObjects } from "./name-server";
import { Node, POD_RANGE } from "./node";
import { type SimulatedNode, simulatedNode, startSimulation } from "./simulated-nodes";
import { storageObjects } from "./storage";

interface ClusterArgs {
  /** Whether there is a node that really runs containers, and its name. @default "node-1" */
  readonly node?: string | false;
  /** Nodes on which pods only seem to run. @default none */
  readonly simulated?: readonly SimulatedNode[];
  /** The class of storage, the default one, that claims of the platform ask for. @default "local-path" */
  readonly storageClass?: string;
  /** How many claims each node can serve. @default 8 */
  readonly volumes?: number;
  /**
   * Whether the node keeps network policies; those of our namespaces let no pod speak to what a test runs beside the
   * cluster. @default true
   */
  readonly policies?: boolean;
}

/** For a machine on which much else runs; a quiet one needs a tenth. */
const PATIENCE_MS = 600_000;

/** Starts a whole Kubernetes of the test's own; it ends with `stop`, or with this process. */
export async function startCluster(args: ClusterArgs = {}): Promise<Cluster> {
  const apart = await Apart.make();
  try {
    return await Cluster.start(apart, args);
  } catch (error) {
    const said = ["kube-apiserver", "kube-controller-manager", "containerd", "kubelet", "kube-router"];
    const logs = said.map((name) => `--- ${name}\n${apart.log(name)}`).join("\n");
    await apart.stop();
    throw new Error(`no cluster: ${error instanceof Error ? error.message : error}\n${logs}`, {
      cause: error,
    });
  }
}

/**
 * etcd, API server (Node and RBAC, admission as our servers' K3s has it), controllers, scheduler; a real node with
 * containerd, runc, kubelet, kube-proxy, CoreDNS, and K3s' keeper of network policies; simulated nodes by kwok.
 */
export class Cluster {
  /** Of a member of `system:masters`. */
  readonly kubeconfig: string;
  /** The node's address; pods and this machine reach what listens there. */
  readonly address: string;
  /** This machine's address as the node and its pods reach it. */
  readonly gateway: string;
  readonly #apart: Apart;
  readonly #controlPlane: ControlPlane;
  readonly #node: Node | undefined;

  private constructor(apart: Apart, controlPlane: ControlPlane, node: Node | undefined) {
    this.#apart = apart;
    this.#controlPlane = controlPlane;
    this.#node = node;
    this.address = apart.address;
    this.gateway = apart.gateway;
    this.kubeconfig = controlPlane.kubeconfig("admin", {
      commonName: "admin",
      organization: "system:masters",
    });
  }

  static async start(
    apart: Apart,
    {
      node: name = "node-1",
      simulated = [],
      storageClass = "local-path",
      volumes = 8,
      policies = true,
    }: ClusterArgs,
  ): Promise<Cluster> {
    const controlPlane = new ControlPlane(apart);
    controlPlane.start();
    const node = name === false ? undefined : new Node(apart, controlPlane, name);
    const cluster = new Cluster(apart, controlPlane, node);
    await eventually("the API is ready", PATIENCE_MS, async () => {
      const { stdout } = await cluster.kubectl(["get", "--raw", "/readyz"]);
      return stdout === "ok";
    });
    controlPlane.startControllers();
    await node?.start();
    await node?.load(await nameServerImage(apart.path("images")));
    if (simulated.length > 0) startSimulation(apart, controlPlane);
    const nodes = [...(name === false ? [] : [name]), ...simulated.map((each) => each.name)];
    const folderOf = (volume: string) => apart.path("volumes", volume);
    if (name !== false) {
      for (let index = 1; index <= volumes; index++) {
        mkdirSync(folderOf(`${name}-${index}`), { recursive: true });
        chmodSync(folderOf(`${name}-${index}`), 0o755);
      }
    }
    await cluster.apply([
      ...simulated.map(simulatedNode),
      ...storageObjects(storageClass, nodes, volumes, folderOf),
    ]);
    await eventually("every node is ready", PATIENCE_MS, async () => {
      const { items } = await cluster.get<{ items: KubernetesNode[] }>("nodes");
      return items.length === nodes.length && items.every(isReady);
    });
    await cluster.#accountIn("default");
    if (!node) return cluster;
    if (policies) await node.keepPolicies();
    await cluster.#accountIn("kube-system");
    await cluster.apply(nameServerObjects());
    await eventually("the name server is ready", PATIENCE_MS, async () => {
      const { status } = await cluster.get<KubernetesDeployment>(
        "deployment",
        "coredns",
        "-n",
        "kube-system",
      );
      return status.readyReplicas === 1;
    });
    return cluster;
  }

  /** Runs kubectl to its end, as an administrator or with another kubeconfig. */
  kubectl(words: readonly string[], input = "", kubeconfig = this.kubeconfig): Promise<KubectlOutcome> {
    return runKubectl(kubeconfig, words, input);
  }

  /** What kubectl prints; throws what it says where it fails. */
  async run(words: readonly string[], input = ""): Promise<string> {
    const { code, stdout, stderr } = await this.kubectl(words, input);
    if (code !== 0) throw new Error(`kubectl ${words.slice(0, 6).join(" ")}: ${stderr.trim()}`);
    return stdout;
  }

  /**
   * What a command in a pod's container prints, which must be something: `exec` now and then loses all of it and still
   * tells of success. Then it is run again.
   */
  ask(namespace: string, pod: string, container: string, command: readonly string[]): Promise<string> {
    const words = ["exec", pod, "--namespace", namespace, "--container", container, "--", ...command];
    return eventually(
      `an answer of ${pod}`,
      PATIENCE_MS,
      async () => (await this.run(words)).trim() || false,
    );
  }

  /** An object, or a list of them. The caller says what it reads: the API answers for the rest. */
  async get<T>(...words: string[]): Promise<T> {
    return JSON.parse(await this.run(["get", ...words, "-o", "json"])) as T;
  }

  /**
   * Applies objects in their order, server-side and with strict validation: what the API refuses, or would take only
   * with a warning about an unknown field, throws.
   */
  async apply(objects: readonly object[]): Promise<string> {
    const manager = ["--server-side", "--force-conflicts", "--field-manager=test", "--validate=strict"];
    const list = { apiVersion: "v1", kind: "List", items: objects };
    const output = await this.run(["apply", ...manager, "-f", "-"], JSON.stringify(list));
    for (const object of objects) {
      const { kind, metadata } = object as { kind?: string; metadata?: { name?: string } }; // any object has these
      if (kind === "Namespace" && metadata?.name) await this.#accountIn(metadata.name);
    }
    return output;
  }

  /** A kubeconfig of a ServiceAccount, with what RBAC gives to it and nothing else. */
  async accountKubeconfig(namespace: string, account: string): Promise<string> {
    const token = await this.run(["create", "token", account, "--namespace", namespace, "--duration", "6h"]);
    return this.#controlPlane.kubeconfigOfToken(`${namespace}-${account}`, token.trim(), namespace);
  }

  /**
   * Takes in the images of a tar archive (OCI's or docker's) and answers the names by which pods can ask for them, by tag
   * and by digest: those in the archive, or a repository of the caller's choice.
   */
  async load(archive: string, repository?: string): Promise<string[]> {
    if (!this.#node) throw new Error("there is no node that could run an image");
    return this.#node.load(archive, repository);
  }

  /**
   * Whether this machine gets a connection to a pod when it comes from an address: its own, or any other that is to be its
   * own from then on.
   */
  async reachesPod(pod: string, port: number, from: string): Promise<boolean> {
    this.#apart.beKnownAs(from, POD_RANGE);
    const socket = connect({ host: pod, port, localAddress: from });
    try {
      await once(socket, "connect");
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }

  /** The phase of a pod, or undefined while there is none of this name. */
  async phase(namespace: string, pod: string): Promise<string | undefined> {
    const { code, stdout } = await this.kubectl([
      ...["get", "pod", pod, "--namespace", namespace],
      ...["-o", "jsonpath={.status.phase}"],
    ]);
    return code === 0 ? stdout : undefined;
  }

  async waitForPhase(namespace: string, pod: string, ...phases: string[]): Promise<void> {
    await eventually(
      `pod ${namespace}/${pod} is ${phases.join(" or ")}`,
      PATIENCE_MS,
      async () => phases.includes((await this.phase(namespace, pod)) ?? ""),
      250,
    );
  }

  /** The end of what a part of the cluster said: kubelet, containerd, kube-apiserver and so on. */
  log(part: string): string {
    return this.#apart.log(part);
  }

  /** A folder of the cluster's own, gone with it. */
  folder(name: string): string {
    const folder = join(this.#apart.folder, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  async stop(): Promise<void> {
    await this.#apart.stop();
  }

  /** A pod is refused in a namespace to which the controllers have not given its account yet. */
  async #accountIn(namespace: string): Promise<void> {
    await eventually(`namespace ${namespace} has its account`, PATIENCE_MS, async () => {
      const { code } = await this.kubectl(["get", "serviceaccount", "default", "--namespace", namespace]);
      return code === 0;
    });
  }
}

interface KubernetesDeployment {
  readonly status: { readonly readyReplicas?: number };
}

interface KubernetesNode {
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const isReady = ({ status }: KubernetesNode) =>
  status.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") ?? false;
