import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  ARCHIVE_CONFIG_FILE,
  ARCHIVE_SERVER_CONFIG_FILE,
  type ArchiveConfigArgs,
  type ArchiveServerArgs,
  archiveConfig,
  archiveServerConfig,
  type RecoveryTarget,
  repositoryVariables,
} from "../../../components/data/postgres";
import type { TlsMinio } from "../minio/tls";
import { postgresUser } from "../postgres/user";

/** The name of the cluster in the archive, which is its scope. */
export const STANZA = "trellis";

/** What the servers beside the members listen at; each pod has an address of its own, here each has a port. */
export const SERVER_PORT = 8432;

/**
 * What Debian's pgBackRest 2.45 has otherwise than the release of the image, on top of the rendered configuration: it can
 * take a backup from a replica or not, but not as it comes; and blocks are still on trial there.
 */
const OF_THIS_RELEASE = { PGBACKREST_BACKUP_STANDBY: "y", PGBACKREST_BETA: "y" };

export interface ArchiveOfTest {
  readonly store: TlsMinio;
  readonly bucket: string;
  readonly passphrase: string;
  readonly recoverTo?: RecoveryTarget;
}

/** What members, backups and recoveries are rendered from alike. */
function configOf(archive: ArchiveOfTest, folder: string, seat: ArchiveConfigArgs["seat"]): string {
  return archiveConfig({
    stanza: STANZA,
    repositories: [
      {
        endpoint: archive.store.endpoint,
        region: "us-east-1",
        bucket: archive.bucket,
        addressing: "path",
        authorityFile: join(folder, "store.crt"),
        keepFull: 4,
        keepDifferential: 14,
      },
    ],
    queueBytes: 4 * 2 ** 30,
    processes: 2,
    spool: join(folder, "spool"),
    locks: join(folder, "locks"),
    seat,
  });
}

/** The variables that the pods get from the Secret. */
export function keysOf({ store, passphrase }: ArchiveOfTest): Record<string, string> {
  const names = repositoryVariables(1);
  return {
    [names.accessKey]: store.accessKey,
    [names.secretKey]: store.secretKey,
    [names.cipherPass]: passphrase,
    ...OF_THIS_RELEASE,
  };
}

/** Lays down pgbackrest.conf and what it names; answers its path. */
export function layDownArchive(
  archive: ArchiveOfTest,
  folder: string,
  group: number,
  seat: ArchiveConfigArgs["seat"],
): string {
  for (const each of ["", "spool", "locks"]) {
    mkdirSync(join(folder, each), { recursive: true });
    chownSync(join(folder, each), postgresUser(), group);
  }
  writeFileSync(join(folder, "store.crt"), archive.store.authority);
  const path = join(folder, ARCHIVE_CONFIG_FILE);
  writeFileSync(path, configOf(archive, folder, seat));
  return path;
}

/** Lays down what the server beside a member reads; answers its path. */
export function layDownArchiveServer(
  folder: string,
  { data, sockets, port, serverPort }: MemberSeen,
  certificates: ArchiveServerArgs["certificates"],
): string {
  const path = join(folder, ARCHIVE_SERVER_CONFIG_FILE);
  const text = archiveServerConfig({
    stanza: STANZA,
    member: { data, sockets, port },
    server: { address: "127.0.0.1", port: serverPort },
    certificates,
    locks: join(folder, "locks"),
  });
  writeFileSync(path, text);
  return path;
}

export interface MemberSeen {
  readonly data: string;
  readonly sockets: string;
  readonly port: number;
  readonly serverPort: number;
}
