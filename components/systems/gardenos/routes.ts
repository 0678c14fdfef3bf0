import { GARDENOS, type Program } from "./names";

/** A path of the host, and the program behind it. */
export interface Route {
  readonly program: Extract<Program, "auth" | "rest" | "storage" | "api" | "agents">;
  /** What the public path begins with. */
  readonly path: string;
  /** Whether the program sees the path without it. Supabase's services serve from `/`; the others know their prefix. */
  readonly strip: boolean;
}

export const ROUTES: readonly Route[] = [
  { program: "auth", path: "/auth/v1", strip: true },
  { program: "rest", path: "/rest/v1", strip: true },
  { program: "storage", path: "/storage/v1", strip: true },
  { program: "api", path: "/api/v1", strip: false },
  { program: "agents", path: "/ai", strip: false },
];

const CORS = "gardenos-cors";

const stripOf = (program: Program) => `gardenos-strip-${GARDENOS[program]}`;

/** Traefik's middlewares of the routes: CORS for the listed origins, and the prefixes that services do not know. */
export function routeMiddlewares(namespace: string, origins: readonly string[]) {
  const middleware = (name: string, spec: Readonly<Record<string, unknown>>) => ({
    apiVersion: "traefik.io/v1alpha1",
    kind: "Middleware",
    metadata: { name, namespace },
    spec,
  });
  return [
    middleware(CORS, {
      headers: {
        accessControlAllowOriginList: [...origins],
        accessControlAllowMethods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        accessControlAllowHeaders: [
          "accept",
          "accept-profile",
          "apikey",
          "authorization",
          "content-profile",
          "content-type",
          "prefer",
          "range",
          "tus-resumable",
          "upload-length",
          "upload-metadata",
          "upload-offset",
          "x-client-info",
          "x-supabase-api-version",
          "x-upsert",
        ],
        accessControlExposeHeaders: ["content-range", "location", "upload-offset", "x-total-count"],
        accessControlMaxAge: 3600,
        addVaryHeader: true,
      },
    }),
    ...ROUTES.filter(({ strip }) => strip).map(({ program, path }) =>
      middleware(stripOf(program), { stripPrefix: { prefixes: [path] } }),
    ),
  ];
}

const ANNOTATION = "traefik.ingress.kubernetes.io/router.middlewares";

/** The annotations of a route's Ingress: the platform's, then the middlewares of the route, if Traefik reads them. */
export function routeAnnotations(
  { program, strip }: Route,
  namespace: string,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  const platform = given[ANNOTATION];
  if (platform === undefined) return { ...given };
  const own = [CORS, ...(strip ? [stripOf(program)] : [])].map(
    (name) => `${namespace}-${name}@kubernetescrd`,
  );
  return { ...given, [ANNOTATION]: [platform, ...own].join(",") };
}
