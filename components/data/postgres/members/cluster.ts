import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { EtcdAccess } from "../../../servers";
import { NODE_PORTS } from "../../../shared/address-plan";
import { recordArtefact } from "../../../shared/artefacts";
import { digest } from "../../../shared/digest";
import { volumeClaim } from "../../../shared/pods";
import type { Archive } from "../archive";
import { PASSWORD_VARIABLES } from "../logins";
import { LABELS, memberName, POSTGRES, POSTGRES_NAMESPACE } from "../names";
import { PATHS } from "../paths";
import type { TrustedPair } from "../trusted-pair";
import { memberPod } from "./member-pod";
import { dynamicConfiguration, type PatroniArgs, patroniConfig } from "./patroni-config";

export interface PostgresClusterArgs {
  /** PostgreSQL's namespace, as an output that resolves once its network policies and quota exist. */
  readonly namespace: pulumi.Input<string>;

  /** Image with PostgreSQL, Patroni and pgBackRest. */
  readonly image: pulumi.Input<string>;

  /** Name of the cluster in etcd. */
  readonly scope: string;

  /** Number of members, the leader included. With one member, nothing takes over when it fails. */
  readonly replicas: number;

  /**
   * Whether a commit waits until a standby has it. With false, commits are faster, and a failover can lose acknowledged
   * rows.
   */
  readonly synchronous: boolean;

  /** Whether two members may never share a server. With true, a pod waits while there are too few servers. */
  readonly strictSpread: boolean;

  /** CPU request of each member, in thousandths of a core. There is no limit. */
  readonly cpuMillis: number;
  /**
   * Memory request and limit of each member in MiB. PostgreSQL's memory parameters and `max_connections` grow with it;
   * a change restarts the members one by one.
   */
  readonly memoryMib: number;

  /**
   * Size of each member's volume in GiB, for data and for WAL that waits for the archive. A change has no effect on
   * existing members.
   */
  readonly volumeGib: number;
  /**
   * StorageClass of the members' volumes. A change has no effect on existing members.
   * @default the cluster's default
   */
  readonly storageClass?: string | undefined;

  /** CIDRs of the pods: of the members, the jobs and the applications. */
  readonly pods: readonly string[];

  /** HAProxy's source CIDRs. Prefer one shared range: otherwise each new server restarts PostgreSQL. */
  readonly servers: pulumi.Input<readonly string[]>;

  /** Whether every server gets a NodePort for each member, through which HAProxy reaches it. */
  readonly nodePorts: boolean;

  /** The etcd that holds Patroni's leader key and configuration. */
  readonly etcd: EtcdAccess;

  /** The certificate that PostgreSQL and the REST API present to clients and to each other. */
  readonly certificate: TrustedPair;

  /** Where WAL is archived to. @default none */
  readonly archive?: Pick<Archive, "member" | "archiving"> | undefined;

  /** Whether Pulumi refuses to delete or replace what cannot be recreated. @default false */
  readonly protection?: boolean | undefined;
}

/**
 * Creates the Patroni members (a StatefulSet) with their configuration, passwords and certificates, and the Services
 * through which each is reached.
 */
export class PostgresCluster extends pulumi.ComponentResource {
  /** Names of the Secrets that other pods mount. */
  readonly secrets: {
    /** Every password, under the variable from which Patroni reads it. */
    readonly passwords: pulumi.Output<string>;
    /** `ca.crt`, `tls.crt` and `tls.key` that the members present. */
    readonly serverCertificate: pulumi.Output<string>;
    /** The same files for a client of etcd. */
    readonly etcdCertificate: pulumi.Output<string>;
  };

  /** Digest of both certificates, with which pods restart on a change. */
  readonly certificateDigest: pulumi.Output<string>;

  /** Patroni's settings that all members share, as stored in etcd. */
  readonly dynamicConfiguration: ReturnType<typeof dynamicConfiguration>;

  /** Depend on this to wait until the members run. */
  readonly members: pulumi.Resource;

