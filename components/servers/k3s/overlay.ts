import { addressIn, type Cidr, cidrRange, PODS_OF_A_NODE } from "../../settings";

/**
 * Source IPs that pods see from other nodes: the first IP of every possible pod /24, which flannel's device has and no pod.
 * A server gets its /24 when it joins, so the list has those of all.
 */
export function overlayAddresses(pods: Cidr): string[] {
  const { first, last } = cidrRange(pods);
  const shares = Math.ceil((last + 1 - first) / PODS_OF_A_NODE);
  return Array.from({ length: shares }, (_, index) => addressIn(pods, index * PODS_OF_A_NODE));
}
