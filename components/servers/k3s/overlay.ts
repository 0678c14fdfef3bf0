import { addressIn, type Cidr, cidrRange, PODS_OF_A_NODE } from "../../settings";

/**
 * Source IPs that pods see from other nodes: the first IP of every possible pod /24. flannel's device has this IP and
 * no pod does. The list contains every /24, because a server gets its own only when it joins.
 */
export function overlayAddresses(pods: Cidr): string[] {
  const { first, last } = cidrRange(pods);
  const shares = Math.ceil((last + 1 - first) / PODS_OF_A_NODE);
  return Array.from({ length: shares }, (_, index) => addressIn(pods, index * PODS_OF_A_NODE));
}
