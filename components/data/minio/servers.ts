import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { DriveLayout } from "../../settings";
import { Authority, LIFETIMES } from "../../shared/pki";
import { volumeClaim } from "../../shared/pods";
import { hostOf, LABELS, MINIO, MINIO_NAMESPACE, serverNames } from "./names";
import { driveName, ROOT_VARIABLES, type ServerPodArgs, serverPod } from "./server-pod";

export interface MinioServersArgs
  extends Pick<
    ServerPodArgs,
    "image" | "layout" | "consoleHost" | "cpuMillis" | "memoryMib" | "strictSpread"
  > {
  /** Namespace of object storage, as an output that resolves once its network policies and quota exist. */
  readonly namespace: pulumi.Input<string>;

  /** Name of the cluster; part of the CA's common name. */
  readonly cluster: string;

  /** Increment to reissue the servers' certificate. They reload it without a restart. */
  readonly certificateEpoch: number;

  /** Size of each drive's volume in GiB. A change has no effect on existing drives. */
  readonly volumeGib: number;
  /** StorageClass of the drives' volumes. A change has no effect on existing drives. @default the cluster's default */
  readonly storageClass?: string | undefined;

  /** Whether Pulumi refuses to delete or replace what cannot be recreated. @default false */
  readonly protection?: boolean | undefined;
}

/** Creates MinIO's servers with the Services in front of them, their CA and certificate, and the root user. */
export class MinioServers extends pulumi.ComponentResource {
  /** CA certificate (PEM) with which clients verify the servers; not secret. */
  readonly authority: pulumi.Output<string>;

  /** Names of the Secrets that other pods mount. */
  readonly secrets: { readonly root: pulumi.Output<string>; readonly authority: pulumi.Output<string> };

  /** The root user, which may do everything: for people in an emergency, and for the provisioning job. */
  readonly root: { readonly user: string; readonly password: pulumi.Output<string> };

  /** Depend on this to wait until the servers run. */
  readonly servers: pulumi.Resource;

  constructor(name: string, args: MinioServersArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:minio:MinioServers", name, {}, opts);
    const { layout } = args;
    const child = { parent: this };
    const kept = { parent: this, protect: args.protection ?? false };
    const metadata = (object: string) => ({
      name: object,
      namespace: args.namespace,
      labels: LABELS.servers,
    });

    const account = new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata: metadata(MINIO.serviceAccount), automountServiceAccountToken: false },
      child,
    );
    const { result: password } = new random.RandomPassword(
      `${name}-root-password`,
      { length: 40, special: false },
      kept,
    );
    this.root = { user: "trellis-root", password };
    const root = new k8s.core.v1.Secret(
      `${name}-root`,
      {
        metadata: metadata(MINIO.rootSecret),
        stringData: { [ROOT_VARIABLES.user]: this.root.user, [ROOT_VARIABLES.password]: password },
      },
      child,
    );

    const authority = new Authority(
      `${name}-authority`,
      {
        commonName: `${args.cluster}-minio-ca`,
        lifetime: LIFETIMES.authority,
        protection: args.protection,
      },
      child,
    );
    this.authority = authority.certificate;
    const pair = authority.issue("servers", {
      subject: { commonName: MINIO.api },
      uses: ["server_auth", "client_auth"], // a server is a client of its peers
      dnsNames: serverNames(),
      addresses: ["127.0.0.1"],
      lifetime: LIFETIMES.workload,
      epoch: args.certificateEpoch,
    });
    const certificate = new k8s.core.v1.Secret(
      `${name}-certificate`,
      {
        metadata: metadata(MINIO.certificateSecret),
        type: "kubernetes.io/tls",
        stringData: { "ca.crt": this.authority, "tls.crt": pair.cert, "tls.key": pair.key },
      },
      child,
    );
    const known = new k8s.core.v1.Secret(
      `${name}-known-authority`,
      { metadata: metadata(MINIO.authoritySecret), stringData: { "ca.crt": this.authority } },
      child,
    );
    this.secrets = { root: root.metadata.name, authority: known.metadata.name };

    this.services(name, metadata);
    if (layout.pods > 1) {
      new k8s.policy.v1.PodDisruptionBudget(
        `${name}-disruption`,
        {
          metadata: metadata(MINIO.statefulSet),
          spec: { maxUnavailable: 1, selector: { matchLabels: LABELS.servers } },
        },
        child,
      );
    }

    this.servers = new k8s.apps.v1.StatefulSet(
      `${name}-set`,
      {
        metadata: metadata(MINIO.statefulSet),
        spec: {
          serviceName: MINIO.headless,
          replicas: layout.pods,
          // Start all servers at once, because none becomes ready before most of its peers run. A new release still
          // replaces one server after the other, and waits for each.
          podManagementPolicy: "Parallel",
          minReadySeconds: layout.pods > 1 ? 10 : 0, // time for its peers to see its drives again
          selector: { matchLabels: LABELS.servers },
          persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
          volumeClaimTemplates: drives(args),
          template: serverPod({
            ...args,
            rootSecret: root.metadata.name,
            certificateSecret: certificate.metadata.name,
          }),
        },
      },
      // Kubernetes rejects changes to the claims of a StatefulSet. To enlarge a drive, change its own claim.
      { ...kept, dependsOn: account, ignoreChanges: ["spec.volumeClaimTemplates"] },
    );
    this.registerOutputs({});
  }

  private services(name: string, metadata: (object: string) => k8s.types.input.meta.v1.ObjectMeta): void {
    const { ports } = MINIO;
    const service = (
      purpose: string,
      object: k8s.types.input.meta.v1.ObjectMeta,
      spec: k8s.types.input.core.v1.ServiceSpec,
    ) =>
      new k8s.core.v1.Service(
        `${name}-${purpose}`,
        {
          // Pulumi would wait for a ready pod behind the Service, and there is none before the servers are declared.
          metadata: { ...object, annotations: { ...object.annotations, "pulumi.com/skipAwait": "true" } },
          spec: { selector: LABELS.servers, ...spec },
        },
        { parent: this },
      );
    const api = { name: "api", port: ports.api };
    const console = { name: "console", port: ports.console };

    service(
      "headless",
      { ...metadata(MINIO.headless), labels: LABELS.peers },
      {
        clusterIP: "None",
        publishNotReadyAddresses: true, // servers must resolve each other before they are ready
        ports: [api, console],
      },
    );
    service("api", metadata(MINIO.api), { ports: [api] });
    service(
      "console",
      { ...metadata(MINIO.console), annotations: TLS_FROM_THE_INGRESS },
      {
        ports: [console],
      },
    );
  }
}

/** Name of the ServersTransport with which Traefik connects to the console; add-on-objects.ts declares it. */
export const SERVERS_TRANSPORT = MINIO.console;

/** Host name that Traefik verifies in the certificate, whichever pod's address it connects to. */
export const CONSOLE_SERVER_NAME = hostOf(MINIO.console);

const TLS_FROM_THE_INGRESS = {
  "traefik.ingress.kubernetes.io/service.serversscheme": "https",
  "traefik.ingress.kubernetes.io/service.serverstransport": `${MINIO_NAMESPACE}-${SERVERS_TRANSPORT}@kubernetescrd`,
};

function drives({ layout, volumeGib, storageClass }: MinioServersArgs & { readonly layout: DriveLayout }) {
  return Array.from({ length: layout.drivesPerPod }, (_, number) =>
    volumeClaim({ name: driveName(number), labels: LABELS.servers, size: `${volumeGib}Gi`, storageClass }),
  );
}
