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
  /** The namespace, known once its guards stand. */
  readonly namespace: pulumi.Input<string>;

  /** The image with PostgreSQL, Patroni and pgBackRest. */
  readonly image: pulumi.Input<string>;

  /** The cluster's name in etcd. */
  readonly scope: string;

  /** How many members there are. */
  readonly replicas: number;

  /** Whether a commit waits for a replica. */
  readonly synchronous: boolean;

  /** Whether two members may never share a server. */
  readonly strictSpread: boolean;

  /** What each member may use. */
  readonly cpuMillis: number;
  readonly memoryMib: number;

  /** The volume of each member. */
  readonly volumeGib: number;
  readonly storageClass?: string | undefined;

  /** The pods' ranges, where members and applications are. */
  readonly pods: readonly string[];

  /** HAProxy's source CIDRs. Prefer one shared range: otherwise each new server restarts PostgreSQL. */
  readonly servers: pulumi.Input<readonly string[]>;

  /** Whether every server has a port for each member, by which a HAProxy reaches it. */
  readonly nodePorts: boolean;

  /** The etcd that holds Patroni's leader key and configuration. */
  readonly etcd: EtcdAccess;

  /** What PostgreSQL and the REST API show to clients and to each other. */
  readonly certificate: TrustedPair;

  /** Where the log is archived to. @default nowhere */
  readonly archive?: Pick<Archive, "member" | "archiving"> | undefined;

  /** Whether the engine refuses to delete or replace what could not be made again. @default false */
  readonly protection?: boolean | undefined;
}

/** The Patroni members, the services that lead to each of them, and what they may know. */
export class PostgresCluster extends pulumi.ComponentResource {
  /** The Secrets that others mount, by their names. */
  readonly secrets: {
    /** Every password under the variable that Patroni reads it from. */
    readonly passwords: pulumi.Output<string>;
    /** `ca.crt`, `tls.crt` and `tls.key`, as the members show them. */
    readonly serverCertificate: pulumi.Output<string>;
    /** The same for a client of etcd. */
    readonly etcdCertificate: pulumi.Output<string>;
  };

  /** Changes with either certificate, so that pods can follow. */
  readonly certificateDigest: pulumi.Output<string>;

  /** What all members share, as Patroni keeps it in etcd. */
  readonly dynamicConfiguration: ReturnType<typeof dynamicConfiguration>;

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
          // All start at once, since none is ready before one leads, and only some may. A new release or configuration
          // still comes to one member after the other, each awaited.
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
      // Kubernetes forbids to change the claims of a StatefulSet: a larger volume is the volume's own affair.
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

  /** Names for the members among themselves. */
  private headless(name: string, metadata: (object: string) => k8s.types.input.meta.v1.ObjectMeta): void {
    const { ports } = POSTGRES;
    new k8s.core.v1.Service(
      `${name}-headless`,
      {
        metadata: metadata(POSTGRES.headless),
        spec: {
          clusterIP: "None",
          publishNotReadyAddresses: true, // members find each other before they are ready
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

  /** For HAProxy a port of each member: no pod may have one of the host. */
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
            publishNotReadyAddresses: true, // HAProxy judges for itself, sooner than a readiness probe
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
