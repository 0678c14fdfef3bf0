import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  type ArchiveConfigArgs,
  type Archiving,
  archiveConfig,
  archiveServerConfig,
  patroniConfig,
} from "../../../../../components/data/postgres";

const certificates = { authority: "/tls/ca.crt", certificate: "/tls/tls.crt", key: "/tls/tls.key" };
const ARGS: ArchiveConfigArgs = {
  stanza: "trellis",
  repositories: [
    {
      endpoint: "https://minio-api.storage.svc.cluster.local:9000",
      region: "us-east-1",
      bucket: "postgres-archive",
      addressing: "path",
      authorityFile: "/etc/pgbackrest/store.crt",
      keepFull: 4,
      keepDifferential: 14,
    },
    {
      endpoint: "https://fsn1.your-objectstorage.com",
      region: "fsn1",
      bucket: "acme-backups",
      addressing: "host",
      keepFull: 8,
      keepDifferential: 14,
    },
  ],
  queueBytes: 4_294_967_296,
  processes: 2,
  spool: "/spool",
  locks: "/tmp/pgbackrest",
  seat: {
    kind: "member",
    data: "/data",
    sockets: "/sockets",
    port: 5432,
  },
};

const option = (text: string, name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1];

describe("pgbackrest.conf", () => {
  it("encrypts every repository and holds no secret", () => {
    const text = archiveConfig(ARGS);
    for (const repository of ["repo1", "repo2"]) {
      expect(option(text, `${repository}-cipher-type`)).toBe("aes-256-cbc");
      expect(option(text, `${repository}-storage-verify-tls`)).toBeUndefined(); // the default is to verify
    }
    expect(text).not.toMatch(/cipher-pass|s3-key/);
  });

  it("finds the store in the cluster by path and by our authority, the one off it as the world does", () => {
    const text = archiveConfig(ARGS);
    expect(option(text, "repo1-s3-endpoint")).toBe("minio-api.storage.svc.cluster.local");
    expect(option(text, "repo1-storage-port")).toBe("9000");
    expect(option(text, "repo1-s3-uri-style")).toBe("path");
    expect(option(text, "repo1-storage-ca-file")).toBe("/etc/pgbackrest/store.crt");
    expect(option(text, "repo2-storage-port")).toBeUndefined();
    expect(option(text, "repo2-storage-ca-file")).toBeUndefined();
  });

  it("bounds the log that waits, so that a store that is away never fills the disk", () => {
    expect(option(archiveConfig(ARGS), "archive-push-queue-max")).toBe("4294967296");
  });

  it("opens a member's server to one client alone, for this cluster alone", () => {
    const text = archiveServerConfig({
      stanza: "trellis",
      member: { data: "/data", sockets: "/sockets", port: 5432 },
      server: { address: "0.0.0.0", port: 8432 },
      certificates,
      locks: "/tmp/pgbackrest",
    });
    expect(option(text, "tls-server-auth")).toBe("pgbackrest=trellis");
    expect(text).not.toContain("repo"); // it would need the passphrase of each repository that it names
  });

  it("names all members to a backup, whoever leads", () => {
    const member = (ordinal: number) => ({
      host: `postgres-${ordinal}`,
      serverPort: 8432,
      data: "/data",
      sockets: "/sockets",
      port: 5432,
    });
    const text = archiveConfig({
      ...ARGS,
      seat: { kind: "backup", members: [0, 1, 2].map(member), certificates },
    });
    expect([1, 2, 3].map((index) => option(text, `pg${index}-host`))).toEqual([
      "postgres-0",
      "postgres-1",
      "postgres-2",
    ]);
    expect(text.match(/-host-type=tls/g)).toHaveLength(3);
    expect(text).not.toContain("tls-server");
  });
});

describe("patroni.yml with an archive", () => {
  const archiving: Archiving = { stanza: "trellis", closeGap: "/lib/gap.py", data: "/data" };
  const rendered = (further: Partial<Archiving> | undefined) =>
    parse(
      patroniConfig({
        scope: "trellis",
        serverName: "postgres",
        etcd: ["10.0.1.10:2379"],
        certificates: { etcd: certificates, server: certificates },
        pods: ["10.42.0.0/16"],
        servers: ["10.0.1.10/32"],
        memoryMib: 1024,
        synchronous: true,
        dataDirectory: "/data",
        socketDirectory: "/sockets",
        programs: "/programs",
        archiving: further && { ...archiving, ...further },
      }),
    );

  it("archives each segment, a quiet one within half of the minute that may be lost", () => {
    const { parameters, recovery_conf } = rendered({}).bootstrap.dcs.postgresql;
    expect(parameters).toMatchObject({
      archive_mode: "on",
      archive_command: 'pgbackrest --stanza=trellis archive-push "%p"',
    });
    expect(parameters.archive_timeout).toBeLessThanOrEqual(30);
    expect(recovery_conf.restore_command).toBe('timeout 15 pgbackrest --stanza=trellis archive-get %f "%p"');
  });

  it("makes replicas from the archive, and from the leader where that fails", () => {
    const { postgresql } = rendered({});
    expect(postgresql.create_replica_methods).toEqual(["pgbackrest", "basebackup"]);
    expect(postgresql.callbacks.on_role_change).toBe(
      "/usr/bin/python3 /lib/gap.py pgbackrest --stanza=trellis /data",
    );
  });

  it("begins empty, unless it is told to begin with what the archive held", () => {
    expect(rendered({}).bootstrap).not.toHaveProperty("method");
    const { method, archive } = rendered({ recoverTo: "2026-11-21T11:00:00+01:00" }).bootstrap;
    expect(method).toBe("archive");
    expect(archive.command).toContain('"--target=2026-11-21 10:00:00.000+00"');
    expect(rendered({ recoverTo: "latest" }).bootstrap.archive.command).not.toContain("--target=");
  });

  it("says nothing of an archive where there is none", () => {
    const text = JSON.stringify(rendered(undefined));
    expect(text).not.toMatch(/archive|pgbackrest|restore_command/);
  });
});
