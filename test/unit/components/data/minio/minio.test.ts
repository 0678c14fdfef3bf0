import { describe, expect, it } from "vitest";
import { MinIO, type MinIOArgs } from "../../../../../components/data/minio";
import { evaluateStack } from "../../../../rigs/evaluate";
import { minioSettings } from "../../../../rigs/minio/rendered";
import { namespacesIn } from "../../../../rigs/namespaces";
import { named, ofKind, type RenderedObject, renderedObjects } from "../../../../rigs/rendered-objects";

const ARGS: MinIOArgs = {
  ...minioSettings({}),
  namespace: "storage",
  cluster: "trellis",
  layout: { pods: 4, drivesPerPod: 1, parity: 2 },
  memoryMib: 1024,
  strictSpread: true,
  jobsImage: "registry.example/jobs@sha256:02",
  certificateEpoch: 1,
  consoleHost: "minio-console.example.com",
  monitoring: true,
};

async function evaluation(args: Partial<MinIOArgs> = {}) {
  return evaluateStack({
    program: () => {
      const { access, endpoint, authority, root } = new MinIO("minio", { ...ARGS, ...args });
      return { access, endpoint, authority, root };
    },
  });
}

async function objectsOf(args: Partial<MinIOArgs> = {}): Promise<RenderedObject[]> {
  const { resources } = await evaluation(args);
  return renderedObjects(resources);
}

