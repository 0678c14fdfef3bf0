import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import {
  CLOCKS,
  POSTGRES,
  Postgres,
  type PostgresArchiveArgs,
  type PostgresArgs,
  serverNames,
} from "../../../../../components/data/postgres";
import { NODE_PORTS } from "../../../../../components/shared/address-plan";
import { evaluateStack } from "../../../../rigs/evaluate";
import { namespacesIn } from "../../../../rigs/namespaces";
import { ofKind, type RenderedObject, renderedObjects } from "../../../../rigs/rendered-objects";

const pair = pulumi.output({ cert: "certificate", key: "key" });
const ARGS: PostgresArgs = {
  namespace: "postgres",
  scope: "trellis",
  replicas: 3,
  synchronous: true,
  strictSpread: true,
  cpuMillis: 500,
  memoryMib: 1024,
  volumeGib: 10,
  pods: ["10.42.0.0/16"],
  servers: ["10.0.1.10/32"],
  nodePorts: true,
  etcd: { hosts: ["10.0.1.10:2379"], authority: "authority", certificate: pair, password: "password" },
  certificate: { authority: "authority", pair },
  images: { postgres: "registry.example/postgres@sha256:01", jobs: "registry.example/jobs@sha256:02" },
  databases: { crm: { extensions: ["pg_trgm"], connections: 30, epoch: 1 } },
  pooling: true,
  backupEpoch: 1,
};

const ARCHIVE: PostgresArchiveArgs = {
  store: {
    endpoint: "https://minio-api.storage.svc.cluster.local:9000",
    region: "us-east-1",
    bucket: "postgres-archive",
    accessKey: "archive",
    secretKey: "archive-secret",
    authority: "store-authority",
  },
  client: pair,
  queueGib: 45,
  monitoring: true,
};

async function objectsOf(args: Partial<PostgresArgs> = {}): Promise<RenderedObject[]> {
  const { resources } = await evaluateStack({
    program: () => void new Postgres("postgres", { ...ARGS, ...args }),
  });
  return renderedObjects(resources);
}

const pods = (objects: readonly RenderedObject[]) =>
  objects.flatMap(({ kind, inputs }) =>
    ["StatefulSet", "Deployment", "Job"].includes(kind) ? [inputs.spec.template.spec] : [],
  );

const bootstrapIn = (objects: readonly RenderedObject[]) =>
  ofKind(objects, "Job").find(({ name }) => name.startsWith(POSTGRES.bootstrap))?.name;

