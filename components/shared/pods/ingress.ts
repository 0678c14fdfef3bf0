/**
 * Annotations of every Ingress: the given ones, and one that keeps `pulumi up` from waiting for an address. An ingress
 * controller behind NodePorts never publishes one, so the wait would fail after ten minutes.
 */
export const ingressAnnotations = (given: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  ...given,
  "pulumi.com/skipAwait": "true",
});
