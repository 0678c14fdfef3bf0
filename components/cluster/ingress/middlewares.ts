import { loginLimit } from "../../shared/pods";

/**
 * Who may send requests to an Ingress: everyone, or only the administrators' source ranges. `logins` is for the paths
 * that check a password: the administrators' ranges again, and few requests a minute.
 */
export type Audience = "everyone" | "administrators" | "logins";

const ONE_YEAR_SECONDS = 365 * 24 * 3600;

/** Traefik's middlewares by name. Every namespace with an Ingress has all of them. */
const specs = (administrators: readonly string[]) =>
  ({
    // K3s' Traefik also redirects by its entry point; this redirect covers servers whose Traefik is older or not ours.
    "trellis-https": { redirectScheme: { scheme: "https", permanent: true } },
    "trellis-headers": {
      headers: {
        stsSeconds: ONE_YEAR_SECONDS, // sent over TLS only; browsers ignore it with a certificate they do not trust
        contentTypeNosniff: true,
        customFrameOptionsValue: "SAMEORIGIN",
        referrerPolicy: "strict-origin-when-cross-origin",
      },
    },
    "trellis-administrators": { ipAllowList: { sourceRange: [...administrators] } },
    // Both limits are for each source address, each path of an Ingress and each Traefik pod.
    "trellis-visitors": { rateLimit: { average: 20, period: "1s", burst: 100 } },
    "trellis-logins": loginLimit(20),
  }) as const;

type Middleware = keyof ReturnType<typeof specs>;

/** In the order in which Traefik applies them: a refusal has the security headers too. */
const APPLIED: Readonly<Record<Audience, readonly Middleware[]>> = {
  everyone: ["trellis-https", "trellis-headers", "trellis-visitors"],
  administrators: ["trellis-https", "trellis-headers", "trellis-administrators"],
  logins: ["trellis-https", "trellis-headers", "trellis-administrators", "trellis-logins"],
};

/** The middlewares of one namespace, for all audiences. */
export function middlewares(namespace: string, administrators: readonly string[]) {
  return Object.entries(specs(administrators)).map(([name, spec]) => ({
    apiVersion: "traefik.io/v1alpha1",
    kind: "Middleware",
    metadata: { name, namespace },
    spec,
  }));
}

/** The annotation of an Ingress that makes Traefik apply the middlewares of its namespace. */
export function middlewareAnnotations(namespace: string, audience: Audience): Record<string, string> {
  const references = APPLIED[audience].map((name) => `${namespace}-${name}@kubernetescrd`);
  return { "traefik.ingress.kubernetes.io/router.middlewares": references.join(",") };
}
