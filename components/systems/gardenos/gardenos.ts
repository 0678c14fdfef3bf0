import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { addOnObjects, metricsObjects, monitorWorkload } from "../../cluster";
import type { ObjectStoreAccess } from "../../data";
import type { Scale, Settings } from "../../settings";
import { digest } from "../../shared/digest";
import { ingressAnnotations, ingressSpec } from "../../shared/pods";
import { gardenosDashboard } from "./dashboard";
import { gardenosMetrics } from "./monitoring";
import { COMMON_LABELS, GARDENOS, labelsOf, PORTS } from "./names";
import { autoscaler, migrationJob, programDeployment } from "./pods";
import { MIGRATION_POLICY, policyOf } from "./policies";
import {
  agents,
  api,
  auth,
  type ProgramArgs,
  passwordKey,
  type RenderedProgram,
  rest,
  storage,
} from "./programs";
import { ROUTES, routeAnnotations, routeMiddlewares } from "./routes";
import { tokenData } from "./tokens";

type Service = "authenticator" | "auth" | "storage" | "agents" | "api";

export interface GardenOSArgs {
  readonly environment: Settings["environment"];
  /** The settings `gardenos`. */
  readonly gardenos: NonNullable<Settings["gardenos"]>;
  /** The namespace, as a name and as the output that resolves once its policies exist. */
  readonly namespace: { readonly name: string; readonly ready: pulumi.Input<string> };
  /** Public host name of the services. */
  readonly host: string;
  /** Address of the web front end. */
  readonly siteUrl: string;
  /** The jobs image; its entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;
  readonly database: {
    /** Host of the leader. */
    readonly host: string;
    readonly name: string;
    /** Connection string of a login that migrates; secret. */
    readonly migrate: pulumi.Input<string>;
    /** CA certificate (PEM) of the server. */
    readonly authority: pulumi.Input<string>;
    /** The login of each service. */
    readonly logins: Readonly<
      Partial<Record<Service, { readonly user: string; readonly password: pulumi.Input<string> }>>
    >;
  };
  /** How far each service scales; services that the settings leave out have no entry. */
  readonly scale: Readonly<Partial<Record<Service, Scale>>>;
  /** Object storage of the storage service: a user of its own. */
  readonly store: ObjectStoreAccess;
  /** Port of object storage on the internet. @default none: it is in the cluster */
  readonly storePort?: number | undefined;
  /** Key of the agents' model. @default none: there are no agents */
  readonly modelKey?: pulumi.Input<string> | undefined;
  readonly ingress: {
    readonly annotations: Readonly<Record<string, string>>;
    /** Whether K3s' Helm controller creates Traefik's objects, or this program does. */
    readonly traefik: "of-k3s" | "existing" | "none";
  };
  /** Whether the Prometheus operator runs. */
  readonly monitoring: boolean;
  /** Whether Pulumi refuses to delete or replace what cannot be recreated. @default false */
  readonly protection?: boolean;
}

/** Creates GardenOS: Supabase's auth, REST and storage services on the CRM's database, with an API and agents. */
export class GardenOS extends pulumi.ComponentResource {
  /** URL that `@supabase/supabase-js` takes. */
  readonly endpoint: pulumi.Output<string>;

  /** Key of clients without a login; not a secret, but rows are behind a login. */
  readonly anonKey: pulumi.Output<string>;

  /** Key that bypasses row security; secret. */
  readonly serviceKey: pulumi.Output<string>;

