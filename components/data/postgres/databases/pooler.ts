import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { digest } from "../../../shared/digest";
import { restrictedContainer, restrictedPod, SCRATCH, serviceHost } from "../../../shared/pods";
import { secretVolume } from "../job-pod";
import { LABELS, POSTGRES } from "../names";
import { POSTGRES_USER } from "../paths";
import type { Credential } from "./application-databases";
import { POOLER_PLACES, POOLER_STATS_USER, poolerConfig, poolerUsers } from "./pooler-config";
import { poolerExporter, STATS_PASSWORD } from "./pooler-exporter";
import type { DatabaseSettings } from "./specification";

export interface PoolerArgs {
  /** PostgreSQL's namespace. */
  readonly namespace: pulumi.Input<string>;
  /** The members' image, which contains PgBouncer. */
  readonly image: pulumi.Input<string>;
  /** The logins that the poolers accept, with their passwords. */
  readonly credentials: readonly Credential[];
  /** Name of the Secret with the server's certificate, which the poolers present too. */
  readonly serverCertificate: pulumi.Input<string>;
  /** Digest of the certificate; a change rolls the poolers. */
  readonly certificateDigest: pulumi.Input<string>;
  /** The jobs image, for the exporter. @default none: Prometheus does not run in the cluster */
  readonly exporter?: pulumi.Input<string> | undefined;
  /** The databases; the poolers share half of the sessions of each. */
  readonly databases: DatabaseSettings;
}

const REPLICAS = 2;

/**
 * A PgBouncer that is told to stop serves the sessions that it has until their clients end them; what is left after this
 * time is cut. Pools of clients replace idle sessions within it.
 */
const DRAIN_SECONDS = 120;

/** Creates two PgBouncers in front of the leader, so that many short transactions share few sessions. */
export class Pooler extends pulumi.ComponentResource {
  constructor(name: string, args: PoolerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:postgres:Pooler", name, {}, opts);
    const metadata = { name: POSTGRES.pooler, namespace: args.namespace, labels: LABELS.pooler };
    const stats = args.exporter !== undefined ? this.statsPassword(name) : undefined;
    const config = this.config(name, args, { metadata, stats });
    const account = this.account(name, metadata);
    this.service(name, metadata);
    this.deployment(name, metadata, {
      template: poolerPod(args, config.digest),
      dependsOn: [account, config.secret],
    });
    this.disruptionBudget(name, metadata);
    if (args.exporter !== undefined && stats !== undefined) {
      poolerExporter(
        name,
        { ...args, image: args.exporter, statsPassword: stats, config: config.secret.metadata.name },
        { parent: this, dependsOn: [account, config.secret] },
      );
    }
    this.registerOutputs({});
  }

  /** The Secret with PgBouncer's configuration and logins, and the digest of both. */
  private config(
    name: string,
    { namespace, credentials, databases }: PoolerArgs,
    { metadata, stats }: { readonly metadata: Metadata; readonly stats: pulumi.Output<string> | undefined },
  ) {
    const users = pulumi
      .all([
        ...credentials.map(({ user, password }) => pulumi.output({ user, password })),
        ...(stats ? [pulumi.output({ user: POOLER_STATS_USER, password: stats })] : []),
      ])
      .apply(poolerUsers);
    const config = serviceHost(POSTGRES.primary, namespace).apply((leader) =>
      poolerConfig({ leader, databases, replicas: REPLICAS, monitoring: stats !== undefined }),
    );
    const secret = new k8s.core.v1.Secret(
      `${name}-config`,
      {
        metadata,
        stringData: {
          "pgbouncer.ini": config,
          "userlist.txt": users,
          ...(stats && { [STATS_PASSWORD]: stats }),
        },
      },
      { parent: this },
    );
    // Safe to publish: half a digest over 40 random characters does not reveal them.
    return {
      secret,
      digest: pulumi.unsecret(pulumi.all([config, users]).apply((texts) => digest(texts.join("")))),
    };
  }

  private statsPassword(name: string): pulumi.Output<string> {
    return new random.RandomPassword(
      `${name}-stats-password`,
      { length: 40, special: false }, // needs no escaping in the file of logins
      { parent: this },
    ).result;
  }

  private account(name: string, metadata: Metadata): pulumi.Resource {
    return new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata, automountServiceAccountToken: false },
      { parent: this },
    );
  }

  private service(name: string, metadata: Metadata): void {
    const port = POSTGRES.ports.postgres;
    new k8s.core.v1.Service(
      `${name}-service`,
      { metadata, spec: { selector: LABELS.pooler, ports: [{ name: "postgres", port }] } },
      { parent: this },
    );
  }

  private deployment(
    name: string,
    metadata: Metadata,
    {
      template,
      dependsOn,
    }: {
      readonly template: k8s.types.input.core.v1.PodTemplateSpec;
      readonly dependsOn: pulumi.Resource[];
    },
  ): void {
    new k8s.apps.v1.Deployment(
      `${name}-deployment`,
      { metadata, spec: { replicas: REPLICAS, selector: { matchLabels: LABELS.pooler }, template } },
      { parent: this, dependsOn },
    );
  }

  private disruptionBudget(name: string, metadata: Metadata): void {
    new k8s.policy.v1.PodDisruptionBudget(
      `${name}-disruption`,
      { metadata, spec: { maxUnavailable: 1, selector: { matchLabels: LABELS.pooler } } },
      { parent: this },
    );
  }
}

type Metadata = k8s.types.input.meta.v1.ObjectMeta;

function poolerPod(
  { image, serverCertificate, certificateDigest }: PoolerArgs,
  configDigest: pulumi.Input<string>,
): k8s.types.input.core.v1.PodTemplateSpec {
  return {
    metadata: {
      labels: LABELS.pooler,
      annotations: {
        "trellis/config-digest": configDigest,
        "trellis/certificate-digest": certificateDigest,
      },
    },
    spec: {
      serviceAccountName: POSTGRES.pooler,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      priorityClassName: "trellis-data",
      terminationGracePeriodSeconds: DRAIN_SECONDS,
      securityContext: restrictedPod(POSTGRES_USER),
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "kubernetes.io/hostname",
          whenUnsatisfiable: "ScheduleAnyway",
          labelSelector: { matchLabels: LABELS.pooler },
        },
      ],
      containers: [
        {
          name: "pgbouncer",
          image,
          command: ["/usr/sbin/pgbouncer", `${POOLER_PLACES.config}/pgbouncer.ini`],
          ports: [{ name: "postgres", containerPort: POSTGRES.ports.postgres }],
          securityContext: restrictedContainer,
          resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "128Mi" } },
          readinessProbe: { tcpSocket: { port: "postgres" }, periodSeconds: 5 },
          livenessProbe: { tcpSocket: { port: "postgres" }, periodSeconds: 10, timeoutSeconds: 5 },
          // It takes no new session once it stops, so the pod must be gone from the endpoints before.
          lifecycle: { preStop: { sleep: { seconds: 5 } } },
          volumeMounts: [
            { name: "config", mountPath: POOLER_PLACES.config, readOnly: true },
            { name: "certificate", mountPath: POOLER_PLACES.certificates, readOnly: true },
            SCRATCH.mount,
          ],
        },
      ],
      volumes: [
        secretVolume("config", POSTGRES.pooler),
        secretVolume("certificate", serverCertificate),
        SCRATCH.volume,
      ],
    },
  };
}
