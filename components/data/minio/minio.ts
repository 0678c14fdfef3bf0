import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { addOnObjects, type Manifest, metricsObjects, monitorWorkload } from "../../cluster";
import { MIRROR_BUCKET, readQuorum, writeQuorum } from "../../settings";
import { pinnedImage } from "../../shared/pinned-image";
import { hostOf, ingressAnnotations, ingressSpec, type LoginIngress, serviceHost } from "../../shared/pods";
import { versions } from "../../shared/versions";
import { VolumeGrowth } from "../volumes";
import { minioDashboard } from "./dashboard";
import { metricsToken } from "./metrics-token";
import { METRICS_TOKEN_KEY, minioMetrics } from "./monitoring";
import { LABELS, MINIO, REGION } from "./names";
import { Provisioning } from "./provisioning";
import { claimName, ROOT_VARIABLES } from "./server-pod";
import { MinioServers, SERVERS_TRANSPORT, type ServersArgs } from "./servers";
import { METRICS_USER, MIRROR_USER, type ProvisionedStorage, userOf } from "./specification";

/** What an application needs to use its bucket. */
export interface ObjectStoreAccess {
  /** URL of the S3 endpoint. */
  readonly endpoint: pulumi.Input<string>;
  /** Region that S3 requests are signed for. */
  readonly region: pulumi.Input<string>;
  /** Name of the bucket. */
  readonly bucket: pulumi.Input<string>;
  /** Access key id. */
  readonly accessKey: pulumi.Input<string>;
  /** Secret access key. */
  readonly secretKey: pulumi.Input<string>;
  /** CA certificate (PEM), where none of the system's CAs issued the store's certificate. @default the system's CAs */
  readonly authority?: pulumi.Input<string> | undefined;
}

/** A store with S3's API that has the platform's buckets: MinIO in the cluster, or another one. */
export interface ObjectStorage extends pulumi.Resource {
  /** URL of the S3 endpoint. */
  readonly endpoint: pulumi.Output<string>;
  /** CA certificate (PEM); not secret. Undefined where the system's CAs vouch for the store. */
  readonly authority: pulumi.Output<string> | undefined;
  /** Access by application; `bucket` is the first of the application's buckets. */
  readonly access: Readonly<Record<string, ObjectStoreAccess>>;
  /** Access of the mirror, which reads `mirrored`; `bucket` is that of its reports. Undefined without `mirrored`. */
  readonly mirror: ObjectStoreAccess | undefined;
  /** The buckets that are copied off the cluster, by their names in the store. */
  readonly mirrored: readonly string[];
  readonly secrets: StoreSecrets;
  /** URL of the console for people; undefined where there is none. */
  readonly console: pulumi.Output<string> | undefined;
  /** The user who may do everything; undefined for a store that is not ours. */
  readonly root: { readonly user: string; readonly password: pulumi.Output<string> } | undefined;
  /** The bearer token that reads the metrics; secret. Undefined for a store that is not ours. */
  readonly metricsToken: pulumi.Output<string> | undefined;
  /** Depend on this to wait until the buckets and keys can be used. */
  readonly made: pulumi.Resource;
}

/** Names of Secrets for pods in the namespace of object storage. */
export interface StoreSecrets {
  /** The keys that write into every bucket. */
  readonly root: {
    readonly name: pulumi.Output<string>;
    readonly keys: { readonly user: string; readonly password: string };
  };
  /** The CA certificate as `ca.crt`. Undefined where the system's CAs vouch for the store. */
  readonly authority: pulumi.Output<string> | undefined;
}

export interface MinIOArgs extends ServersArgs, ProvisionedStorage {
  /** Image of the servers. @default the pinned release of pgsty/silo */
  readonly image?: string | undefined;

  /** The jobs image, which creates the buckets and users; its entrypoint is `jobs`. */
  readonly jobsImage: pulumi.Input<string>;

  /** How the console's Ingress is annotated. @default no annotations, and no Ingress for logins alone */
  readonly ingress?: LoginIngress;

  /** Whether Prometheus runs in the cluster. Without it there is no alert on object storage. */
  readonly monitoring: boolean;
}

/**
 * Creates S3 object storage: MinIO's servers, private buckets and one user for each application. With a host name it
 * also exposes the console to people; with monitoring it adds metrics and alerts.
 */
