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

/** What an application needs to come to its bucket. */
export interface ObjectStoreAccess {
  readonly endpoint: pulumi.Input<string>;
  readonly region: typeof REGION;
  readonly bucket: pulumi.Input<string>;
  readonly accessKey: pulumi.Input<string>;
  readonly secretKey: pulumi.Input<string>;
  /** CA certificate (PEM); in no system trust store. */
  readonly authority: pulumi.Input<string>;
}

export interface MinIOArgs extends Omit<MinioServersArgs, "image"> {
  /** The servers' image. @default the pinned release of pgsty/silo */
  readonly image?: string | undefined;

  /** The job image. */
  readonly jobsImage: pulumi.Input<string>;

  /** The buckets, each private, and the applications that come to them. */
  readonly buckets: Settings["minio"]["buckets"];
  readonly applications: Settings["minio"]["applications"];

  /** The annotations by which the console's ingress gets its certificate. @default none */
  readonly certificateAnnotations?: Readonly<Record<string, string>>;

  /** Whether there is a Prometheus to collect and to alert. */
  readonly monitoring: boolean;
}

/** Object storage: its servers, private buckets with one user an application, a console for people, metrics. */
export class MinIO extends pulumi.ComponentResource {
  /** Where S3 clients in the cluster find it. */
  readonly endpoint: pulumi.Output<string>;

  /** The authority of its certificate, in PEM; no secret. */
  readonly authority: pulumi.Output<string>;

  /** By application; the bucket is the first of its own. */
  readonly access: Readonly<Record<string, ObjectStoreAccess>>;

  /** Where people find it, if it has a name, and who may do everything there. */
  readonly console: pulumi.Output<string> | undefined;
  readonly root: MinioServers["root"];

  /** For what needs its bucket. */
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

  /** The console alone: S3 clients live in the cluster, and nothing outside may reach the buckets past it. */
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
