import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { type Scale, type Settings, WORKER_SESSIONS } from "../../settings";
import { pinnedImage } from "../../shared/pinned-image";
import { hostOf, restrictedContainer, secretVariable } from "../../shared/pods";
import { versions } from "../../shared/versions";
import { GARDENOS, PORTS, type Program } from "./names";

type Variable = k8s.types.input.core.v1.EnvVar;
type Probe = k8s.types.input.core.v1.Probe;

/** What every program gets from the stack. */
export interface ProgramArgs {
  readonly gardenos: NonNullable<Settings["gardenos"]>;
  readonly environment: Settings["environment"];
  /** Public host name of the services. */
  readonly host: string;
  /** Address of the web front end. */
  readonly siteUrl: string;
  /** Namespace of the programs. */
  readonly namespace: string;
  /** Host of PostgreSQL's leader, and the database. */
  readonly database: { readonly host: string; readonly name: string };
  /** User of each program's login in PostgreSQL. */
  readonly users: Readonly<Partial<Record<"authenticator" | "auth" | "storage" | "agents" | "api", string>>>;
  /** Object storage of the storage service. */
  readonly store: {
    readonly endpoint: pulumi.Input<string>;
    readonly region: pulumi.Input<string>;
    readonly bucket: pulumi.Input<string>;
    /** Whether its certificate is of a CA of its own. */
    readonly hasOwnCa: boolean;
  };
  /** The jobs image; its entrypoint is `jobs`. */
  readonly jobsImage: pulumi.Input<string>;
}

/** A Deployment's container, and how it scales. */
export interface RenderedProgram {
  readonly program: Program;
  readonly scale: Scale;
  readonly container: k8s.types.input.core.v1.Container;
  /** Secrets with CA certificates, by the folder that they are mounted in. */
  readonly authorities: Readonly<Record<string, string>>;
}

export const AUTHORITY_FOLDERS = {
  database: "/etc/trellis/postgres",
  storage: "/etc/trellis/storage",
} as const;

const DATABASE_CA = `${AUTHORITY_FOLDERS.database}/ca.crt`;
const TLS = `sslmode=verify-full&sslrootcert=${DATABASE_CA}`;

const plain = (values: Readonly<Record<string, pulumi.Input<string>>>): Variable[] =>
  Object.entries(values).map(([name, value]) => ({ name, value }));

const token = (name: string, key: string) => secretVariable(name, GARDENOS.tokensSecret, key);

/** The key of a service's password in the Secret. */
export const passwordKey = (service: string) => `${service}-password`;

/** The password comes first: Kubernetes fills `$(NAME)` only from variables before it. */
function databaseUrl(
  args: ProgramArgs,
  service: keyof ProgramArgs["users"],
  names: { readonly url: string; readonly password: string },
): Variable[] {
  const { host, name } = args.database;
  return [
    secretVariable(names.password, GARDENOS.databaseSecret, passwordKey(service)),
    {
      name: names.url,
      value: `postgres://${args.users[service] ?? service}:$(${names.password})@${host}:5432/${name}?${TLS}`,
    },
  ];
}

const probe = (path: string, port: string): Probe => ({
  httpGet: { path, port },
  periodSeconds: 10,
  timeoutSeconds: 5,
});

interface Figures {
  readonly cpu: readonly [request: string, limit: string];
  readonly memory: readonly [request: string, limit: string];
}

/** The figures of the deployments that these replace, with room for their peaks. */
const SERVICE: Figures = { cpu: ["100m", "500m"], memory: ["128Mi", "256Mi"] };
const API: Figures = { cpu: ["200m", "500m"], memory: ["256Mi", "512Mi"] };
const AGENTS: Figures = { cpu: ["200m", "800m"], memory: ["256Mi", "512Mi"] };

