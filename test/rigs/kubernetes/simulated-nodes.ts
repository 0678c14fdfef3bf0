import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { program } from "../programs";
import type { Apart } from "./apart";
import type { ControlPlane } from "./control-plane";

export const SIMULATION_PROGRAMS = ["kwok"];

const SIMULATED = { "kwok.x-k8s.io/node": "fake" };
const TAINT = { key: "kwok.x-k8s.io/node", value: "fake", effect: "NoSchedule" };

/** What a pod says to be put on a simulated node. */
export const ON_SIMULATED_NODES = {
  nodeSelector: SIMULATED,
  tolerations: [{ key: TAINT.key, operator: "Exists" }],
};

/** Starts kwok: it reports simulated nodes as ready and the pods on them as running, and Jobs' pods as done. */
export function startSimulation(apart: Apart, controlPlane: ControlPlane): void {
  const stages = join(dirname(realpathSync(program("kwok"))), "stages.yaml");
  const kubeconfig = controlPlane.kubeconfig("kwok", { commonName: "kwok", organization: "system:masters" });
  apart.start("kwok", [
    `--kubeconfig=${kubeconfig}`,
    `--config=${stages}`,
    "--manage-all-nodes=false",
    `--manage-nodes-with-annotation-selector=${Object.entries(SIMULATED)[0]?.join("=")}`,
    "--server-address=127.0.0.1:10247",
    "--node-lease-duration-seconds=40",
  ]);
}

export interface SimulatedNode {
  readonly name: string;
  /** Whether any pod may be put there; else those alone that ask for it (ON_SIMULATED_NODES). @default false */
  readonly open?: boolean;
  /** Beyond those that every node has. @default none */
  readonly labels?: Readonly<Record<string, string>>;
  /** What pods can share. @default more than they ask for */
  readonly room?: { readonly cpu: string; readonly memory: string };
}

export function simulatedNode({
  name,
  open = false,
  labels = {},
  room = { cpu: "32", memory: "128Gi" },
}: SimulatedNode): object {
  const allocatable = { ...room, pods: "110", "ephemeral-storage": "500Gi" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      annotations: SIMULATED,
      labels: {
        ...SIMULATED,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        ...labels,
      },
    },
    spec: open ? {} : { taints: [TAINT] },
    status: { allocatable, capacity: allocatable },
  };
}
