import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { PATRONI } from "../../../components/edge";
import { NODE_PORTS, POSTGRES, Postgres, type PostgresArgs, serverNames } from "../../../components/postgres";
import { evaluateStack } from "../../support/evaluate";

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
  etcd: { hosts: ["10.0.1.10:2379"], authority: "authority", certificate: pair, password: "password" },
  certificate: { authority: "authority", pair },
  images: { postgres: "registry.example/postgres@sha256:01", jobs: "registry.example/jobs@sha256:02" },
  databases: { crm: { extensions: ["pg_trgm"], connections: 30, epoch: 1 } },
  pooling: true,
  backupEpoch: 1,
};

interface Planned {
  readonly kind: string;
  readonly name: string;
  readonly ignoreChanges: readonly string[];
  // biome-ignore lint/suspicious/noExplicitAny: a rendered object is looked into at many depths.
  readonly inputs: any;
}

async function objectsOf(args: Partial<PostgresArgs> = {}): Promise<Planned[]> {
  const { resources } = await evaluateStack({
    program: () => void new Postgres("postgres", { ...ARGS, ...args }),
  });
  return resources
    .filter(({ type }) => type.startsWith("kubernetes:"))
    .map(({ type, inputs, options }) => {
      const object = inputs as Planned["inputs"];
      return {
        kind: type.split(":").at(-1) ?? "",
        name: object.metadata.name,
        ignoreChanges: options.ignoreChanges ?? [],
        inputs: object,
      };
    });
}

const of = (objects: readonly Planned[], kind: string) => objects.filter((each) => each.kind === kind);
const pods = (objects: readonly Planned[]) =>
  objects.flatMap(({ kind, inputs }) =>
    ["StatefulSet", "Deployment", "Job"].includes(kind) ? [inputs.spec.template.spec] : [],
  );

describe("PostgreSQL in the cluster", () => {
  it("runs every container as an ordinary user who can gain nothing and write to no root file system", async () => {
    const all = pods(await objectsOf());
    expect(all).toHaveLength(4);
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

  it("hands a token of Kubernetes to the watcher alone, who may touch its two slices and nothing else", async () => {
    const objects = await objectsOf();
    const trusted = pods(objects).filter(({ automountServiceAccountToken }) => automountServiceAccountToken);
    expect(trusted.map(({ serviceAccountName }) => serviceAccountName)).toEqual([POSTGRES.discovery]);
    expect(of(objects, "Role").map(({ inputs }) => inputs.rules)).toEqual([
      [
        {
          apiGroups: ["discovery.k8s.io"],
          resources: ["endpointslices"],
          resourceNames: ["postgres-primary", "postgres-replica"],
          verbs: ["get", "update", "patch"],
        },
      ],
    ]);
    expect(of(objects, "ClusterRole")).toEqual([]);
  });

  it("leaves the slices' content to the watchers, behind Services that select nobody", async () => {
    const objects = await objectsOf();
    for (const name of [POSTGRES.primary, POSTGRES.replica]) {
      const slice = of(objects, "EndpointSlice").find((each) => each.name === name);
      expect(slice?.ignoreChanges).toContain("endpoints");
      expect(slice?.inputs.metadata.labels["kubernetes.io/service-name"]).toBe(name);
      const service = of(objects, "Service").find((each) => each.name === name);
      expect(service?.inputs.spec).not.toHaveProperty("selector");
    }
  });

  it("never lets members wait for one that may not lead: they start together, one a server", async () => {
    const [members] = of(await objectsOf(), "StatefulSet");
    expect(members?.inputs.spec.podManagementPolicy).toBe("Parallel");
    const podAntiAffinity = members?.inputs.spec.template.spec.affinity.podAntiAffinity;
    expect(podAntiAffinity).toHaveProperty("requiredDuringSchedulingIgnoredDuringExecution");
  });

  it("opens for each member the NodePorts at which HAProxy looks for it", async () => {
    const ports = of(await objectsOf(), "Service")
      .filter(({ inputs }) => inputs.spec.type === "NodePort")
      .map(({ inputs }) => inputs.spec.ports.map(({ nodePort }: { nodePort: number }) => nodePort));
    expect(ports).toEqual([0, 1, 2].map((ordinal) => [PATRONI.postgres + ordinal, PATRONI.rest + ordinal]));
    expect(NODE_PORTS).toEqual(PATRONI);
  });

  it("makes the same Job of the same specification, and another one of another", async () => {
    const job = async (args: Partial<PostgresArgs>) => of(await objectsOf(args), "Job")[0]?.name;
    const other = { databases: { crm: { extensions: ["pg_trgm"], connections: 30, epoch: 2 } } };
    expect(await job({})).toBe(await job({}));
    expect(await job(other)).not.toBe(await job({}));
  });

  it("runs no pooler that nobody asked for", async () => {
    const names = (await objectsOf({ pooling: false })).map(({ name }) => name);
    expect(names).not.toContain(POSTGRES.pooler);
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
      expect(serverNames()).toContain(new URL(connection).hostname);
    }
  });
});
