import { fileURLToPath } from "node:url";
import { eventually } from "../../waiting";
import { APART_PROGRAMS, Apart } from "../apart";
import { CONTROL_PLANE_PROGRAMS, ControlPlane } from "../control-plane";
import { runKubectl } from "../kubectl";
import { Node, POLICY_PROGRAMS } from "../node";
import type { Connection, Party } from "./system-connections";

export const POLICED_NODE_PROGRAMS = [
  ...APART_PROGRAMS,
  ...CONTROL_PLANE_PROGRAMS,
  ...POLICY_PROGRAMS,
  "python3",
];

const PATIENCE_MS = 300_000;
const NODE = "node-1";
/** The pods of this server; others of the pods' range are on another server. */
const HERE = /^10\.42\.0\./;

/**
 * A server as far as network policies go: an API server, K3s' controller of network policies, and a network for each
 * pod, but no kubelet and no containers. Other servers and the internet are networks too, beyond its forwarding.
 */
export class PolicedNode {
  readonly #apart: Apart;
  readonly #kubeconfig: string;
  readonly #parties: readonly Party[];

  private constructor(apart: Apart, kubeconfig: string, parties: readonly Party[]) {
    this.#apart = apart;
    this.#kubeconfig = kubeconfig;
    this.#parties = parties;
  }

  static async start(parties: readonly Party[]): Promise<PolicedNode> {
    const apart = await Apart.make();
    try {
      const controlPlane = new ControlPlane(apart);
      controlPlane.start();
      const user = { commonName: "admin", organization: "system:masters" };
      const node = new PolicedNode(apart, controlPlane.kubeconfig("admin", user), parties);
      await eventually("the API is ready", PATIENCE_MS, async () =>
        (await node.#kubectl(["get", "--raw", "/readyz"])).includes("ok"),
      );
      await node.#declare();
      apart.run("sh", ["-ec", parties.map(laidNetwork).join("\n")]);
      await new Node(apart, controlPlane, NODE).keepPolicies();
      return node;
    } catch (error) {
      const logs = ["kube-apiserver", "kube-router"].map((name) => apart.log(name)).join("\n");
      await apart.stop();
      throw new Error(`no server with policies: ${error}\n${logs}`, { cause: error });
    }
  }

  apply(objects: readonly object[]): Promise<void> {
    return this.#apply(objects, "--validate=strict");
  }

  /** What becomes of each connection: true where it comes about. */
  connect(connections: readonly Connection[]): boolean[] {
    const wanted = connections.map(([, from, to, port, protocol]) => ({
      ...{ from: `/run/netns/${nameOf(from)}`, to: `/run/netns/${nameOf(to)}` },
      ...{ host: to.address, port, protocol },
    }));
    return JSON.parse(this.#apart.run("python3", [CONNECT], JSON.stringify(wanted)));
  }

  stop(): Promise<void> {
    return this.#apart.stop();
  }

  /** Nobody but the API server and the controller of policies reads these objects, so their states are written here. */
  async #declare(): Promise<void> {
    const namespaces = [...new Set(this.#parties.flatMap(({ namespace }) => namespace ?? []))];
    const there = ["default", "kube-system"];
    await this.apply([
      ...namespaces.filter((name) => !there.includes(name)).map(namespaceOf),
      ...namespaces.map((namespace) => ({ ...account, metadata: { name: "default", namespace } })),
    ]);
    const addresses = [{ type: "InternalIP", address: this.#apart.address }];
    const pods = this.#parties.flatMap((party) =>
      party.namespace ? [podOf(party, this.#apart.address)] : [],
    );
    await this.apply([...[node(NODE), node(OTHER)], ...pods.map(({ status: _, ...pod }) => pod)]);
    const states = [
      { ...node(NODE), status: { addresses } },
      { ...node(OTHER), status: { addresses: [{ type: "InternalIP", address: OTHER_ADDRESS }] } },
      ...pods.map(({ spec: _, ...pod }) => pod),
    ];
    await this.#apply(states, "--force-conflicts", "--subresource=status");
  }

  async #apply(objects: readonly object[], ...flags: string[]): Promise<void> {
    const list = { apiVersion: "v1", kind: "List", items: objects };
    await this.#kubectl(["apply", "--server-side", ...flags, "-f", "-"], JSON.stringify(list));
  }

  async #kubectl(words: readonly string[], input = ""): Promise<string> {
    const { code, stdout, stderr } = await runKubectl(this.#kubeconfig, words, input);
    if (code !== 0) throw new Error(`kubectl ${words.slice(0, 4).join(" ")}: ${stderr.trim()}`);
    return stdout;
  }
}

const CONNECT = fileURLToPath(new URL("connect.py", import.meta.url));
const OTHER = "node-2";
const OTHER_ADDRESS = "10.0.1.10";

const account = { apiVersion: "v1", kind: "ServiceAccount" };
const node = (name: string) => ({ apiVersion: "v1", kind: "Node", metadata: { name } });

const namespaceOf = (name: string) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });

const nameOf = ({ address }: Party): string => `p-${address.replaceAll(".", "-")}`;

function podOf(party: Party, here: string) {
  const { address, namespace, labels } = party;
  const local = HERE.test(address);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: nameOf(party), namespace, labels },
    spec: {
      nodeName: local ? NODE : OTHER,
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "nothing",
          image: "none.example/nothing:1",
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        },
      ],
    },
    status: {
      phase: "Running",
      hostIP: local ? here : OTHER_ADDRESS,
      podIP: address,
      podIPs: [{ ip: address }],
    },
  };
}

/** The network of a party: its one cable ends at the server, which forwards for everybody. */
function laidNetwork(party: Party, index: number): string {
  const [name, cable] = [nameOf(party), `pod${index}`];
  return [
    `ip netns add ${name}`,
    `ip link add ${cable} type veth peer name eth0 netns ${name}`,
    `ip link set ${cable} up`,
    `ip addr add ${GATEWAY}/32 dev ${cable}`,
    `ip route add ${party.address}/32 dev ${cable}`,
    `ip -n ${name} link set lo up`,
    `ip -n ${name} addr add ${party.address}/32 dev eth0`,
    `ip -n ${name} link set eth0 up`,
    `ip -n ${name} route add ${GATEWAY}/32 dev eth0`,
    `ip -n ${name} route add default via ${GATEWAY}`,
  ].join("\n");
}

const GATEWAY = "169.254.1.1";
