import { afterAll, beforeAll, expect, it } from "vitest";
import type { KubernetesObject } from "../../../../../cli/shared/kubernetes-objects";
import { SCRATCH_SETTINGS } from "../../../../../components/data/backup/drill-pod";
import { makeBackupLogins } from "../../../../../jobs/postgres/bootstrap/backup-logins";
import { withDatabase } from "../../../../../jobs/shared";
import { type BackupRig, startBackupRig } from "../../../../rigs/backup/backup-rig";
import { backupObjects } from "../../../../rigs/backup/component";
import { query } from "../../../../rigs/backup/sample-database";
import { type ObjectStoreStandIn, startObjectStoreStandIn } from "../../../../rigs/minio/object-store";
import { PASSWORD, type PostgresServer, startPostgres } from "../../../../rigs/postgres/postgres";
import { describeWith } from "../../../../rigs/programs";

const BACKUP_PASSWORD = "the-password-of-backups";

/** What the test reads of a CronJob; its shape is Kubernetes', which the schemas' test has judged. */
interface CronJob {
  readonly spec: {
    readonly jobTemplate: {
      readonly spec: {
        readonly template: {
          readonly spec: {
            readonly containers: readonly [
              {
                readonly args: readonly string[];
                readonly env: readonly {
                  readonly name: string;
                  readonly value?: string;
                  readonly valueFrom?: { readonly secretKeyRef?: { readonly key: string } };
                }[];
              },
            ];
          };
        };
      };
    };
  };
}

describeWith(["initdb", "pg_dump", "pg_restore", "zstd"], "the rendered CronJobs, run as they stand", () => {
  let rig: BackupRig;
  let scratch: PostgresServer;
  let store: ObjectStoreStandIn;
  let offsite: ObjectStoreStandIn;
  let objects: KubernetesObject[];

  beforeAll(async () => {
    [rig, scratch, store, offsite, objects] = await Promise.all([
      startBackupRig(),
      startPostgres({ release: "debian", settings: SCRATCH_SETTINGS }),
      startObjectStoreStandIn(),
      startObjectStoreStandIn("example-offsite"),
      backupObjects({ databases: ["crm"] }),
    ]);
    const leader = { host: "127.0.0.1", port: rig.server.port, database: "postgres", user: "postgres" };
    await withDatabase(
      { ...leader, password: PASSWORD, sslmode: "prefer", certificateAuthority: undefined },
      { purpose: "the leader", applicationName: "test" },
      (open) =>
        makeBackupLogins(open, { logins: [{ epoch: 1, passwordFile: "" }] }, ["crm"], () => BACKUP_PASSWORD),
    );
  });
  afterAll(async () => {
    await Promise.all([rig?.stop(), scratch?.stop(), store?.stop(), offsite?.stop()]);
  });

  /** The rendered value of a key, in whichever Secret it is. */
  const secretOf = (key: string) =>
    objects
      .filter(({ kind }) => kind === "Secret")
      .map(
        ({ manifest }) => (manifest as unknown as { stringData?: Record<string, string> }).stringData?.[key],
      ) // Kubernetes' shape
      .find((value) => value !== undefined);

  /** What the cluster would look up, and what differs between it and loopback: addresses, and TLS. */
  function environmentOf(
    env: CronJob["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["env"],
  ) {
    const keys: Record<string, string | undefined> = {
      ...store.environment("BACKUP_S3"),
      ...offsite.environment("BACKUP_OFFSITE"),
      BACKUP_SERVER_PASSWORD: BACKUP_PASSWORD,
      POSTGRES_PASSWORD: PASSWORD,
      PATRONI_SUPERUSER_PASSWORD: PASSWORD,
      BACKUP_OFFSITE_RECIPIENT: secretOf("BACKUP_OFFSITE_RECIPIENT"),
      BACKUP_S3_IDENTITY: secretOf("BACKUP_S3_IDENTITY"),
    };
    const given = Object.fromEntries(
      env.map(({ name, value, valueFrom }) => [
        name,
        value ?? (valueFrom?.secretKeyRef ? keys[valueFrom.secretKeyRef.key] : "postgres") ?? "",
      ]),
    );
    const inPod = given.BACKUP_SERVER_HOST === "127.0.0.1";
    const { BACKUP_SERVER_SSLROOTCERT: _, NODE_EXTRA_CA_CERTS: __, ...rest } = given;
    return {
      ...rest,
      BACKUP_S3_ENDPOINT: store.endpoint,
      ...(given.BACKUP_OFFSITE_ENDPOINT && { BACKUP_OFFSITE_ENDPOINT: offsite.endpoint }),
      BACKUP_SERVER_HOST: "127.0.0.1",
      BACKUP_SERVER_PORT: String(inPod ? scratch.port : rig.server.port),
      BACKUP_SERVER_SSLMODE: "disable",
      BACKUP_PATRONI_URL: "", // the members tell of each other in the cluster alone
    };
  }

  const run = (verb: string, ...words: string[]) => {
    const found = objects.find(({ kind, name }) => kind === "CronJob" && name === `backup-${verb}`);
    if (!found) throw new Error(`there is no CronJob of ${verb}`);
    const { spec } = found.manifest as unknown as CronJob; // its shape is Kubernetes'
    const [{ args, env }] = spec.jobTemplate.spec.template.spec.containers;
    expect(args).toEqual(["backup", verb]);
    return rig.backup(store, [...args.slice(1), ...words].join(" "), environmentOf(env));
  };

  it("make a backup as the login for it, read it back, copy it, try it on a scratch server, and are content", async () => {
    for (const verb of ["create", "verify", "copy", "drill", "prune", "monitor"]) {
      expect(await run(verb), verb).toMatchObject({ error: undefined });
    }
    const keys = [...offsite.objects.keys()];
    expect(keys.some((key) => /^trellis\/backups\/postgres_.*\/manifest\.json$/.test(key))).toBe(true);
    expect(keys.filter((key) => key.endsWith(".zst"))).toEqual([]);
    const there = {
      ...offsite.environment("BACKUP_S3"),
      BACKUP_S3_PREFIX: "trellis/backups/",
      BACKUP_S3_IDENTITY: secretOf("BACKUP_S3_IDENTITY") ?? "",
    };
    expect(await rig.backup(offsite, "verify", there), "with the stack's key").toMatchObject({
      error: undefined,
    });
    const left = "SELECT datname FROM pg_database WHERE datname LIKE 'trellis%'";
    expect(await query(scratch, "postgres", left)).toEqual([]);
  });

  it("restore as the superuser, and nothing that holds something without being told", async () => {
    expect((await run("restore")).error).toMatch(/crm .*is not empty .*--force/);
    expect(await run("restore", "--database", "crm", "--as", "crm_look")).toMatchObject({ error: undefined });
    expect(await rig.databases()).toContain("crm_look");
  });
});
