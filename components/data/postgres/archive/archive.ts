import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { recordArtefact } from "../../../shared/artefacts";
import { digest } from "../../../shared/digest";
import { hostOf, secretVariable } from "../../../shared/pods";
import { LABELS, memberName, POSTGRES } from "../names";
import { PATHS } from "../paths";
import {
  ARCHIVE_CONFIG_FILE,
  ARCHIVE_SERVER_CONFIG_FILE,
  type ArchiveConfigArgs,
  type Archiving,
  archiveConfig,
  archiveServerConfig,
  type RecoveryTarget,
  type Repository,
  repositoryVariables,
} from "./archive-config";
import { ARCHIVE_PATHS, type MemberArchive } from "./archive-pods";

/** An S3 bucket with its keys. */
export interface ArchiveStore {
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
}

/** The repositories, and whether a new cluster starts from them. */
interface ArchiveRepositories {
  /** The first bucket, and the CA certificate (PEM) of its store. @default for the CA: the system's */
  readonly store: ArchiveStore & { readonly authority?: pulumi.Input<string> | undefined };

  /** A second bucket, off the cluster, which survives the loss of the cluster. @default none */
  readonly offsite?: ArchiveStore | undefined;

  /**
   * Bootstraps a new cluster from the archive as of this moment. An existing cluster ignores it.
   * @default none: a new cluster is empty
   */
  readonly recoverTo?: RecoveryTarget | undefined;
}

/** When the archive's checks run, and when an alert says that they have not. */
export interface ArchiveChecks {
  /** Cron expression (UTC) of the verification of every file. */
  readonly verify: string;
  /** Cron expression (UTC) of the recovery of a random moment. */
  readonly drill: string;
  /** Days after which the last check of either kind is too old. */
  readonly maxAgeDays: number;
}

/** PostgreSQL's arguments for its archive. */
export interface PostgresArchiveArgs extends ArchiveRepositories {
  /** When the archive is verified and a recovery is tried. @default never */
  readonly checks?: ArchiveChecks | undefined;

  /** The client certificate with which backups read the members' data; its common name is BACKUP_CLIENT. */
  readonly client: pulumi.Output<{ readonly cert: string; readonly key: string }>;

  /**
   * Finished WAL in GiB that a leader keeps while no store answers. Each member's volume has this size beside that of the
   * data. More rides out a longer outage; beyond it WAL is dropped and the archive has a gap.
   */
  readonly queueGib: number;

  /** Whether Prometheus runs in the cluster. Without it there is no alert on the archive. */
  readonly monitoring: boolean;
}

export interface ArchiveArgs extends ArchiveRepositories {
  /** PostgreSQL's namespace. */
  readonly namespace: pulumi.Input<string>;

  /** Name of the cluster in the repositories. */
  readonly stanza: string;

  /** Number of members. Pods that make backups know each by its host name. */
  readonly replicas: number;

  /** Finished WAL in GiB that a leader keeps while no store answers. Beyond it WAL is dropped and the archive has a gap. */
  readonly queueGib: number;

  /** Whether Pulumi refuses to delete or replace the passphrases. @default false */
  readonly protection?: boolean | undefined;
}

/** Full backups are weekly, so recovery reaches back four weeks in the cluster, and twice as long off it. */
const KEPT = {
  inside: { keepFull: 4, keepDifferential: 14 },
  offsite: { keepFull: 8, keepDifferential: 14 },
} as const;

/** How many processes compress and send WAL segments. A small server has two cores. */
const PROCESSES = 2;

/**
 * Creates the configuration and keys of the archive's repositories, for the members and for the pods that make base
 * backups.
 */
export class Archive extends pulumi.ComponentResource {
  /** The members' configuration and keys. */
  readonly member: MemberArchive;
  /** Configuration and keys of the pods that make backups over the network. */
  readonly backups: MemberArchive;
  /** Patroni's part of the archive's configuration. */
  readonly archiving: Archiving;
  /** Where the archive's checks record how they ended: variables of their pods, and of the exporter's. */
  readonly records: k8s.types.input.core.v1.EnvVar[];
  /** How many repositories there are. */
  readonly repositories: number;
  /** Bytes of finished WAL that a leader keeps while no store answers. */
  readonly queueBytes: number;
  /**
   * Passphrases that decrypt the repository in the cluster and the one off it; secret. Keep a copy outside of the
   * cluster. Both always exist, so that a second store that returns is read with the passphrase that it was written
   * with.
   */
  readonly passphrases: readonly [pulumi.Output<string>, pulumi.Output<string>];