function container(
  program: Program,
  {
    image,
    args,
    env,
    figures,
    live,
    ready,
  }: {
    readonly image: pulumi.Input<string>;
    readonly args?: readonly string[];
    readonly env: Variable[];
    readonly figures: Figures;
    readonly live: Probe;
    readonly ready: Probe;
  },
): k8s.types.input.core.v1.Container {
  const { http, metrics } = PORTS[program];
  return {
    name: GARDENOS[program],
    image,
    ...(args && { args: [...args] }),
    env,
    ports: [
      ...(http === undefined ? [] : [{ name: "http", containerPort: http }]),
      ...(metrics === undefined ? [] : [{ name: "metrics", containerPort: metrics }]),
    ],
    securityContext: restrictedContainer,
    resources: {
      requests: { cpu: figures.cpu[0], memory: figures.memory[0] },
      limits: { cpu: figures.cpu[1], memory: figures.memory[1] },
    },
    startupProbe: { ...live, periodSeconds: 2, failureThreshold: 90 },
    livenessProbe: live,
    readinessProbe: { ...ready, periodSeconds: 5 },
  };
}

const DATABASE_AUTHORITY = { [AUTHORITY_FOLDERS.database]: GARDENOS.databaseSecret };

/** Supabase's auth service. It migrates its schema at its start, under a lock of its own. */
export function auth(args: ProgramArgs, scale: Scale): RenderedProgram {
  const { gardenos, host, siteUrl } = args;
  const env = [
    ...databaseUrl(args, "auth", { password: "DB_PASSWORD", url: "GOTRUE_DB_DATABASE_URL" }),
    ...plain({
      GOTRUE_DB_DRIVER: "postgres",
      GOTRUE_DB_MAX_POOL_SIZE: String(scale.sessions),
      GOTRUE_API_HOST: "0.0.0.0",
      GOTRUE_API_PORT: String(PORTS.auth.http),
      API_EXTERNAL_URL: `https://${host}/auth/v1`,
      GOTRUE_SITE_URL: siteUrl,
      GOTRUE_URI_ALLOW_LIST: gardenos.origins.join(","),
      GOTRUE_DISABLE_SIGNUP: String(!gardenos.signup),
      GOTRUE_JWT_ADMIN_ROLES: "service_role",
      GOTRUE_JWT_AUD: "authenticated",
      GOTRUE_JWT_DEFAULT_GROUP_NAME: "authenticated",
      GOTRUE_JWT_EXP: "3600",
      GOTRUE_EXTERNAL_EMAIL_ENABLED: "true",
      GOTRUE_EXTERNAL_PHONE_ENABLED: "false",
      GOTRUE_MAILER_AUTOCONFIRM: "true", // there is no mail server
      GOTRUE_RATE_LIMIT_HEADER: "X-Real-Ip", // Traefik's; without it the service's own limits do not apply
      GOTRUE_LOG_LEVEL: args.environment === "dev" ? "debug" : "info",
      GOTRUE_METRICS_ENABLED: "true",
      GOTRUE_METRICS_EXPORTER: "prometheus",
      OTEL_EXPORTER_PROMETHEUS_HOST: "0.0.0.0",
      OTEL_EXPORTER_PROMETHEUS_PORT: String(PORTS.auth.metrics),
    }),
    token("GOTRUE_JWT_SECRET", "secret"),
    token("GOTRUE_JWT_KEY_ID", "key-id"),
    token("GOTRUE_JWT_KEYS", "auth-keys"),
  ];
  const health = probe("/health", "http");
  const image = pinnedImage(versions.gotrue);
  return {
    program: "auth",
    scale,
    container: container("auth", { image, env, figures: SERVICE, live: health, ready: health }),
    authorities: DATABASE_AUTHORITY,
  };
}

/** PostgREST. libpq reads the password from PGPASSWORD, so that its address has none. */
export function rest(args: ProgramArgs, scale: Scale): RenderedProgram {
  const { host, name } = args.database;
  const env = [
    secretVariable("PGPASSWORD", GARDENOS.databaseSecret, passwordKey("authenticator")),
    ...plain({
      PGRST_DB_URI: `postgres://${args.users.authenticator ?? "authenticator"}@${host}:5432/${name}?${TLS}`,
      PGRST_DB_SCHEMAS: "public,graphql_public",
      PGRST_DB_EXTRA_SEARCH_PATH: "public",
      PGRST_DB_ANON_ROLE: "anon",
      PGRST_DB_POOL: String(Math.max(1, scale.sessions - 1)), // one more listens for changes of the schema
      PGRST_DB_MAX_ROWS: "1000",
      PGRST_SERVER_PORT: String(PORTS.rest.http),
      PGRST_ADMIN_SERVER_PORT: String(PORTS.rest.metrics),
      PGRST_OPENAPI_SERVER_PROXY_URI: `https://${args.host}/rest/v1`,
      PGRST_LOG_LEVEL: args.environment === "dev" ? "info" : "warn",
    }),
    token("PGRST_JWT_SECRET", "key-set"),
  ];
  const image = pinnedImage(versions.postgrest);
  return {
    program: "rest",
    scale,
    container: container("rest", {
      image,
      env,
      figures: SERVICE,
      live: probe("/live", "metrics"),
      ready: probe("/ready", "metrics"),
    }),
    authorities: DATABASE_AUTHORITY,
  };
}

