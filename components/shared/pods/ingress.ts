/**
 * Annotations of every Ingress: the given ones, and one by which `pulumi up` does not wait for an address. Where the
 * ingress controller is behind NodePorts, none is ever published, and the wait would end in an error after ten minutes.
 */
export const ingressAnnotations = (given: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  ...given,
  "pulumi.com/skipAwait": "true",
});