describe("PostgreSQL in the cluster", () => {
  it("runs every container as an ordinary user who can gain nothing and write to no root file system", async () => {
    const all = pods(await objectsOf());
    expect(all).toHaveLength(5);
    for (const { securityContext, containers, hostNetwork } of all) {
      expect(securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
      expect(hostNetwork).toBeUndefined();
      for (const container of containers) {
        expect(container.securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
        expect(JSON.stringify(container.ports ?? [])).not.toContain("hostPort");
      }
    }
  });

  it("hands a token of Kubernetes to two kinds of pods, which may touch their own slices and claims and nothing else", async () => {
    const objects = await objectsOf();
    const trusted = pods(objects).filter(({ automountServiceAccountToken }) => automountServiceAccountToken);
    expect([...new Set(trusted.map(({ serviceAccountName }) => serviceAccountName))].sort()).toEqual([
      POSTGRES.discovery,
      "postgres-volumes",
    ]);
    const rules = ofKind(objects, "Role").map(({ inputs }) => inputs.rules);
    expect(rules).toHaveLength(2);
    expect(rules).toEqual(
      expect.arrayContaining([
        [
          {
            apiGroups: [""],
            resources: ["persistentvolumeclaims"],
            resourceNames: ["data-postgres-0", "data-postgres-1", "data-postgres-2"],
            verbs: ["get", "patch"],
          },
        ],
        [
          {
            apiGroups: ["discovery.k8s.io"],
            resources: ["endpointslices"],
            resourceNames: ["postgres-primary", "postgres-replica"],
            verbs: ["get", "update", "patch"],
          },
        ],
      ]),
    );
    expect(ofKind(objects, "ClusterRole")).toEqual([]);
  });

  it("leaves the slices' content to the watchers, behind Services that select nobody", async () => {
    const objects = await objectsOf();
    for (const name of [POSTGRES.primary, POSTGRES.replica]) {
      const slice = ofKind(objects, "EndpointSlice").find((each) => each.name === name);
      expect(slice?.ignoreChanges).toContain("endpoints");
      expect(slice?.inputs.metadata.labels["kubernetes.io/service-name"]).toBe(name);
      const service = ofKind(objects, "Service").find((each) => each.name === name);
      expect(service?.inputs.spec).not.toHaveProperty("selector");
    }
  });

  it("never lets members wait for one that may not lead: they start together, one a server", async () => {
    const [members] = ofKind(await objectsOf(), "StatefulSet");
    expect(members?.inputs.spec.podManagementPolicy).toBe("Parallel");
    const podAntiAffinity = members?.inputs.spec.template.spec.affinity.podAntiAffinity;
    expect(podAntiAffinity).toHaveProperty("requiredDuringSchedulingIgnoredDuringExecution");
  });

  it.each(["standard", "fast"] as const)(
    "ends a member that does not answer before its lease is over: %s",
    async (failover) => {
      const [members] = ofKind(await objectsOf({ failover }), "StatefulSet");
      const { livenessProbe } = members?.inputs.spec.template.spec.containers[0] ?? {};
      const { periodSeconds, timeoutSeconds, failureThreshold, terminationGracePeriodSeconds } =
        livenessProbe;
      const noticed = periodSeconds + failureThreshold * Math.max(periodSeconds, timeoutSeconds);
      const { ttl, loop_wait } = CLOCKS[failover];
      // Its last renewal may be a round old when it freezes.
      expect(noticed + terminationGracePeriodSeconds).toBeLessThan(ttl - loop_wait);
    },
  );

  it("gives members a resolver that gives up after a second", async () => {
    const [members] = ofKind(await objectsOf(), "StatefulSet");
    const { dnsConfig } = members?.inputs.spec.template.spec ?? {};
    const options = dnsConfig.options.map(({ name, value }: Record<string, string>) => `${name}:${value}`);
    expect(options).toEqual(["ndots:1", "timeout:1", "attempts:1"]);
  });

  it("brings a changed lease to a running cluster by a Job of its own", async () => {
    const job = async (failover: "standard" | "fast") => {
      const objects = await objectsOf({ failover });
      const specification = JSON.stringify(ofKind(objects, "ConfigMap").map(({ inputs }) => inputs.data));
      return { name: bootstrapIn(objects), ttl: /\\"ttl\\": (\d+)/.exec(specification)?.[1] };
    };
    const [standard, fast] = [await job("standard"), await job("fast")];
    expect([standard.ttl, fast.ttl]).toEqual(["20", "12"]);
    expect(fast.name).not.toBe(standard.name);
  });

  it("opens for each member the NodePorts at which HAProxy looks for it", async () => {
    const ports = ofKind(await objectsOf(), "Service")
      .filter(({ inputs }) => inputs.spec.type === "NodePort")
      .map(({ inputs }) => inputs.spec.ports.map(({ nodePort }: { nodePort: number }) => nodePort));
    expect(ports).toEqual(
      [0, 1, 2].map((ordinal) => [NODE_PORTS.postgres + ordinal, NODE_PORTS.patroniRest + ordinal]),
    );
  });

  it("makes the same Job of the same specification, and another one of another", async () => {
    const job = async (args: Partial<PostgresArgs>) => bootstrapIn(await objectsOf(args));
    const other = { databases: { crm: { extensions: ["pg_trgm"], connections: 30, epoch: 2 } } };
    expect(await job({})).toBe(await job({}));
    expect(await job(other)).not.toBe(await job({}));
  });

  it("runs no pooler that nobody asked for", async () => {
    const names = (await objectsOf({ pooling: false })).map(({ name }) => name);
    expect(names).not.toContain(POSTGRES.pooler);
  });

  it("watches the poolers where Prometheus runs, from a pod that no client needs", async () => {
    const exporter = (objects: readonly RenderedObject[]) =>
      ofKind(objects, "Deployment").find(({ name }) => name === POSTGRES.poolerExporter);
    expect(exporter(await objectsOf())).toBeUndefined();
    expect(exporter(await objectsOf({ pooling: false, monitoring: true }))).toBeUndefined();
    const objects = await objectsOf({ monitoring: true });
    expect(exporter(objects)?.inputs.spec.template.spec.containers[0].args).toEqual([
      "postgres",
      "pooler-metrics",
    ]);
    const config = ofKind(objects, "Secret").find(({ name }) => name === POSTGRES.pooler)?.inputs.stringData;
    expect(config["pgbouncer.ini"]).toContain("stats_users = trellis_stats\n");
    expect(config["userlist.txt"]).toContain('"trellis_stats" ');
  });

  it("keeps every connection string secret, by a name that the certificate holds", async () => {
    const { secretOutputs, outputs } = await evaluateStack({
      program: () => {
        const { connections } = new Postgres("postgres", ARGS);
        return { connections };
      },
    });
    expect([...secretOutputs].sort()).toEqual(
      ["migrate", "read", "write"].map((access) => `connections.crm.${access}`),
    );
    const { crm } = Object(outputs.connections);
    expect(crm).toEqual({
      read: expect.stringContaining("@postgres-replica.postgres.svc.cluster.local:5432/crm"),
      write: expect.stringContaining("@postgres-pooler.postgres.svc.cluster.local:5432/crm"),
      migrate: expect.stringContaining("@postgres-primary.postgres.svc.cluster.local:5432/crm"),
    });
    for (const connection of Object.values<string>(crm)) {
      expect(serverNames("postgres")).toContain(new URL(connection).hostname);
    }
  });
});

describe("PostgreSQL's archive", () => {
  const offsite = {
    endpoint: "https://fsn1.example.net",
    region: "fsn1",
    bucket: "offsite",
    accessKey: "offsite",
    secretKey: "offsite-secret",
  };
  const images = { ...ARGS.images, recovery: "registry.example/recovery@sha256:03" };
  const withArchive = (archive: Partial<PostgresArchiveArgs> = {}) =>
    objectsOf({ images, archive: { ...ARCHIVE, ...archive } });
  const named = (objects: readonly RenderedObject[], kind: string, name: string) => {
    const found = ofKind(objects, kind).find((each) => each.name === name);
    if (!found) throw new Error(`no ${kind} ${name}`);
    return found.inputs;
  };

  it("has room for its queue in the volume, beside the data, and tells each member how large the queue may be", async () => {
    const set = ofKind(await withArchive({ queueGib: 45 }), "StatefulSet")[0]?.inputs;
    const claim = set?.spec.volumeClaimTemplates[0].spec.resources.requests.storage;
    expect(claim).toBe(`${ARGS.volumeGib + 45}Gi`);
    const environment = set?.spec.template.spec.containers[0].env;
    expect(environment).toContainEqual({ name: "ARCHIVE_QUEUE_BYTES", value: String(45 * 2 ** 30) });
    expect(environment).toContainEqual({ name: "ARCHIVE_VOLUME", value: "/var/lib/postgresql/data" });
  });

  it("leaves no trace where there is none", async () => {
    const objects = await objectsOf({ images });
    expect(JSON.stringify(objects)).not.toMatch(/pgbackrest|PGBACKREST|postgres-archive|base-backup/i);
  });

  it("gives every key by the environment, from a Secret, and none in a file", async () => {
    const objects = await withArchive({ offsite });
    for (const { inputs } of ofKind(objects, "ConfigMap")) {
      expect(JSON.stringify(inputs)).not.toMatch(/archive-secret|offsite-secret|cipher-pass/);
    }
    const keys = named(objects, "Secret", "postgres-archive-keys").stringData;
    expect(Object.keys(keys).sort()).toEqual([
      "PGBACKREST_REPO1_CIPHER_PASS",
      "PGBACKREST_REPO1_S3_KEY",
      "PGBACKREST_REPO1_S3_KEY_SECRET",
      "PGBACKREST_REPO2_CIPHER_PASS",
      "PGBACKREST_REPO2_S3_KEY",
      "PGBACKREST_REPO2_S3_KEY_SECRET",
    ]);
  });

  it("reads the data through a server beside each member that knows no repository's key and writes nothing", async () => {
    const { template } = named(await withArchive(), "StatefulSet", "postgres").spec;
    const [member, server] = template.spec.containers;
    expect(JSON.stringify(member.envFrom)).toContain("postgres-archive-keys");
    expect(server.command).toEqual(["/usr/bin/pgbackrest", "server"]);
    expect(server).not.toHaveProperty("envFrom");
    const data = server.volumeMounts.find(({ name }: { name: string }) => name === "data");
    expect(data.readOnly).toBe(true);
  });

  it("makes a full backup each week and a differential one each day, in each repository, one at a time", async () => {
    const schedules = (objects: readonly RenderedObject[]) =>
      ofKind(objects, "CronJob")
        .map(({ name, inputs }) => [
          name,
          inputs.spec.schedule,
          inputs.spec.jobTemplate.spec.template.spec.containers[0].args.join(" "),
        ])
        .filter(([, , words]) => words.startsWith("backup "));
    expect(schedules(await withArchive())).toEqual([
      ["postgres-base-backup-full", "30 0 * * 0", "backup base --type full --repository 1"],
      ["postgres-base-backup-diff", "30 0 * * 1-6", "backup base --type diff --repository 1"],
    ]);
    const both = schedules(await withArchive({ offsite }));
    expect(both).toHaveLength(4);
    expect(new Set(both.map(([, schedule]) => schedule)).size).toBe(4);
  });

  it("verifies each repository and recovers a moment of it when the settings say, and alerts where that is too old", async () => {
    const checks = { verify: "0 10 * * 0", drill: "0 12 * * 6", maxAgeDays: 8 };
    const objects = await withArchive({ offsite, checks });
    const words = ofKind(objects, "CronJob").map(({ name, inputs }) => [
      name,
      inputs.spec.schedule,
      inputs.spec.jobTemplate.spec.template.spec.containers[0].args.join(" "),
    ]);
    expect(words.filter(([name]) => /-(verify|drill)/.test(name)).sort()).toEqual([
      ["postgres-archive-drill", checks.drill, "backup drill-archive --repository 1"],
      ["postgres-archive-drill-offsite", checks.drill, "backup drill-archive --repository 2"],
      ["postgres-archive-verify", checks.verify, "backup verify-archive --repository 1"],
      ["postgres-archive-verify-offsite", checks.verify, "backup verify-archive --repository 2"],
    ]);
  });

  it("gives members the quality of service Guaranteed where it is asked for", async () => {
    const resources = async (guaranteed: boolean) =>
      ofKind(
        await objectsOf({ images, archive: ARCHIVE, guaranteed }),
        "StatefulSet",
      )[0]?.inputs.spec.template.spec.containers.map(
        ({ resources: each }: { resources: { requests: object; limits: object } }) => each,
      );
    for (const { requests, limits } of await resources(true)) expect(limits).toEqual(requests);
    for (const { limits } of await resources(false)) expect(limits).not.toHaveProperty("cpu");
  });

  it("has the Jobs of a major upgrade only while the settings name the old release, and none runs by itself", async () => {
    const names = (objects: readonly RenderedObject[]) =>
      ofKind(objects, "CronJob").flatMap(({ name, inputs }) => (inputs.spec.suspend === true ? [name] : []));
    expect(names(await withArchive())).toEqual([]);
    const objects = await objectsOf({ images, archive: ARCHIVE, upgradeFrom: 16 });
    expect(names(objects).sort()).toEqual([
      "postgres-base-backup-upgraded",
      ...["back", "confirm", "finish", "rehearse", "run"].map((action) => `postgres-upgrade-${action}`),
    ]);
    const pod = named(objects, "CronJob", "postgres-upgrade-run").spec.jobTemplate.spec.template.spec;
    expect(pod.volumes[0].persistentVolumeClaim.claimName).toBe("data-postgres-0");
    expect(pod.containers[0].env).toContainEqual({
      name: "UPGRADE_OLD_PROGRAMS",
      value: "/usr/lib/postgresql/16/bin",
    });
  });

  it("lets nobody out into the world but for a store off the cluster", async () => {
    const labels = async (archive: Partial<PostgresArchiveArgs>) =>
      JSON.stringify(await withArchive(archive)).includes('"trellis/archive":"offsite"');
    expect(await labels({})).toBe(false);
    expect(await labels({ offsite })).toBe(true);
  });

  it("keeps a server for moments of the past that runs only when somebody wants it", async () => {
    const recovery = named(await withArchive(), "Deployment", "postgres-recovery").spec;
    expect(recovery.replicas).toBe(0);
    expect(recovery.template.spec.containers[0].args).toContain("pitr");
  });

  it("is in the given namespace, with every host name", async () => {
    const store = { ...ARCHIVE.store, endpoint: "https://s3.example.com" };
    const args = { ...ARGS, images, archive: { ...ARCHIVE, store }, namespace: "elsewhere" };
    const { resources } = await evaluateStack({ program: () => void new Postgres("postgres", args) });
    expect(resources.length).toBeGreaterThan(40);
    expect(namespacesIn(resources)).toEqual(["elsewhere"]);
  });

  it("has the same passphrases whether or not there is a store off the cluster", async () => {
    const passphrases = async (archive: Partial<PostgresArchiveArgs>) => {
      const { resources } = await evaluateStack({
        program: () =>
          void new Postgres("postgres", { ...ARGS, images, archive: { ...ARCHIVE, ...archive } }),
      });
      return resources.map(({ name }) => name).filter((name) => /-passphrase-\d$/.test(name));
    };
    expect(await passphrases({})).toHaveLength(2);
    expect(await passphrases({ offsite })).toEqual(await passphrases({}));
  });

  it("hands out what decrypts either repository as a secret, whether or not there is a second one", async () => {
    const { secretOutputs } = await evaluateStack({
      program: () => ({
        passphrases: new Postgres("postgres", { ...ARGS, images, archive: ARCHIVE }).archivePassphrases,
      }),
    });
    expect(secretOutputs).toEqual(["passphrases[0]", "passphrases[1]"]);
  });
});
