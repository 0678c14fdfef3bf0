import { loginLimit } from "../../shared/pods";
import { GARDENOS, type Program } from "./names";

/** Paths of the host that share middlewares, and the program behind them. */
export interface Route {
  /** Name of the Ingress. */
  readonly name: string;
  readonly program: Extract<Program, "auth" | "rest" | "storage" | "api" | "agents">;
  /** What the public paths begin with. */
  readonly paths: readonly string[];
  /** Whether the program sees the path without its prefix. Supabase's services serve from `/`; the others know theirs. */
  readonly strip: boolean;
  /** Whether requests check a password or a code, and are limited for each source address. */
  readonly logins?: true;
}

const AUTH = "/auth/v1";

/** The auth service's paths at which a password or a code can be guessed, or an account made. */
const LOGINS = [
  "factors",
  "magiclink",
  "otp",
  "reauthenticate",
  "recover",
  "resend",
  "signup",
  "token",
  "verify",
];

/** Traefik takes the longest path that fits, so the logins need no order. */
export const ROUTES: readonly Route[] = [
  { name: GARDENOS.auth, program: "auth", paths: [AUTH], strip: true },
  {
    name: "auth-logins",
    program: "auth",
    paths: LOGINS.map((path) => `${AUTH}/${path}`),
    strip: true,
    logins: true,
  },
  { name: GARDENOS.rest, program: "rest", paths: ["/rest/v1"], strip: true },
  { name: GARDENOS.storage, program: "storage", paths: ["/storage/v1"], strip: true },
  { name: GARDENOS.api, program: "api", paths: ["/api/v1"], strip: false },
  { name: GARDENOS.agents, program: "agents", paths: ["/ai"], strip: false },
];

const CORS = "gardenos-cors";

const LOGIN_LIMIT = "gardenos-logins";

const stripOf = (program: Program) => `gardenos-strip-${GARDENOS[program]}`;

/** Traefik's middlewares of the routes: CORS for the listed origins, the prefixes that services do not know, a limit. */
export function routeMiddlewares(
  namespace: string,
  { origins, loginsPerMinute }: { readonly origins: readonly string[]; readonly loginsPerMinute: number },
) {
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
    // For each source address, each path and each Traefik pod.
    middleware(LOGIN_LIMIT, loginLimit(loginsPerMinute)),
    ...ROUTES.filter(({ strip, logins }) => strip && !logins).map(({ program, paths }) =>
      middleware(stripOf(program), { stripPrefix: { prefixes: [...paths] } }),
    ),
  ];
}

const ANNOTATION = "traefik.ingress.kubernetes.io/router.middlewares";

/** The annotations of a route's Ingress: the platform's, then the middlewares of the route, if Traefik reads them. */
export function routeAnnotations(
  { program, strip, logins }: Route,
  namespace: string,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  const platform = given[ANNOTATION];
  if (platform === undefined) return { ...given };
  const own = [CORS, ...(logins ? [LOGIN_LIMIT] : []), ...(strip ? [stripOf(program)] : [])].map(
    (name) => `${namespace}-${name}@kubernetescrd`,
  );
  return { ...given, [ANNOTATION]: [platform, ...own].join(",") };
}
