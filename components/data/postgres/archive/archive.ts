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

/** A bucket with the keys to it. */
export interface ArchiveStore {
  readonly endpoint: pulumi.Input<string>;
  readonly region: pulumi.Input<string>;
  readonly bucket: pulumi.Input<string>;
  readonly accessKey: pulumi.Input<string>;
  readonly secretKey: pulumi.Input<string>;
}

export interface ArchiveArgs {
  /** The bucket in the cluster, and the authority that signed its server's certificate. */
  readonly store: ArchiveStore & { readonly authority: pulumi.Input<string> };

  /** A second bucket that does not die with the cluster. @default none */
  readonly offsite?: ArchiveStore | undefined;

  /** The certificate by which backups reach the members' data; its common name is BACKUP_CLIENT. */
  readonly client: pulumi.Output<{ readonly cert: string; readonly key: string }>;

  /** Where a cluster that does not exist yet begins: with what the archive holds. @default empty */
  readonly recoverTo?: RecoveryTarget | undefined;

  /** Whether there is a Prometheus to collect and to alert. */
  readonly monitoring: boolean;
}

/** Weekly full backups in the cluster: four weeks of any moment; off it twice as many. */
const KEPT = {
  inside: { keepFull: 4, keepDifferential: 14 },
  offsite: { keepFull: 8, keepDifferential: 14 },
} as const;

/** The share of a volume that the log may take while no store answers; the rest is for the data to grow. */
const QUEUE_SHARE = 0.4;

/** Segments are packed and sent by this many processes; a small server has two cores. */
const PROCESSES = 2;

/** The repositories' configuration and keys, as members and backups read them. */
export class Archive extends pulumi.ComponentResource {
  /** For the members. */
  readonly member: MemberArchive;
  /** For pods that make backups over the network. */
  readonly backups: MemberArchive;
  /** For Patroni. */
  readonly archiving: Archiving;
  /** How many repositories there are. */
  readonly repositories: number;
  readonly queueBytes: number;
  /**
   * What decrypts the repository in the cluster, and the one off it: both, whether or not there is a second store now, so
   * that one that comes back is read with the passphrase that it was written with. To be kept outside of the cluster; secret.
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
    // Both, with or without a store off the cluster: a passphrase that left the state would come back as another one, and
    // nothing could read the old archive.
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
        // Half a digest over random characters tells nothing of them.
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