  constructor(name: string, args: GardenOSArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:gardenos:GardenOS", name, {}, opts);
    const tokens = this.#tokens(name, args);
    const secrets = this.#secrets(name, args, tokens);
    const account = new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata: metadata(args, GARDENOS.serviceAccount), automountServiceAccountToken: false },
      { parent: this },
    );
    const programArgs = programArgsOf(args);
    const programs = programsOf(args, programArgs);
    const policies = this.#policies(name, args, programs);
    const dependsOn = [...secrets.resources, account, ...policies];
    const migration = this.#migration(name, args, programArgs, dependsOn);
    for (const program of programs) {
      this.#program(name, args, {
        program,
        configDigest: secrets.digest,
        dependsOn: [...dependsOn, migration],
      });
    }
    this.#ingress(name, args, programs);
    this.#addOnObjects(name, args, programs);

    this.endpoint = pulumi.output(`https://${args.host}`);
    this.anonKey = pulumi.unsecret(tokens.apply((data) => data["anon-key"] ?? ""));
    this.serviceKey = pulumi.secret(tokens.apply((data) => data["service-key"] ?? ""));
    this.registerOutputs({ endpoint: this.endpoint, anonKey: this.anonKey, serviceKey: this.serviceKey });
  }

  /** The JWT secret of the epoch, and the previous one, whose tokens are valid until the next increment. */
  #tokens(name: string, { gardenos, protection }: GardenOSArgs): pulumi.Output<Record<string, string>> {
    const { keysEpoch, keysUntil } = gardenos;
    const secrets = [keysEpoch, keysEpoch - 1]
      .filter((epoch) => epoch >= 1)
      .map((epoch) => ({
        epoch,
        value: new random.RandomPassword(
          `${name}-jwt-secret-${epoch}`,
          { length: 64, special: false },
          { parent: this, protect: (protection ?? false) && epoch === keysEpoch },
        ).result,
      }));
    return pulumi.secret(
      pulumi.output(secrets).apply((known) => tokenData({ secrets: known, until: keysUntil })),
    );
  }

  #secrets(
    name: string,
    args: GardenOSArgs,
    tokens: pulumi.Output<Record<string, string>>,
  ): { readonly resources: pulumi.Resource[]; readonly digest: pulumi.Output<string> } {
    const { database, store, modelKey } = args;
    const passwords = Object.entries(database.logins).map(([service, { password }]) => [
      passwordKey(service),
      password,
    ]);
    const all: [string, pulumi.Input<Record<string, pulumi.Input<string>>>][] = [
      [
        GARDENOS.databaseSecret,
        { ...Object.fromEntries(passwords), "migrate-url": database.migrate, "ca.crt": database.authority },
      ],
      [GARDENOS.tokensSecret, tokens],
      [
        GARDENOS.storageSecret,
        {
          "access-key": store.accessKey,
          "secret-key": store.secretKey,
          ...(store.authority && { "ca.crt": store.authority }),
        },
      ],
      ...(modelKey === undefined
        ? []
        : [[GARDENOS.agentsSecret, { "model-key": modelKey }] as (typeof all)[number]]), // safe: a pair of its own
    ];
    return {
      resources: all.map(
        ([object, stringData]) =>
          new k8s.core.v1.Secret(
            `${name}-${object}`,
            { metadata: metadata(args, object), stringData },
            { parent: this },
          ),
      ),
      // Half a digest of random passwords reveals nothing about them, so it need not be a secret.
      digest: pulumi.unsecret(
        pulumi.output(all.map(([, data]) => data)).apply((data) => digest(JSON.stringify(data))),
      ),
    };
  }

  #policies(name: string, args: GardenOSArgs, programs: readonly RenderedProgram[]): pulumi.Resource[] {
    const own = args.gardenos.agents?.image !== undefined;
    return [
      ...programs.map(
        ({ program }) =>
          [GARDENOS[program], policyOf(program, { ownImage: own, storePort: args.storePort })] as const,
      ),
      [GARDENOS.migration, MIGRATION_POLICY] as const,
    ].map(
      ([object, spec]) =>
        new k8s.networking.v1.NetworkPolicy(
          `${name}-allow-${object}`,
          { metadata: metadata(args, object), spec },
          { parent: this },
        ),
    );
  }

  #migration(
    name: string,
    args: GardenOSArgs,
    programArgs: ProgramArgs,
    dependsOn: pulumi.Resource[],
  ): k8s.batch.v1.Job {
    const { agents: settings } = args.gardenos;
    const withAgents = settings !== undefined && settings.image === undefined;
    return new k8s.batch.v1.Job(
      `${name}-migration`,
      { metadata: metadata(args, GARDENOS.migration), spec: migrationJob(programArgs, withAgents) },
      { parent: this, dependsOn, replaceOnChanges: ["spec"], deleteBeforeReplace: true },
    );
  }

  /** A program's Deployment, its Service, and what keeps it running. */
  #program(
    name: string,
    args: GardenOSArgs,
    {
      program: rendered,
      configDigest,
      dependsOn,
    }: { program: RenderedProgram; configDigest: pulumi.Output<string>; dependsOn: pulumi.Resource[] },
  ): void {
    const { program, scale } = rendered;
    const object = GARDENOS[program];
    const child = { parent: this };
    new k8s.apps.v1.Deployment(
      `${name}-${object}`,
      { metadata: metadata(args, object), spec: programDeployment(rendered, configDigest) },
      { parent: this, dependsOn },
    );
    const { http } = PORTS[program];
    if (http !== undefined) {
      new k8s.core.v1.Service(
        `${name}-${object}-service`,
        {
          metadata: metadata(args, object),
          spec: { selector: labelsOf(object), ports: [{ name: "http", port: http, targetPort: "http" }] },
        },
        { parent: this, dependsOn },
      );
    }
    if (scale.most > scale.least) {
      new k8s.autoscaling.v2.HorizontalPodAutoscaler(
        `${name}-${object}-autoscaler`,
        { metadata: metadata(args, object), spec: autoscaler(rendered) },
        child,
      );
    }
    if (scale.least > 1) {
      new k8s.policy.v1.PodDisruptionBudget(
        `${name}-${object}-disruption`,
        {
          metadata: metadata(args, object),
          spec: { maxUnavailable: 1, selector: { matchLabels: labelsOf(object) } },
        },
        child,
      );
    }
  }

  /** One Ingress for each route, since Traefik applies middlewares to a whole Ingress. They share a certificate. */
  #ingress(name: string, args: GardenOSArgs, programs: readonly RenderedProgram[]): void {
    const running = new Set(programs.map(({ program }) => program));
    for (const route of ROUTES.filter(({ program }) => running.has(program))) {
      new k8s.networking.v1.Ingress(
        `${name}-${route.name}-ingress`,
        {
          metadata: {
            ...metadata(args, route.name),
            annotations: ingressAnnotations(
              routeAnnotations(route, args.namespace.name, args.ingress.annotations),
            ),
          },
          spec: ingressSpec({
            host: args.host,
            tlsSecret: GARDENOS.tlsSecret,
            service: { name: GARDENOS[route.program], port: "http" },
            paths: [...route.paths],
          }),
        },
        { parent: this },
      );
    }
  }

  /** Traefik's middlewares, and what Prometheus scrapes. */
  #addOnObjects(name: string, args: GardenOSArgs, programs: readonly RenderedProgram[]): void {
    const { gardenos, siteUrl, ingress, monitoring } = args;
    const middlewares = routeMiddlewares(args.namespace.name, {
      origins: [siteUrl, ...gardenos.origins],
      loginsPerMinute: gardenos.loginsPerMinute,
    });
    if (ingress.traefik === "existing") {
      for (const middleware of middlewares) {
        new k8s.apiextensions.CustomResource(`${name}-${middleware.metadata.name}`, middleware, {
          parent: this,
        });
      }
    }
    const byHelm = ingress.traefik === "of-k3s" ? middlewares : [];
    if (byHelm.length === 0 && !monitoring) return;
    const names = programs.map(({ program }) => program);
    addOnObjects(
      `${name}-add-on-objects`,
      {
        workload: "gardenos",
        namespace: args.namespace.ready,
        manifests: (home) => [
          ...byHelm,
          ...(monitoring
            ? metricsObjects(home, "gardenos", gardenosMetrics(home, names, gardenos.keysUntil))
            : []),
        ],
      },
      { parent: this },
    );
    if (monitoring) {
      const dashboard = gardenosDashboard(args.namespace.name, names);
      const monitored = { namespace: args.namespace.ready, monitoring: { workload: "gardenos", dashboard } };
      monitorWorkload(name, monitored, { parent: this });
    }
  }
}