  constructor(name: string, args: ArchiveArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:postgres:Archive", name, {}, opts);
    const { stanza, store, offsite, recoverTo } = args;
    const stores = [store, ...(offsite ? [offsite] : [])];
    this.repositories = stores.length;
    this.queueBytes = args.queueGib * 2 ** 30;
    this.passphrases = this.passphrasesOf(name, args.protection);
    const keys = this.keys(name, args, stores);
    this.records = recordsIn(store, keys.secret);
    this.member = this.memberArchive(name, args, keys);
    this.backups = this.backupArchive(name, args, keys);
    this.archiving = { stanza, closeGap: ARCHIVE_PATHS.closeGap, data: PATHS.data, recoverTo };
    this.registerOutputs({
      repositories: this.repositories,
      queueBytes: this.queueBytes,
      passphrases: this.passphrases,
    });
  }

  /**
   * Both passphrases, with or without an off-site store. A passphrase removed from the state would return as another
   * one, and nothing could decrypt the old archive.
   */
  private passphrasesOf(name: string, protection: boolean | undefined): Archive["passphrases"] {
    const passphrase = (repository: number) =>
      pulumi.secret(
        new random.RandomPassword(
          `${name}-passphrase-${repository}`,
          { length: 48, special: false },
          { parent: this, protect: protection ?? false },
        ).result,
      );
    return [passphrase(1), passphrase(2)];
  }

  /** The Secret with the keys and passphrases of all repositories. */
  private keys(name: string, { namespace }: ArchiveArgs, stores: readonly ArchiveStore[]): RepositoryKeys {
    const values = pulumi
      .all(stores.map((store, index) => keysOf(store, this.passphrases[index], index + 1)))
      .apply((each) => each.map((keys): Readonly<Record<string, string>> => keys));
    const { metadata } = new k8s.core.v1.Secret(
      `${name}-keys`,
      {
        metadata: { name: "postgres-archive-keys", namespace, labels: LABELS.archive },
        stringData: values.apply((each) => Object.assign({}, ...each) as Record<string, string>),
      },
      { parent: this },
    );
    return { secret: metadata.name, values };
  }

  private memberArchive(name: string, args: ArchiveArgs, keys: RepositoryKeys): MemberArchive {
    const serverConfig = archiveServerConfig({
      stanza: args.stanza,
      member: MEMBER,
      server: { address: "0.0.0.0", port: POSTGRES.ports.pgbackrest },
      certificates: certificates(PATHS.serverCertificates),
      locks: ARCHIVE_PATHS.locks,
    });
    recordArtefact(this, `postgres/member/${ARCHIVE_SERVER_CONFIG_FILE}`, serverConfig);
    return this.configuration(name, args, {
      object: "postgres-archive-member",
      kind: "member",
      seat: () => ({ kind: "member", ...MEMBER }),
      keys,
      further: { [ARCHIVE_SERVER_CONFIG_FILE]: serverConfig },
    });
  }

  private backupArchive(name: string, args: ArchiveArgs, keys: RepositoryKeys): MemberArchive {
    const members = (namespace: string) =>
      Array.from({ length: args.replicas }, (_, ordinal) => ({
        host: hostOf(`${memberName(ordinal)}.${POSTGRES.headless}`, namespace),
        serverPort: POSTGRES.ports.pgbackrest,
        ...MEMBER,
      }));
    return this.configuration(name, args, {
      object: "postgres-archive-backup",
      kind: "backup",
      seat: (namespace) => ({
        kind: "backup",
        members: members(namespace),
        certificates: certificates(ARCHIVE_PATHS.clientCertificates),
      }),
      keys,
      further: {},
    });
  }

