import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { Authority, type KeyPair, LIFETIMES } from "../../shared/pki";
import { volumeClaim } from "../../shared/pods";
import { LABELS, MINIO, serverNames } from "./names";
import { driveName, ROOT_VARIABLES, type ServerSizing, serverPod } from "./server-pod";

/** Arguments that object storage hands on to its servers. */
export interface ServersArgs extends ServerSizing {
  /** Namespace of object storage, as an output that resolves once its network policies and quota exist. */
  readonly namespace: pulumi.Input<string>;

  /** Name of the cluster; part of the CA's common name. */
  readonly cluster: string;

  /** Increment to reissue the servers' certificate. They reload it without a restart. */
  readonly certificateEpoch: number;

  /** Size of each drive's volume in GiB. A larger one grows existing drives where their class can. */
  readonly volumeGib: number;
  /** Whether volumes of this class can grow. @default unknown before it is tried */
  readonly volumesGrow?: boolean | undefined;
  /** StorageClass of the drives' volumes. A change has no effect on existing drives. @default the cluster's default */
  readonly storageClass?: string | undefined;

  /** Whether Pulumi refuses to delete or replace what cannot be recreated. @default false */
  readonly protection?: boolean | undefined;
}

export interface MinioServersArgs extends ServersArgs {
  /** Image of the servers. */
  readonly image: pulumi.Input<string>;
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
    const account = this.account(name, args);
    this.root = this.rootUser(name, args);
    const root = this.rootSecret(name, args);
    const { authority, pair } = this.certificate(name, args);
    this.authority = authority;
    const certificate = this.certificateSecret(name, args, pair);
    this.secrets = { root, authority: this.authoritySecret(name, args) };
    this.services(name, args);
    if (args.layout.pods > 1) this.disruptionBudget(name, args);
    this.servers = this.statefulSet(name, args, { account, root, certificate });
    this.registerOutputs({ authority: this.authority, secrets: this.secrets, root: this.root });
  }

  private account(name: string, { namespace }: MinioServersArgs): pulumi.Resource {
    return new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata: metadataOf(namespace, MINIO.serviceAccount), automountServiceAccountToken: false },
      { parent: this },
    );
  }

  private rootUser(name: string, { protection }: MinioServersArgs): MinioServers["root"] {
    const { result: password } = new random.RandomPassword(
      `${name}-root-password`,
      { length: 40, special: false },
      { parent: this, protect: protection ?? false },
    );
    return { user: "trellis-root", password };
  }

  private rootSecret(name: string, { namespace }: MinioServersArgs): pulumi.Output<string> {
    return new k8s.core.v1.Secret(
      `${name}-root`,
      {
        metadata: metadataOf(namespace, MINIO.rootSecret),
        stringData: {
          [ROOT_VARIABLES.user]: this.root.user,
          [ROOT_VARIABLES.password]: this.root.password,
        },
      },
      { parent: this },
    ).metadata.name;
  }

  /** The servers' certificate, with the CA certificate that verifies it. */
  private certificate(name: string, { namespace, cluster, certificateEpoch, protection }: MinioServersArgs) {
    const authority = new Authority(
      `${name}-authority`,
      { commonName: `${cluster}-minio-ca`, lifetime: LIFETIMES.authority, protection },
      { parent: this },
    );
    const pair = authority.issue("servers", {
      subject: { commonName: MINIO.api },
      uses: ["server_auth", "client_auth"], // a server is a client of its peers
      dnsNames: pulumi.output(namespace).apply(serverNames),
      addresses: ["127.0.0.1"],
      lifetime: LIFETIMES.workload,
      epoch: certificateEpoch,
    });
    return { authority: authority.certificate, pair };
  }

  private certificateSecret(
    name: string,
    { namespace }: MinioServersArgs,
    { cert, key }: pulumi.Output<KeyPair>,
  ): pulumi.Output<string> {
    return new k8s.core.v1.Secret(
      `${name}-certificate`,
      {
        metadata: metadataOf(namespace, MINIO.certificateSecret),
        type: "kubernetes.io/tls",
        stringData: { "ca.crt": this.authority, "tls.crt": cert, "tls.key": key },
      },
      { parent: this },
    ).metadata.name;
  }

  /** The Secret with the CA certificate alone, for clients. */
  private authoritySecret(name: string, { namespace }: MinioServersArgs): pulumi.Output<string> {
    return new k8s.core.v1.Secret(
      `${name}-known-authority`,
      {
        metadata: metadataOf(namespace, MINIO.authoritySecret),
        stringData: { "ca.crt": this.authority },
      },
      { parent: this },
    ).metadata.name;
  }

  private services(name: string, { namespace }: MinioServersArgs): void {
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
      { ...metadataOf(namespace, MINIO.headless), labels: LABELS.peers },
      {
        clusterIP: "None",
        publishNotReadyAddresses: true, // servers must resolve each other before they are ready
        ports: [api, console],
      },
    );
    service("api", metadataOf(namespace, MINIO.api), { ports: [api] });
    service(
      "console",
      { ...metadataOf(namespace, MINIO.console), annotations: tlsFromTheIngress(namespace) },
      {
        ports: [console],
      },
    );
  }

  private disruptionBudget(name: string, { namespace }: MinioServersArgs): void {
    new k8s.policy.v1.PodDisruptionBudget(
      `${name}-disruption`,
      {
        metadata: metadataOf(namespace, MINIO.statefulSet),
        spec: { maxUnavailable: 1, selector: { matchLabels: LABELS.servers } },
      },
      { parent: this },
    );
  }

  private statefulSet(
    name: string,
    args: MinioServersArgs,
    { account, root, certificate }: ServersParts,
  ): pulumi.Resource {
    const { namespace, layout } = args;
    return new k8s.apps.v1.StatefulSet(
      `${name}-set`,
      {
        metadata: metadataOf(namespace, MINIO.statefulSet),
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
            namespace: args.namespace,
            image: args.image,
            layout,
            consoleHost: args.consoleHost,
            corsOrigins: args.corsOrigins,
            cpuMillis: args.cpuMillis,
            memoryMib: args.memoryMib,
            strictSpread: args.strictSpread,
            rootSecret: root,
            certificateSecret: certificate,
          }),
        },
      },
      // Kubernetes rejects changes to the claims of a StatefulSet; VolumeGrowth changes the claims themselves.
      {
        parent: this,
        protect: args.protection ?? false,
        dependsOn: account,
        ignoreChanges: ["spec.volumeClaimTemplates"],
      },
    );
  }
}

/** What the servers' pods run as and mount. */
interface ServersParts {
  /** The service account. */
  readonly account: pulumi.Resource;
  /** Name of the Secret with the root user and its password. */
  readonly root: pulumi.Input<string>;
  /** Name of the Secret with the servers' certificate. */
  readonly certificate: pulumi.Input<string>;
}

const metadataOf = (namespace: pulumi.Input<string>, name: string) => ({
  name,
  namespace,
  labels: LABELS.servers,
});

/** Name of the ServersTransport with which Traefik connects to the console; minio.ts declares it. */
export const SERVERS_TRANSPORT = MINIO.console;

const tlsFromTheIngress = (namespace: pulumi.Input<string>) => ({
  "traefik.ingress.kubernetes.io/service.serversscheme": "https",
  "traefik.ingress.kubernetes.io/service.serverstransport": pulumi.interpolate`${namespace}-${SERVERS_TRANSPORT}@kubernetescrd`,
});

function drives({ layout, volumeGib, storageClass }: ServersArgs) {
  return Array.from({ length: layout.drivesPerPod }, (_, number) =>
    volumeClaim({ name: driveName(number), labels: LABELS.servers, size: `${volumeGib}Gi`, storageClass }),
  );
}
