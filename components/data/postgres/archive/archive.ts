import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { recordArtefact } from "../../../shared/artefacts";
import { digest } from "../../../shared/digest";
import { hostOf, LABELS, memberName, POSTGRES } from "../names";
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

export interface ArchiveArgs {
  /** The bucket in the cluster, and the CA certificate (PEM) that signed its server's certificate. */
  readonly store: ArchiveStore & { readonly authority: pulumi.Input<string> };

  /** A second bucket, off the cluster, which survives the loss of the cluster. @default none */
  readonly offsite?: ArchiveStore | undefined;

  /** The client certificate with which backups read the members' data; its common name is BACKUP_CLIENT. */
  readonly client: pulumi.Output<{ readonly cert: string; readonly key: string }>;

  /**
   * Bootstraps a new cluster from the archive as of this moment. An existing cluster ignores it.
   * @default none: a new cluster is empty
   */
  readonly recoverTo?: RecoveryTarget | undefined;

  /** Whether Prometheus runs in the cluster. Without it there is no alert on the archive. */
  readonly monitoring: boolean;
}

/** Full backups are weekly, so recovery reaches back four weeks in the cluster, and twice as long off it. */
const KEPT = {
  inside: { keepFull: 4, keepDifferential: 14 },
  offsite: { keepFull: 8, keepDifferential: 14 },
} as const;

/** The share of a volume that WAL may use while no store answers. The rest is for the growth of the data. */
const QUEUE_SHARE = 0.4;

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

  constructor(
    name: string,
    args: ArchiveArgs & {
      readonly namespace: pulumi.Input<string>;
      readonly stanza: string;
      readonly replicas: number;
      readonly volumeGib: number;
      readonly protection?: boolean | undefined;
    },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("trellis:postgres:Archive", name, {}, opts);
    const { namespace, stanza, store, offsite } = args;
    const metadata = (object: string) => ({ name: object, namespace, labels: LABELS.archive });
    const stores = [store, ...(offsite ? [offsite] : [])];
    this.repositories = stores.length;
    this.queueBytes = Math.floor(args.volumeGib * 2 ** 30 * QUEUE_SHARE);
    // Create both, with or without an off-site store. A passphrase removed from the state would return as another one,
    // and nothing could decrypt the old archive.
    const passphrase = (repository: number) =>
      pulumi.secret(
        new random.RandomPassword(
          `${name}-passphrase-${repository}`,
          { length: 48, special: false },
          { parent: this, protect: args.protection ?? false },
        ).result,
      );
    this.passphrases = [passphrase(1), passphrase(2)];

    const keys = pulumi.all(stores.map((each, index) => keysOf(each, this.passphrases[index], index + 1)));
    const secret = new k8s.core.v1.Secret(
      `${name}-keys`,
      {
        metadata: metadata("postgres-archive-keys"),
        stringData: keys.apply((each) => Object.assign({}, ...each) as Record<string, string>),
      },
      { parent: this },
    );

    const shared = pulumi.all([repositoryOf(store), offsite && repositoryOf(offsite)]).apply(
      ([inside, outside]): Pick<ArchiveConfigArgs, "repositories"> => ({
        repositories: [
          {
            ...inside,
            ...KEPT.inside,
            addressing: "path",
            authorityFile: ARCHIVE_PATHS.authority,
          },
          ...(outside ? [{ ...outside, ...KEPT.offsite, addressing: "host" as const }] : []),
        ],
      }),
    );
    const configOf = (
      object: string,
      seat: ArchiveConfigArgs["seat"],
      further: Readonly<Record<string, string>> = {},
    ): MemberArchive => {
      const config = shared.apply(({ repositories }) =>
        archiveConfig({
          stanza,
          repositories,
          seat,
          queueBytes: this.queueBytes,
          processes: PROCESSES,
          spool: ARCHIVE_PATHS.spool,
          locks: ARCHIVE_PATHS.locks,
        }),
      );
      recordArtefact(this, `postgres/${seat.kind}/${ARCHIVE_CONFIG_FILE}`, config);
      const { metadata: made } = new k8s.core.v1.ConfigMap(
        `${name}-${seat.kind}`,
        {
          metadata: metadata(object),
          data: { [ARCHIVE_CONFIG_FILE]: config, "store.crt": store.authority, ...further },
        },
        { parent: this },
      );
      return {
        configMap: made.name,
        keys: secret.metadata.name,
        // Safe to publish: half a digest over random characters does not reveal them.
        digest: pulumi.unsecret(
          pulumi
            .all([config, store.authority, keys])
            .apply(([text, authority, all]) => digest(text + authority + JSON.stringify([all, further]))),
        ),
        offsite: offsite !== undefined,
      };
    };
    const server = POSTGRES.ports.pgbackrest;
    const member = { data: PATHS.data, sockets: PATHS.sockets, port: POSTGRES.ports.postgres };
    const serverConfig = archiveServerConfig({
      stanza,
      member,
      server: { address: "0.0.0.0", port: server },
      certificates: certificates(PATHS.serverCertificates),
      locks: ARCHIVE_PATHS.locks,
    });
    recordArtefact(this, `postgres/member/${ARCHIVE_SERVER_CONFIG_FILE}`, serverConfig);
    this.member = configOf(
      "postgres-archive-member",
      { kind: "member", ...member },
      { [ARCHIVE_SERVER_CONFIG_FILE]: serverConfig },
    );
    this.backups = configOf("postgres-archive-backup", {
      kind: "backup",
      members: Array.from({ length: args.replicas }, (_, ordinal) => ({
        host: `${memberName(ordinal)}.${hostOf(POSTGRES.headless)}`,
        serverPort: server,
        ...member,
      })),
      certificates: certificates(ARCHIVE_PATHS.clientCertificates),
    });
    this.archiving = {
      stanza,
      closeGap: ARCHIVE_PATHS.closeGap,
      data: PATHS.data,
      recoverTo: args.recoverTo,
    };
    this.registerOutputs({});
  }
}

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
