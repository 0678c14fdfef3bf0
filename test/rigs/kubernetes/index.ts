import { describeAsRoot } from "../programs";
import { APART_PROGRAMS } from "./apart";
import { CONTROL_PLANE_PROGRAMS } from "./control-plane";
import { IMAGE_PROGRAMS } from "./images";
import { NAME_SERVER_PROGRAMS } from "./name-server";
import { cniPlugins, NODE_PROGRAMS } from "./node";
import { SIMULATION_PROGRAMS } from "./simulated-nodes";

export { Cluster, startCluster } from "./cluster";
export { BUSYBOX_IMAGE, layBusybox, packImage } from "./images";
export { serviceAt } from "./name-server";
export { ON_SIMULATED_NODES, type SimulatedNode } from "./simulated-nodes";

/** What this machine must have to run a Kubernetes. */
const KUBERNETES_PROGRAMS = [
  ...APART_PROGRAMS,
  ...CONTROL_PLANE_PROGRAMS,
  ...NODE_PROGRAMS,
  ...NAME_SERVER_PROGRAMS,
  ...SIMULATION_PROGRAMS,
  ...IMAGE_PROGRAMS,
];

/**
 * A suite that needs a real Kubernetes, and further programs: as with `describeWith`, in CI it fails where it cannot
 * run, and elsewhere its name says why it does not. Only root may make nodes.
 */
export function describeOnKubernetes(programs: readonly string[], name: string, suite: () => void): void {
  describeAsRoot([...KUBERNETES_PROGRAMS, ...programs], name, suite, cniPlugins);
}