export class MinIO extends pulumi.ComponentResource implements ObjectStorage {
  /** URL of the S3 endpoint for clients in the cluster. */
  readonly endpoint: pulumi.Output<string>;

  /** CA certificate (PEM) of the servers' certificate; not secret. */
  readonly authority: pulumi.Output<string>;

  /** Access by application; `bucket` is the first of the application's buckets. */
  readonly access: Readonly<Record<string, ObjectStoreAccess>>;

  /** Access of the mirror's user, which reads `mirrored`; `bucket` is that of its reports. Undefined without `mirrored`. */
  readonly mirror: ObjectStoreAccess | undefined;

  /** Names of the buckets that the mirror's user reads. */
  readonly mirrored: readonly string[];

  /** Names of Secrets for pods in the namespace: the root user with its keys, and the CA certificate. */
  readonly secrets: StoreSecrets;

  /** URL of the console; undefined without `consoleHost`. */
  readonly console: pulumi.Output<string> | undefined;
  /** The root user, which may do everything: for people, in an emergency. */
  readonly root: MinioServers["root"];

  /** The bearer token that reads the metrics and nothing else; secret. */
  readonly metricsToken: pulumi.Output<string>;

  /** Depend on this to wait until the buckets and users exist. */
  readonly made: pulumi.Resource;

  constructor(name: string, args: MinIOArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:minio:MinIO", name, {}, opts);
    const { consoleHost } = args;
    this.endpoint = pulumi.interpolate`https://${serviceHost(MINIO.api, args.namespace)}:${MINIO.ports.api}`;
    this.console = consoleHost ? pulumi.output(`https://${consoleHost}`) : undefined;
    const servers = this.servers(name, args);
    this.volumes(name, args, servers);
    this.authority = servers.authority;
    this.root = servers.root;
    const { made, secretKeys } = this.provisioning(name, args, servers);
    this.made = made;
    this.metricsToken = secretKeyOf(secretKeys, METRICS_USER).apply((key) => metricsToken(METRICS_USER, key));
    this.access = this.accessOf(args, secretKeys);
    this.mirrored = args.mirrored ?? [];
    this.mirror = args.mirrored && this.accessBy(MIRROR_USER, MIRROR_BUCKET, secretKeys);
    this.secrets = {
      root: { name: servers.secrets.root, keys: ROOT_VARIABLES },
      authority: servers.secrets.authority,
    };
    if (consoleHost) this.ingress(name, args, consoleHost);
    if (args.monitoring) this.metricsSecret(name, args);
    this.addOnObjects(name, args);
    this.registerOutputs({
      endpoint: this.endpoint,
      authority: this.authority,
      access: this.access,
      console: this.console,
      root: this.root,
    });
  }

  private servers(name: string, args: MinIOArgs): MinioServers {
    return new MinioServers(
      `${name}-servers`,
      {
        image: args.image ?? pinnedImage(versions.minio),
        namespace: args.namespace,
        cluster: args.cluster,
        layout: args.layout,
        consoleHost: args.consoleHost,
        corsOrigins: args.corsOrigins,
        cpuMillis: args.cpuMillis,
        memoryMib: args.memoryMib,
        strictSpread: args.strictSpread,
        certificateEpoch: args.certificateEpoch,
        volumeGib: args.volumeGib,
        storageClass: args.storageClass,
        protection: args.protection,
      },
      { parent: this },
    );
  }

  private volumes(name: string, args: MinIOArgs, { servers }: MinioServers): void {
    const { pods, drivesPerPod } = args.layout;
    const claims = Array.from({ length: pods }, (_, pod) =>
      Array.from({ length: drivesPerPod }, (_, drive) => claimName(drive, pod)),
    ).flat();
    new VolumeGrowth(
      `${name}-volumes`,
      {
        namespace: args.namespace,
        workload: MINIO.statefulSet,
        image: args.jobsImage,
        claims: Object.fromEntries(claims.map((claim) => [claim, args.volumeGib])),
        setting: "minio.volumeGib",
        grows: args.volumesGrow,
      },
      { parent: this, dependsOn: servers },
    );
  }