describe("object storage in the cluster", () => {
  it("is in the given namespace, with every host name", async () => {
    const { resources } = await evaluation({ namespace: "elsewhere" });
    expect(resources.length).toBeGreaterThan(20);
    expect(namespacesIn(resources)).toEqual(["elsewhere"]);
  });

  it("runs every container as an ordinary user who can gain nothing, with requests and limits", async () => {
    const objects = await objectsOf();
    const all = [...ofKind(objects, "StatefulSet"), ...ofKind(objects, "Job")];
    expect(all).toHaveLength(3);
    for (const { name, inputs } of all) {
      const { securityContext, automountServiceAccountToken, containers } = inputs.spec.template.spec;
      expect(securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
      expect(automountServiceAccountToken).toBe(name.startsWith("minio-volumes-")); // it resizes the claims
      for (const container of containers) {
        expect(container.securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
        expect(container.resources.requests).toHaveProperty("memory");
        expect(container.resources.limits).toHaveProperty("memory");
      }
    }
  });

  it("tells every server of all drives by the names in its certificate, and of the parity", async () => {
    const server = named(await objectsOf(), "StatefulSet", "minio").spec.template.spec.containers[0];

    expect(server.args).toEqual([
      ...["server", "--address", ":9000", "--console-address", ":9001", "--certs-dir", "/etc/minio/certs"],
      "https://minio-{0...3}.minio.storage.svc.cluster.local:9000/data/drive-0",
    ]);
    expect(server.env).toContainEqual({ name: "MINIO_STORAGE_CLASS_STANDARD", value: "EC:2" });
    expect(server.image).toBe("docker.io/pgsty/silo:RELEASE.2026-09-03T13-18-01Z");
  });

  it("lets pages of the settings' origins call it from a browser, and by default of none", async () => {
    const origins = async (settings: object) =>
      named(await objectsOf(settings), "StatefulSet", "minio").spec.template.spec.containers[0].env.find(
        ({ name }: { name: string }) => name === "MINIO_API_CORS_ALLOW_ORIGIN",
      )?.value;
    const allowed = ["https://app.example.com", "https://other.example.com"];

    expect(await origins({})).toBe("https://none.invalid");
    expect(await origins({ corsOrigins: allowed })).toBe(allowed.join(","));
  });

  it("gives each drive a volume of its own, and keeps the volumes whatever happens to the pods", async () => {
    const layout = { pods: 3, drivesPerPod: 2, parity: 2 };
    const { spec } = named(await objectsOf({ layout }), "StatefulSet", "minio");

    expect(spec.replicas).toBe(3);
    const [container] = spec.template.spec.containers;
    expect(container.args.at(-1)).toBe(
      "https://minio-{0...2}.minio.storage.svc.cluster.local:9000/data/drive-{0...1}",
    );
    expect(
      spec.volumeClaimTemplates.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
    ).toEqual(["drive-0", "drive-1"]);
    expect(container.volumeMounts).toEqual(
      expect.arrayContaining([0, 1].map((n) => ({ name: `drive-${n}`, mountPath: `/data/drive-${n}` }))),
    );
    expect(spec.persistentVolumeClaimRetentionPolicy).toEqual({
      whenDeleted: "Retain",
      whenScaled: "Retain",
    });
  });

  it("of one drive is a server alone: no peers, no parity, nothing to disrupt", async () => {
    const objects = await objectsOf({ layout: { pods: 1, drivesPerPod: 1, parity: 0 } });
    const [server] = named(objects, "StatefulSet", "minio").spec.template.spec.containers;

    expect(server.args.at(-1)).toBe("/data/drive-0");
    expect(JSON.stringify(server.env)).not.toContain("MINIO_STORAGE_CLASS_STANDARD");
    expect(ofKind(objects, "PodDisruptionBudget")).toEqual([]);
  });

  it("lies over the nodes as the layout was judged, and lets go of one server at a time", async () => {
    const objects = await objectsOf();
    const { spec } = named(objects, "StatefulSet", "minio").spec.template;

    expect(spec.topologySpreadConstraints).toEqual([
      expect.objectContaining({
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "DoNotSchedule",
      }),
    ]);
    expect(ofKind(objects, "PodDisruptionBudget")[0]?.inputs.spec.maxUnavailable).toBe(1);
  });

  it("lets servers find each other before they are ready, and clients only those that are", async () => {
    const objects = await objectsOf();

    expect(named(objects, "Service", "minio").spec).toMatchObject({
      clusterIP: "None",
      publishNotReadyAddresses: true,
    });
    expect(named(objects, "Service", "minio-api").spec).not.toHaveProperty("publishNotReadyAddresses");
  });

  it("opens the console alone to the outside, and not the buckets", async () => {
    const ingresses = ofKind(await objectsOf(), "Ingress");

    expect(ingresses.map(({ name }) => name)).toEqual(["minio-console"]);
    expect(JSON.stringify(ingresses)).not.toContain("minio-api");
  });

  it("keeps every key secret, and the authority not", async () => {
    const { secretOutputs, outputs } = await evaluation();

    const applications = ["airflow", "archive", "backups", "crm", "rain"];
    expect([...secretOutputs].sort()).toEqual([
      ...applications.map((application) => `access.${application}.secretKey`),
      "root.password",
    ]);
    expect(Object(outputs.access).backups).toMatchObject({
      endpoint: "https://minio-api.storage.svc.cluster.local:9000",
      region: "us-east-1",
      bucket: "crm-backups",
      accessKey: "trellis-backups",
    });
  });

  it("makes the same Job of the same buckets, and another one for another key", async () => {
    const job = async (args: Partial<MinIOArgs>) =>
      ofKind(await objectsOf(args), "Job").find(({ name }) => name.startsWith("minio-provision"))?.name;
    const rotated = minioSettings({ applications: { crm: { buckets: ["crm-quotes"], epoch: 2 } } });

    expect(await job({})).toBe(await job({}));
    expect(await job({ applications: rotated.applications })).not.toBe(await job({}));
  });

  it("asks nobody to collect metrics where nobody does", async () => {
    const names = (objects: RenderedObject[]) => ofKind(objects, "Secret").map(({ name }) => name);

    expect(names(await objectsOf())).toContain("minio-metrics");
    expect(names(await objectsOf({ monitoring: false }))).not.toContain("minio-metrics");
  });
});