  /** The ConfigMap with pgbackrest.conf for one kind of pod. */
  private configuration(
    name: string,
    { namespace, stanza, store, offsite }: ArchiveArgs,
    { object, kind, seat, keys, further }: ConfigurationArgs,
  ): MemberArchive {
    const config = pulumi.all([repositoriesOf(store, offsite), namespace]).apply(([repositories, home]) =>
      archiveConfig({
        stanza,
        repositories,
        seat: seat(home),
        queueBytes: this.queueBytes,
        processes: PROCESSES,
        spool: ARCHIVE_PATHS.spool,
        locks: ARCHIVE_PATHS.locks,
      }),
    );
    recordArtefact(this, `postgres/${kind}/${ARCHIVE_CONFIG_FILE}`, config);
    const { metadata } = new k8s.core.v1.ConfigMap(
      `${name}-${kind}`,
      {
        metadata: { name: object, namespace, labels: LABELS.archive },
        data: { [ARCHIVE_CONFIG_FILE]: config, "store.crt": store.authority ?? "", ...further },
      },
      { parent: this },
    );
    return {
      configMap: metadata.name,
      keys: keys.secret,
      // Safe to publish: half a digest over random characters does not reveal them.
      digest: pulumi.unsecret(
        pulumi
          .all([config, store.authority ?? "", keys.values])
          .apply(([text, authority, all]) => digest(text + authority + JSON.stringify([all, further]))),
      ),
      offsite: offsite !== undefined,
      queueBytes: this.queueBytes,
    };
  }
}

/** Beside the repository, whose folder has the name of the cluster. */
const RECORDS_PREFIX = "trellis-checks/";

function recordsIn(
  store: ArchiveRepositories["store"],
  secret: pulumi.Input<string>,
): k8s.types.input.core.v1.EnvVar[] {
  const names = repositoryVariables(1);
  return [
    { name: "ARCHIVE_S3_ENDPOINT", value: store.endpoint },
    { name: "ARCHIVE_S3_REGION", value: store.region },
    { name: "ARCHIVE_S3_BUCKET", value: store.bucket },
    { name: "ARCHIVE_S3_PREFIX", value: RECORDS_PREFIX },
    secretVariable("ARCHIVE_S3_ACCESS_KEY_ID", secret, names.accessKey),
    secretVariable("ARCHIVE_S3_SECRET_ACCESS_KEY", secret, names.secretKey),
    ...(store.authority ? [{ name: "NODE_EXTRA_CA_CERTS", value: ARCHIVE_PATHS.authority }] : []),
  ];
}

/** The keys of all repositories, as values and in their Secret. */
interface RepositoryKeys {
  /** Name of the Secret. */
  readonly secret: pulumi.Output<string>;
  /** The keys of each repository, by the variable from which pgBackRest reads them; secret. */
  readonly values: pulumi.Output<Readonly<Record<string, string>>[]>;
}

interface ConfigurationArgs {
  /** Name of the ConfigMap. */
  readonly object: string;
  /** Which pods read the configuration. */
  readonly kind: ArchiveConfigArgs["seat"]["kind"];
  /** The part of the configuration for these pods, in their namespace. */
  readonly seat: (namespace: string) => ArchiveConfigArgs["seat"];
  /** The keys of the repositories. */
  readonly keys: RepositoryKeys;
  /** Files beside pgbackrest.conf, by name. */
  readonly further: Readonly<Record<string, string>>;
}

/** Where each member has its data and its socket, and its port. */
const MEMBER = { data: PATHS.data, sockets: PATHS.sockets, port: POSTGRES.ports.postgres };

function keysOf(store: ArchiveStore, passphrase: pulumi.Input<string> | undefined, index: number) {
  const names = repositoryVariables(index);
  return pulumi
    .all([store.accessKey, store.secretKey, passphrase ?? ""])
    .apply(([accessKey, secretKey, cipherPass]) => ({
      [names.accessKey]: accessKey,
      [names.secretKey]: secretKey,
      [names.cipherPass]: cipherPass,
    }));
}

function repositoriesOf(store: ArchiveRepositories["store"], offsite: ArchiveStore | undefined) {
  return pulumi
    .all([repositoryOf(store), offsite && repositoryOf(offsite)])
    .apply(([inside, outside]): ArchiveConfigArgs["repositories"] => [
      {
        ...inside,
        ...KEPT.inside,
        addressing: "path",
        ...(store.authority && { authorityFile: ARCHIVE_PATHS.authority }),
      },
      ...(outside ? [{ ...outside, ...KEPT.offsite, addressing: "host" as const }] : []),
    ]);
}

function repositoryOf({ endpoint, region, bucket }: ArchiveStore) {
  return pulumi.output({ endpoint, region, bucket }) satisfies pulumi.Output<
    Pick<Repository, "endpoint" | "region" | "bucket">
  >;
}

const certificates = (folder: string) => ({
  authority: `${folder}/ca.crt`,
  certificate: `${folder}/tls.crt`,
  key: `${folder}/tls.key`,
});