const metadata = ({ namespace }: GardenOSArgs, object: string) => ({
  name: object,
  namespace: namespace.ready,
  labels: { ...COMMON_LABELS, ...labelsOf(object) },
});

const programArgsOf = (args: GardenOSArgs): ProgramArgs => ({
  gardenos: args.gardenos,
  environment: args.environment,
  host: args.host,
  siteUrl: args.siteUrl,
  namespace: args.namespace.name,
  database: { host: args.database.host, name: args.database.name },
  users: Object.fromEntries(
    Object.entries(args.database.logins).map(([service, { user }]) => [service, user]),
  ),
  store: {
    endpoint: args.store.endpoint,
    region: args.store.region,
    bucket: args.store.bucket,
    hasOwnCa: args.store.authority !== undefined,
  },
  jobsImage: args.image,
});

function programsOf({ gardenos, scale }: GardenOSArgs, args: ProgramArgs): RenderedProgram[] {
  const of = (service: Service): Scale => {
    const found = scale[service];
    if (!found) throw new Error(`GardenOS' ${service} has no scale`);
    return found;
  };
  return [
    auth(args, of("auth")),
    rest(args, of("authenticator")),
    storage(args, of("storage")),
    ...(gardenos.api ? [api(args, of("api"), gardenos.api)] : []),
    ...(gardenos.agents ? agents(args, of("agents"), gardenos.agents) : []),
  ];
}
