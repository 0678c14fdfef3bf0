/** As Kubernetes shares out the pods' range where nothing else is said: 256 addresses a server. */
const SHARE_BITS = 8;

/**
 * The addresses behind which servers come to pods of other servers: flannel's device has the first one of what its server
 * has for pods, which no pod has. Which share a server gets shows when it has joined, so these are those of all shares.
 */
export function overlayAddresses(pods: string): string[] {
  const [first = "", bits = ""] = pods.split("/");
  const [a = 0, b = 0, c = 0] = first.split(".").map(Number);
  const begin = a * 2 ** 16 + b * 2 ** 8 + c; // in shares
  const shares = Math.max(1, 2 ** (32 - SHARE_BITS - Number(bits)));
  return Array.from({ length: shares }, (_, index) => {
    const share = begin + index;
    return `${share >>> 16}.${(share >>> 8) & 255}.${share & 255}.0`;
  });
}
