import type { Edge } from "../../settings";
import { SERVER_PORTS } from "../../shared/address-plan";
import { UserError } from "../../shared/user-error";

type LoadBalancerType = Extract<Edge, { kind: "load-balancer" }>["type"];

/** The most targets of each type of load balancer (hetzner.com/cloud/load-balancer). */
const MOST_TARGETS: Readonly<Record<LoadBalancerType, number>> = { lb11: 25, lb21: 75, lb31: 150 };

const EVERY_ADDRESS = "0.0.0.0/0";

/**
 * The ports that a load balancer forwards to the same ports of the servers' HAProxy, with the PROXY protocol. Hetzner
 * has no firewall for its public side, so it forwards only what everyone may reach. That includes the Kubernetes API if
 * the settings open it to everyone, and never the databases.
 */
export function balancedPorts(administrators: readonly string[]): number[] {
  const { http, https, kubernetesApi } = SERVER_PORTS;
  return [http, https, ...(administrators.includes(EVERY_ADDRESS) ? [kubernetesApi] : [])];
}

export function checkBalancedServers(type: LoadBalancerType, servers: number): void {
  if (servers <= MOST_TARGETS[type]) return;
  throw new UserError(
    `target.edge.type: given ${type} for ${servers} servers; it reaches ${MOST_TARGETS[type]}. ` +
      "Choose a larger type (lb21: 75, lb31: 150), or fewer servers.",
  );
}
