import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { NODE_PORTS } from "../../../shared/address-plan";
import { recordArtefact } from "../../../shared/artefacts";
import { digest } from "../../../shared/digest";
import { serviceHost, volumeClaim } from "../../../shared/pods";
import type { Archiving, MemberArchive } from "../archive";
import { PASSWORD_VARIABLES } from "../logins";
import { LABELS, memberName, POSTGRES } from "../names";
import { PATHS } from "../paths";
import type { TrustedPair } from "../trusted-pair";
import { memberPod } from "./member-pod";
import type { MembersArgs } from "./members-args";
import { dynamicConfiguration, type PatroniArgs, patroniConfig } from "./patroni-config";

export interface PostgresClusterArgs extends MembersArgs {
  /** Image with PostgreSQL, Patroni and pgBackRest. */
  readonly image: pulumi.Input<string>;

  /** Where WAL is archived to. @default none */
  readonly archive?:
    | {
        /** The members' configuration and keys. */
        readonly member: MemberArchive;
        /** Patroni's part of the archive's configuration. */
        readonly archiving: Archiving;
      }
    | undefined;
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
    const { etcd, certificate, archive } = args;
    const account = this.account(name, args);
    this.secrets = {
      passwords: this.passwords(name, args),
      serverCertificate: this.certificate(`${name}-certificate`, POSTGRES.serverCertificate, {
        namespace: args.namespace,
        trusted: certificate,
      }),
      etcdCertificate: this.certificate(`${name}-etcd`, "postgres-etcd", {
        namespace: args.namespace,
        trusted: { authority: etcd.authority, pair: etcd.certificate },
      }),
    };
    this.certificateDigest = pulumi
      .all([certificate.pair.cert, etcd.certificate.cert])
      .apply((certificates) => digest(certificates.join()));
    this.dynamicConfiguration = dynamicConfiguration({
      memoryMib: args.memoryMib,
      synchronous: args.synchronous,
      failover: args.failover,
      parameters: args.parameters,
      archiving: archive?.archiving,
    });
    const config = this.config(name, args);
    this.headless(name, args);
    if (args.nodePorts) this.nodePorts(name, args);
    this.disruptionBudget(name, args);
    this.members = this.statefulSet(name, args, { account, config });
    this.registerOutputs({ secrets: this.secrets, certificateDigest: this.certificateDigest });
  }

  private account(name: string, { namespace }: PostgresClusterArgs): pulumi.Resource {
    return new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata: metadataOf(namespace, POSTGRES.serviceAccount), automountServiceAccountToken: false },
      { parent: this },
    );
  }

  private passwords(
    name: string,
    { namespace, etcd, protection }: PostgresClusterArgs,
  ): pulumi.Output<string> {
    const password = (whose: string) =>
      new random.RandomPassword(
        `${name}-${whose}`,
        { length: 40, special: false },
        { parent: this, protect: protection ?? false },
      ).result;
    return new k8s.core.v1.Secret(
      `${name}-passwords`,
      {
        metadata: metadataOf(namespace, "postgres-passwords"),
        stringData: {
          [PASSWORD_VARIABLES.superuser]: password("superuser"),
          [PASSWORD_VARIABLES.replication]: password("replication"),
          [PASSWORD_VARIABLES.rewind]: password("rewind"),
          [PASSWORD_VARIABLES.rest]: password("rest"),
          ...(etcd.password && { [PASSWORD_VARIABLES.etcd]: etcd.password }),
        },
      },
      { parent: this },
    ).metadata.name;
  }

  private certificate(
    name: string,
    object: string,
    { namespace, trusted }: { readonly namespace: pulumi.Input<string>; readonly trusted: TrustedPair },
  ): pulumi.Output<string> {
    const { authority, pair } = trusted;
    return new k8s.core.v1.Secret(
      name,
      {
        metadata: metadataOf(namespace, object),
        type: "kubernetes.io/tls",
        stringData: { "ca.crt": authority, "tls.crt": pair.cert, "tls.key": pair.key },
      },
      { parent: this },
    ).metadata.name;
  }

  /** The ConfigMap with patroni.yml, by name and digest. */
  private config(name: string, args: PostgresClusterArgs): MembersConfig {
    const config = pulumi
      .all([args.etcd.hosts, args.servers, serviceHost(POSTGRES.headless, args.namespace)])
      .apply(([etcd, servers, serverName]) =>
        patroniConfig(configuration(args, { etcd, servers, serverName })),
      );
    recordArtefact(this, "postgres/patroni.yml", config);
    const { metadata } = new k8s.core.v1.ConfigMap(
      `${name}-config`,
      { metadata: metadataOf(args.namespace, "patroni"), data: { "patroni.yml": config } },
      { parent: this },
    );
    return { name: metadata.name, digest: config.apply(digest) };
  }

  /** The headless Service, which gives each member its own DNS name. */
  private headless(name: string, { namespace }: PostgresClusterArgs): void {
    const { ports } = POSTGRES;
    new k8s.core.v1.Service(
      `${name}-headless`,
      {
        metadata: metadataOf(namespace, POSTGRES.headless),
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
  private nodePorts(name: string, { namespace, replicas }: PostgresClusterArgs): void {
    const { ports } = POSTGRES;
    for (let ordinal = 0; ordinal < replicas; ordinal++) {
      new k8s.core.v1.Service(
        `${name}-member-${ordinal}`,
        {
          metadata: metadataOf(namespace, `${memberName(ordinal)}-node`),
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

  private disruptionBudget(name: string, { namespace }: PostgresClusterArgs): void {
    new k8s.policy.v1.PodDisruptionBudget(
      `${name}-disruption`,
      {
        metadata: metadataOf(namespace, "postgres"),
        spec: { maxUnavailable: 1, selector: { matchLabels: LABELS.members } },
      },
      { parent: this },
    );
  }

  private statefulSet(
    name: string,
    args: PostgresClusterArgs,
    { account, config }: { readonly account: pulumi.Resource; readonly config: MembersConfig },
  ): pulumi.Resource {
    return new k8s.apps.v1.StatefulSet(
      `${name}-members`,
      {
        metadata: metadataOf(args.namespace, POSTGRES.statefulSet),
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
            image: args.image,
            configMap: config.name,
            configDigest: config.digest,
            passwords: this.secrets.passwords,
            serverCertificate: this.secrets.serverCertificate,
            etcdCertificate: this.secrets.etcdCertificate,
            certificateDigest: this.certificateDigest,
            cpuMillis: args.cpuMillis,
            memoryMib: args.memoryMib,
            guaranteed: args.guaranteed ?? false,
            failover: args.failover ?? "standard",
            strictSpread: args.strictSpread,
            archive: args.archive?.member,
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

/** The ConfigMap with patroni.yml. */
interface MembersConfig {
  /** Name of the ConfigMap. */
  readonly name: pulumi.Output<string>;
  /** Digest of patroni.yml. */
  readonly digest: pulumi.Output<string>;
}

const metadataOf = (namespace: pulumi.Input<string>, name: string) => ({
  name,
  namespace,
  labels: LABELS.members,
});

function configuration(
  args: PostgresClusterArgs,
  { etcd, servers, serverName }: Pick<PatroniArgs, "etcd" | "servers" | "serverName">,
): PatroniArgs {
  const certificates = (folder: string) => ({
    authority: `${folder}/ca.crt`,
    certificate: `${folder}/tls.crt`,
    key: `${folder}/tls.key`,
  });
  return {
    scope: args.scope,
    serverName,
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
    failover: args.failover,
    parameters: args.parameters,
    dataDirectory: PATHS.data,
    socketDirectory: PATHS.sockets,
    programs: PATHS.programs,
    archiving: args.archive?.archiving,
  };
}