  constructor(name: string, args: PostgresClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:postgres:PostgresCluster", name, {}, opts);
    const child = { parent: this };
    const metadata = (object: string) => ({
      name: object,
      namespace: args.namespace,
      labels: LABELS.members,
    });

    const account = new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata: metadata(POSTGRES.serviceAccount), automountServiceAccountToken: false },
      child,
    );
    const passwords = this.passwords(name, args, metadata("postgres-passwords"));
    const serverCertificate = this.certificate(
      `${name}-certificate`,
      args.certificate,
      metadata("postgres-certificate"),
    );
    const etcdCertificate = this.certificate(
      `${name}-etcd`,
      { authority: args.etcd.authority, pair: args.etcd.certificate },
      metadata("postgres-etcd"),
    );
    this.secrets = {
      passwords: passwords.metadata.name,
      serverCertificate: serverCertificate.metadata.name,
      etcdCertificate: etcdCertificate.metadata.name,
    };
    this.certificateDigest = pulumi
      .all([args.certificate.pair.cert, args.etcd.certificate.cert])
      .apply((certificates) => digest(certificates.join()));
    this.dynamicConfiguration = dynamicConfiguration({ ...args, archiving: args.archive?.archiving });
    const config = pulumi
      .all([args.etcd.hosts, args.servers])
      .apply(([etcd, servers]) => patroniConfig(configuration(args, etcd, servers)));
    recordArtefact(this, "postgres/patroni.yml", config);
    const configMap = new k8s.core.v1.ConfigMap(
      `${name}-config`,
      { metadata: metadata("patroni"), data: { "patroni.yml": config } },
      child,
    );

    this.headless(name, metadata);
    if (args.nodePorts) this.nodePorts(name, args.replicas, metadata);
    new k8s.policy.v1.PodDisruptionBudget(
      `${name}-disruption`,
      {
        metadata: metadata("postgres"),
        spec: { maxUnavailable: 1, selector: { matchLabels: LABELS.members } },
      },
      child,
    );

    this.members = new k8s.apps.v1.StatefulSet(
      `${name}-members`,
      {
        metadata: metadata(POSTGRES.statefulSet),
        spec: {
          serviceName: POSTGRES.headless,
          replicas: args.replicas,
          // Start all members at once, because none is ready before one leads, and only some may lead. A new release or
          // configuration still restarts one member after the other, and waits for each.
          podManagementPolicy: "Parallel",
          selector: { matchLabels: LABELS.members },
          persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
          volumeClaimTemplates: [
            volumeClaim({
              name: "data",
              labels: LABELS.members,
              size: `${args.volumeGib}Gi`,
              storageClass: args.storageClass,
            }),
          ],
          template: memberPod({
            ...args,
            namespace: POSTGRES_NAMESPACE,
            configMap: configMap.metadata.name,
            configDigest: config.apply(digest),
            ...this.secrets,
            certificateDigest: this.certificateDigest,
            archive: args.archive?.member,
          }),
        },
      },
      // Kubernetes rejects changes to the claims of a StatefulSet. To enlarge a volume, change its own claim.
      {
        ...child,
        protect: args.protection ?? false,
        dependsOn: account,
        ignoreChanges: ["spec.volumeClaimTemplates"],
      },
    );
    this.registerOutputs({});
  }

  private passwords(
    name: string,
    { etcd, protection }: PostgresClusterArgs,
    metadata: k8s.types.input.meta.v1.ObjectMeta,
  ) {
    const password = (whose: string) =>
      new random.RandomPassword(
        `${name}-${whose}`,
        { length: 40, special: false },
        { parent: this, protect: protection ?? false },
      ).result;
    return new k8s.core.v1.Secret(
      `${name}-passwords`,
      {
        metadata,
        stringData: {
          [PASSWORD_VARIABLES.superuser]: password("superuser"),
          [PASSWORD_VARIABLES.replication]: password("replication"),
          [PASSWORD_VARIABLES.rewind]: password("rewind"),
          [PASSWORD_VARIABLES.rest]: password("rest"),
          ...(etcd.password && { [PASSWORD_VARIABLES.etcd]: etcd.password }),
        },
      },
      { parent: this },
    );
  }

  private certificate(
    name: string,
    { authority, pair }: TrustedPair,
    metadata: k8s.types.input.meta.v1.ObjectMeta,
  ) {
    return new k8s.core.v1.Secret(
      name,
      {
        metadata,
        type: "kubernetes.io/tls",
        stringData: { "ca.crt": authority, "tls.crt": pair.cert, "tls.key": pair.key },
      },
      { parent: this },
    );
  }

  /** The headless Service, which gives each member its own DNS name. */
  private headless(name: string, metadata: (object: string) => k8s.types.input.meta.v1.ObjectMeta): void {
    const { ports } = POSTGRES;
    new k8s.core.v1.Service(
      `${name}-headless`,
      {
        metadata: metadata(POSTGRES.headless),
        spec: {
          clusterIP: "None",
          publishNotReadyAddresses: true, // members must resolve each other before they are ready
          selector: LABELS.members,
          ports: [
            { name: "postgres", port: ports.postgres },
            { name: "patroni", port: ports.rest },
          ],
        },
      },
      { parent: this },
    );
  }

  /** A NodePort Service for each member, for HAProxy: no pod may use a port of the host. */
  private nodePorts(
    name: string,
    replicas: number,
    metadata: (object: string) => k8s.types.input.meta.v1.ObjectMeta,
  ): void {
    const { ports } = POSTGRES;
    for (let ordinal = 0; ordinal < replicas; ordinal++) {
      new k8s.core.v1.Service(
        `${name}-member-${ordinal}`,
        {
          metadata: metadata(`${memberName(ordinal)}-node`),
          spec: {
            type: "NodePort",
            publishNotReadyAddresses: true, // HAProxy's own checks are faster than a readiness probe
            selector: { "statefulset.kubernetes.io/pod-name": memberName(ordinal) },
            ports: [
              { name: "postgres", port: ports.postgres, nodePort: NODE_PORTS.postgres + ordinal },
              { name: "patroni", port: ports.rest, nodePort: NODE_PORTS.patroniRest + ordinal },
            ],
          },
        },
        { parent: this },
      );
    }
  }
}

function configuration(
  args: PostgresClusterArgs,
  etcd: readonly string[],
  servers: readonly string[],
): PatroniArgs {
  const certificates = (folder: string) => ({
    authority: `${folder}/ca.crt`,
    certificate: `${folder}/tls.crt`,
    key: `${folder}/tls.key`,
  });
  return {
    scope: args.scope,
    etcd,
    etcdHasUsers: args.etcd.password !== undefined,
    pods: args.pods,
    servers,
    certificates: {
      etcd: certificates(PATHS.etcdCertificates),
      server: certificates(PATHS.serverCertificates),
    },
    memoryMib: args.memoryMib,
    synchronous: args.synchronous,
    dataDirectory: PATHS.data,
    socketDirectory: PATHS.sockets,
    programs: PATHS.programs,
    archiving: args.archive?.archiving,
  };
}