  private provisioning(
    name: string,
    { namespace, buckets, applications, mirrored, jobsImage }: MinIOArgs,
    { secrets, servers }: MinioServers,
  ): Provisioning {
    return new Provisioning(
      `${name}-provisioning`,
      {
        namespace,
        buckets,
        applications,
        mirrored,
        image: jobsImage,
        endpoint: this.endpoint,
        rootSecret: secrets.root,
        authoritySecret: secrets.authority,
      },
      { parent: this, dependsOn: servers },
    );
  }

  private accessOf({ applications }: MinIOArgs, secretKeys: Provisioning["secretKeys"]): MinIO["access"] {
    return Object.fromEntries(
      Object.entries(applications).map(([application, { buckets, epoch }]) => [
        application,
        this.accessBy(userOf(application, epoch), buckets[0] ?? "", secretKeys),
      ]),
    );
  }

  private accessBy(user: string, bucket: string, secretKeys: Provisioning["secretKeys"]): ObjectStoreAccess {
    return {
      endpoint: this.endpoint,
      region: REGION,
      bucket,
      accessKey: user,
      secretKey: secretKeyOf(secretKeys, user),
      authority: this.authority,
    };
  }

  /**
   * Exposes the console only. S3 clients run in the cluster, and nothing outside may reach the buckets except through
   * the console.
   */
  private ingress(name: string, { namespace, ingress = {} }: MinIOArgs, consoleHost: string): void {
    const { annotations, loginAnnotations } = ingress;
    const target = {
      ingressClassName: "traefik",
      host: consoleHost,
      tlsSecret: `${MINIO.console}-tls`,
      service: { name: MINIO.console, port: "console" },
    };
    new k8s.networking.v1.Ingress(
      `${name}-console`,
      {
        metadata: {
          name: MINIO.console,
          namespace,
          labels: LABELS.servers,
          annotations: ingressAnnotations(annotations),
        },
        spec: ingressSpec(target),
      },
      { parent: this },
    );
    if (!loginAnnotations) return;
    new k8s.networking.v1.Ingress(
      `${name}-console-login`,
      {
        metadata: {
          name: `${MINIO.console}-login`,
          namespace,
          labels: LABELS.servers,
          annotations: ingressAnnotations(loginAnnotations),
        },
        spec: ingressSpec({ ...target, paths: ["/api/v1/login"] }), // where the console checks a password
      },
      { parent: this },
    );
  }

  /** The Secret with the token with which Prometheus reads the metrics. */
  private metricsSecret(name: string, { namespace }: MinIOArgs): void {
    new k8s.core.v1.Secret(
      `${name}-metrics`,
      {
        metadata: { name: MINIO.metricsSecret, namespace, labels: LABELS.servers },
        stringData: { [METRICS_TOKEN_KEY]: this.metricsToken },
      },
      { parent: this },
    );
  }

  /** Traefik's transport to the console, Prometheus' scrape configuration and alerts, and the dashboard. */
  private addOnObjects(name: string, { namespace, consoleHost, monitoring, layout }: MinIOArgs): void {
    if (consoleHost === undefined && !monitoring) return;
    const quorums = { read: readQuorum(layout), write: writeQuorum(layout) };
    addOnObjects(
      `${name}-add-on-objects`,
      {
        workload: WORKLOAD,
        namespace,
        manifests: (home) => [
          ...(consoleHost === undefined ? [] : [consoleTransport(home)]),
          ...(monitoring ? metricsObjects(home, WORKLOAD, minioMetrics(home, quorums)) : []),
        ],
      },
      { parent: this },
    );
    if (monitoring) {
      const dashboard = { workload: WORKLOAD, dashboard: minioDashboard };
      monitorWorkload(name, { namespace, monitoring: dashboard }, { parent: this });
    }
  }
}

/** Names the alert group and the chart with the add-ons' objects. */
const WORKLOAD = "minio";

/** Traefik verifies the console's certificate with our CA. */
const consoleTransport = (namespace: string): Manifest => ({
  apiVersion: "traefik.io/v1alpha1",
  kind: "ServersTransport",
  metadata: { name: SERVERS_TRANSPORT, namespace, labels: LABELS.servers },
  spec: { serverName: hostOf(MINIO.console, namespace), rootCAs: [{ secret: MINIO.authoritySecret }] },
});

function secretKeyOf(keys: Provisioning["secretKeys"], user: string): pulumi.Output<string> {
  const key = keys[user];
  if (!key) throw new Error(`there is no key for ${user}`);
  return key;
}