/** Supabase's storage service, on a user and a bucket of its own in object storage. */
export function storage(args: ProgramArgs, scale: Scale): RenderedProgram {
  const { store, namespace, host } = args;
  const env = [
    ...databaseUrl(args, "storage", { password: "DB_PASSWORD", url: "DATABASE_URL" }),
    secretVariable("DATABASE_SSL_ROOT_CERT", GARDENOS.databaseSecret, "ca.crt"),
    secretVariable("AWS_ACCESS_KEY_ID", GARDENOS.storageSecret, "access-key"),
    secretVariable("AWS_SECRET_ACCESS_KEY", GARDENOS.storageSecret, "secret-key"),
    ...plain({
      ...(store.hasOwnCa && { NODE_EXTRA_CA_CERTS: `${AUTHORITY_FOLDERS.storage}/ca.crt` }),
      DATABASE_MAX_CONNECTIONS: String(scale.sessions),
      DB_INSTALL_ROLES: "false", // the bootstrap makes them
      POSTGREST_URL: `http://${hostOf(GARDENOS.rest, namespace)}:${PORTS.rest.http}`,
      SERVER_PORT: String(PORTS.storage.http),
      SERVER_ADMIN_PORT: String(PORTS.storage.metrics),
      STORAGE_PUBLIC_URL: `https://${host}`,
      REQUEST_ALLOW_X_FORWARDED_PATH: "true",
      TUS_URL_PATH: "/upload/resumable",
      UPLOAD_FILE_SIZE_LIMIT: String(50 * 1024 * 1024),
      STORAGE_BACKEND: "s3",
      STORAGE_S3_BUCKET: store.bucket,
      STORAGE_S3_ENDPOINT: store.endpoint,
      STORAGE_S3_REGION: store.region,
      STORAGE_S3_FORCE_PATH_STYLE: "true",
      TENANT_ID: "crm",
      IMAGE_TRANSFORMATION_ENABLED: "false",
      LOG_LEVEL: args.environment === "dev" ? "debug" : "info",
    }),
    token("AUTH_JWT_SECRET", "secret"),
    token("JWT_JWKS", "key-set"),
    token("ANON_KEY", "anon-key"),
    token("SERVICE_KEY", "service-key"),
  ];
  const status = probe("/status", "http");
  const image = pinnedImage(versions.storageApi);
  return {
    program: "storage",
    scale,
    container: container("storage", { image, env, figures: SERVICE, live: status, ready: status }),
    authorities: {
      ...DATABASE_AUTHORITY,
      ...(store.hasOwnCa && { [AUTHORITY_FOLDERS.storage]: GARDENOS.storageSecret }),
    },
  };
}

/** Variables of the images of the user's own. */
function ownVariables(args: ProgramArgs, service: "api" | "agents"): Variable[] {
  const { namespace, gardenos, siteUrl } = args;
  return [
    ...databaseUrl(args, service, { password: "DATABASE_PASSWORD", url: "DATABASE_URL" }),
    ...plain({
      HOST: "0.0.0.0",
      PORT: String(PORTS[service].http),
      WORKERS: "2",
      API_V1_STR: "/api/v1",
      PROJECT_NAME: "GardenOS",
      ENVIRONMENT: args.environment === "prod" ? "production" : args.environment,
      LOG_LEVEL: "info",
      BACKEND_CORS_ORIGINS: [siteUrl, ...gardenos.origins].join(","),
      SUPABASE_URL: `http://${hostOf(GARDENOS.rest, namespace)}:${PORTS.rest.http}`,
      SUPABASE_AUTH_URL: `http://${hostOf(GARDENOS.auth, namespace)}:${PORTS.auth.http}`,
    }),
    token("SECRET_KEY", "secret"),
    token("SUPABASE_SERVICE_ROLE_KEY", "service-key"),
  ];
}

