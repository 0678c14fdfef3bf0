import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { inlineChart, RETRIES } from "../../cluster";
import { readQuorum, type Settings, writeQuorum } from "../../settings";
import { ingressAnnotations } from "../../shared/pods";
import { versions } from "../../shared/versions";
import { addOnObjects, METRICS_TOKEN_KEY } from "./add-on-objects";
import { metricsToken } from "./metrics-token";
import { hostOf, LABELS, MINIO, MINIO_NAMESPACE, REGION } from "./names";
import { Provisioning } from "./provisioning";
import { MinioServers, type MinioServersArgs } from "./servers";
import { METRICS_USER, userOf } from "./specification";

/** What an application needs to use its bucket. */
export interface ObjectStoreAccess {
  /** URL of the S3 endpoint. */
  readonly endpoint: pulumi.Input<string>;
  /** Region that S3 requests are signed for. */
  readonly region: typeof REGION;
  /** Name of the bucket. */
  readonly bucket: pulumi.Input<string>;
  /** Access key id. */
  readonly accessKey: pulumi.Input<string>;
  /** Secret access key. */
  readonly secretKey: pulumi.Input<string>;
  /** CA certificate (PEM); in no system trust store. */
  readonly authority: pulumi.Input<string>;
}

export interface MinIOArgs extends Omit<MinioServersArgs, "image"> {
  /** Image of the servers. @default the pinned release of pgsty/silo */
  readonly image?: string | undefined;

  /** The jobs image, which creates the buckets and users; its entrypoint is `jobs`. */
  readonly jobsImage: pulumi.Input<string>;

  /** The private buckets, by name, with their versioning and expiry. */
  readonly buckets: Settings["minio"]["buckets"];
  /**
   * The applications, by name: each gets a user that may use its own buckets alone. Increment `epoch` for a new secret
   * key.
   */
  readonly applications: Settings["minio"]["applications"];

  /** Annotations that make cert-manager issue the certificate of the console's Ingress. @default none */
  readonly certificateAnnotations?: Readonly<Record<string, string>>;

  /** Whether Prometheus runs in the cluster. Without it there is no alert on object storage. */
  readonly monitoring: boolean;
}

/**
 * Creates S3 object storage: MinIO's servers, private buckets and one user for each application. With a host name it
 * also exposes the console to people; with monitoring it adds metrics and alerts.
 */
export class MinIO extends pulumi.ComponentResource {
  /** URL of the S3 endpoint for clients in the cluster. */
  readonly endpoint: pulumi.Output<string>;

  /** CA certificate (PEM) of the servers' certificate; not secret. */
  readonly authority: pulumi.Output<string>;

  /** Access by application; `bucket` is the first of the application's buckets. */
  readonly access: Readonly<Record<string, ObjectStoreAccess>>;

  /** URL of the console; undefined without `consoleHost`. */
  readonly console: pulumi.Output<string> | undefined;
  /** The root user, which may do everything: for people, in an emergency. */
  readonly root: MinioServers["root"];

  /** Depend on this to wait until the buckets and users exist. */
  readonly made: pulumi.Resource;

  constructor(name: string, args: MinIOArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:minio:MinIO", name, {}, opts);
    const { namespace, buckets, applications, layout } = args;
    const child = { parent: this };
    this.endpoint = pulumi.output(`https://${hostOf(MINIO.api)}:${MINIO.ports.api}`);
    this.console = args.consoleHost ? pulumi.output(`https://${args.consoleHost}`) : undefined;

    const image = args.image ?? `docker.io/pgsty/silo:${versions.minio.version}`;
    const servers = new MinioServers(`${name}-servers`, { ...args, image }, child);
    this.authority = servers.authority;
    this.root = servers.root;

    const provisioning = new Provisioning(
      `${name}-provisioning`,
      {
        namespace,
        buckets,
        applications,
        image: args.jobsImage,
        rootSecret: servers.secrets.root,
        authoritySecret: servers.secrets.authority,
      },
      { parent: this, dependsOn: servers.servers },
    );
    this.made = provisioning.made;
    const { secretKeys } = provisioning;
    this.access = Object.fromEntries(
      Object.entries(applications).map(([application, { buckets: own }]) => [
        application,
        {
          endpoint: this.endpoint,
          region: REGION,
          bucket: own[0] ?? "",
          accessKey: userOf(application),
          secretKey: secretKeyOf(secretKeys, userOf(application)),
          authority: this.authority,
        },
      ]),
    );

    if (args.consoleHost) this.ingress(name, args, args.consoleHost);
    if (args.monitoring) {
      new k8s.core.v1.Secret(
        `${name}-metrics`,
        {
          metadata: { name: MINIO.metricsSecret, namespace, labels: LABELS.servers },
          stringData: {
            [METRICS_TOKEN_KEY]: secretKeyOf(secretKeys, METRICS_USER).apply((key) =>
              metricsToken(METRICS_USER, key),
            ),
          },
        },
        child,
      );
    }
    const chart = addOnObjects({
      console: args.consoleHost !== undefined,
      monitoring: args.monitoring,
      quorums: { read: readQuorum(layout), write: writeQuorum(layout) },
    });
    if (chart.manifests.length > 0) {
      new k8s.apiextensions.CustomResource(
        `${name}-add-on-objects`,
        {
          apiVersion: "helm.cattle.io/v1",
          kind: "HelmChart",
          metadata: { name: chart.name, namespace: "kube-system" },
          spec: { ...RETRIES, chartContent: inlineChart(chart), targetNamespace: MINIO_NAMESPACE },
        },
        child,
      );
    }
    this.registerOutputs({ endpoint: this.endpoint });
  }

  /**
   * Exposes the console only. S3 clients run in the cluster, and nothing outside may reach the buckets except through
   * the console.
   */
  private ingress(name: string, { namespace, certificateAnnotations }: MinIOArgs, consoleHost: string): void {
    const service = { name: MINIO.console, port: { name: "console" } };
    new k8s.networking.v1.Ingress(
      `${name}-console`,
      {
        metadata: {
          name: MINIO.console,
          namespace,
          labels: LABELS.servers,
          annotations: ingressAnnotations(certificateAnnotations),
        },
        spec: {
          ingressClassName: "traefik",
          tls: [{ hosts: [consoleHost], secretName: `${MINIO.console}-tls` }],
          rules: [
            { host: consoleHost, http: { paths: [{ path: "/", pathType: "Prefix", backend: { service } }] } },
          ],
        },
      },
      { parent: this },
    );
  }
}

function secretKeyOf(keys: Provisioning["secretKeys"], user: string): pulumi.Output<string> {
  const key = keys[user];
  if (!key) throw new Error(`there is no key for ${user}`);
  return key;
}
