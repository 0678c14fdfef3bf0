import { addressIn, type Cidr, cidrRange, PODS_OF_A_NODE } from "../../settings";

/**
 * The addresses behind which servers come to pods of other servers: flannel's device has the first one of what its server
 * has for pods, which no pod has. Which share a server gets shows when it has joined, so these are those of all shares.
 */
export function overlayAddresses(pods: Cidr): string[] {
  const { first, last } = cidrRange(pods);
  const shares = Math.ceil((last + 1 - first) / PODS_OF_A_NODE);
  return Array.from({ length: shares }, (_, index) => addressIn(pods, index * PODS_OF_A_NODE));
}