/** The API of the user's own image. */
export function api(args: ProgramArgs, scale: Scale, image: string): RenderedProgram {
  const health = probe("/health", "http");
  return {
    program: "api",
    scale,
    container: container("api", {
      image,
      env: ownVariables(args, "api"),
      figures: API,
      live: health,
      ready: health,
    }),
    authorities: DATABASE_AUTHORITY,
  };
}

type Agents = NonNullable<NonNullable<Settings["gardenos"]>["agents"]>;

const poolsOf = ({ leadAnalysis, followUp }: Agents) => `lead-analysis:${leadAnalysis},follow-up:${followUp}`;

/** Login of the agents of the jobs image, for the variables that `jobs` reads. */
const agentsDatabase = (args: ProgramArgs): Variable[] => [
  ...plain({
    AGENTS_DATABASE_HOST: args.database.host,
    AGENTS_DATABASE_DATABASE: args.database.name,
    AGENTS_DATABASE_USER: args.users.agents ?? "agents",
    AGENTS_DATABASE_SSLMODE: "verify-full",
    AGENTS_DATABASE_SSLROOTCERT: DATABASE_CA,
  }),
  secretVariable("AGENTS_DATABASE_PASSWORD", GARDENOS.databaseSecret, passwordKey("agents")),
];

const modelVariables = (agents: Agents): Variable[] => [
  ...plain({
    AGENTS_MODEL_URL: agents.modelUrl,
    AGENTS_MODEL: agents.model,
    AGENTS_POOLS: poolsOf(agents),
    AGENTS_DAILY_BUDGET: `tokens:${agents.dailyBudget}`,
    AGENTS_DRY_RUN: String(agents.dryRun),
    AGENTS_KEEP_TASKS_DAYS: String(agents.keepTasksDays),
    AGENTS_KEEP_AUDIT_DAYS: String(agents.keepAuditDays),
  }),
  secretVariable("AGENTS_MODEL_KEY", GARDENOS.agentsSecret, "model-key"),
];

/** The agents' API and their workers; one Deployment with both where the image is the user's own. */
export function agents(args: ProgramArgs, scale: Scale, settings: Agents): RenderedProgram[] {
  const health = probe("/health", "http");
  const rendered = (
    program: "agents" | "workers",
    container: RenderedProgram["container"],
    scaled = scale,
  ): RenderedProgram => ({ program, scale: scaled, container, authorities: DATABASE_AUTHORITY });
  if (settings.image) {
    const env = [
      ...ownVariables(args, "agents"),
      ...plain({
        MAX_LEAD_ANALYSIS_AGENTS: String(settings.leadAnalysis),
        MAX_FOLLOW_UP_AGENTS: String(settings.followUp),
      }),
      ...modelVariables(settings),
    ];
    const own = { image: settings.image, env, figures: AGENTS, live: health, ready: health };
    return [rendered("agents", container("agents", own))];
  }
  const image = args.jobsImage;
  const common = [...agentsDatabase(args), ...plain({ LOG_FORMAT: "json" })];
  const serve = [
    ...common,
    ...plain({ PORT: String(PORTS.agents.http), AGENTS_DATABASE_SESSIONS: String(scale.sessions) }),
    token("AGENTS_JWT_SECRET", "secrets"),
  ];
  const work = [
    ...common,
    ...plain({
      PORT: String(PORTS.workers.metrics),
      AGENTS_DATABASE_SESSIONS: String(WORKER_SESSIONS.tasks),
    }),
    ...modelVariables(settings),
  ];
  const working = probe("/health", "metrics");
  return [
    rendered(
      "agents",
      container("agents", {
        image,
        args: ["agents", "serve"],
        env: serve,
        figures: SERVICE,
        live: health,
        ready: health,
      }),
    ),
    rendered(
      "workers",
      container("workers", {
        image,
        args: ["agents", "work"],
        env: work,
        figures: AGENTS,
        live: working,
        ready: working,
      }),
      { ...scale, least: 1, most: settings.mostWorkers },
    ),
  ];
}
