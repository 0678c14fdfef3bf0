import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { volumeRights } from "../../../../components/data/volumes";
import { DiscoveryApiServer, NAMESPACE } from "../../../rigs/discovery/api-server";
import { runJob } from "../../../rigs/jobs/run-job";
import { describeWith } from "../../../rigs/programs";

describeWith(["etcd", "kube-apiserver", "kubectl", "openssl"], "growing volumes at a real API server", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-volumes-"));
  let api: DiscoveryApiServer;

  const claims = ["data-postgres-0", "data-postgres-1", "data-postgres-2"];
  const claimed = (name: string) =>
    api.kubectl("-n", NAMESPACE, "get", "pvc", name, "-o", "jsonpath={.spec.resources.requests.storage}");
  /** A claim that is bound to a volume, as a provisioner leaves it. */
  const bind = (name: string, storageClassName: string, storage: string) => {
    const metadata = { name, namespace: NAMESPACE };
    const capacity = { storage };
    const accessModes = ["ReadWriteOnce"];
    const source = { csi: { driver: "csi.example.com", volumeHandle: name } };
    api.apply({
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name },
      spec: { capacity, accessModes, storageClassName, ...source },
    });
    const spec = { accessModes, storageClassName, volumeName: name, resources: { requests: capacity } };
    api.apply({ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata, spec });
    grown(name, storage);
  };
  /** What the class's driver reports. */
  const grown = (name: string, storage: string) =>
    api.kubectl(
      ...["-n", NAMESPACE, "patch", "pvc", name, "--subresource", "status", "--type", "merge", "--patch"],
      JSON.stringify({ status: { phase: "Bound", capacity: { storage } } }),
    );
  const grow = (sizes: Record<string, number>, patience = 0) => {
    writeFileSync(join(folder, "volumes.json"), JSON.stringify(sizes));
    return runJob(["storage", "grow-volumes", "--patience", String(patience)], {
      environment: {
        KUBERNETES_API: api.access().server,
        SERVICE_ACCOUNT_FOLDER: api.access().serviceAccount,
        NAMESPACE,
        VOLUME_SIZES: join(folder, "volumes.json"),
      },
    });
  };

  beforeAll(async () => {
    api = await DiscoveryApiServer.start(folder, "127.0.78.2");
    const rbac = "rbac.authorization.k8s.io";
    const metadata = { name: "postgres-volumes", namespace: NAMESPACE };
    // The token is that of the rig's account; these are the rights of our pods.
    api.apply({ apiVersion: `${rbac}/v1`, kind: "Role", metadata, rules: volumeRights(claims) });
    api.apply({
      apiVersion: `${rbac}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: rbac, kind: "Role", name: metadata.name },
      subjects: [{ kind: "ServiceAccount", name: "postgres-discovery", namespace: NAMESPACE }],
    });
    for (const [name, allowVolumeExpansion] of [
      ["hcloud-volumes", true],
      ["local-path", false],
    ] as const) {
      const provisioner = "csi.example.com";
      const classOf = { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: { name } };
      api.apply({ ...classOf, provisioner, allowVolumeExpansion });
    }
    bind("data-postgres-0", "hcloud-volumes", "10Gi");
    bind("data-postgres-1", "local-path", "10Gi");
  });

  afterAll(async () => {
    await api?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("grows what can grow, says what cannot and why, and leaves what is not there yet", async () => {
    const waiting = await grow({ "data-postgres-0": 60, "data-postgres-1": 60, "data-postgres-2": 60 });
    expect(claimed("data-postgres-0")).toBe("60Gi");
    expect(claimed("data-postgres-1")).toBe("10Gi");
    expect(waiting.termination?.error).toMatch(/data-postgres-0 still has 10 of 60 GiB/);
    expect(waiting.stderr).toMatch(/data-postgres-1 cannot grow: 403 .*must support resize.*local-path/);
    expect(waiting.stderr).toContain("data-postgres-2 does not exist yet");

    grown("data-postgres-0", "60Gi");
    const run = await grow({ "data-postgres-0": 60 });
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
  });

  it("never shrinks one", async () => {
    const run = await grow({ "data-postgres-0": 40 });
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    expect(run.stderr).toContain("data-postgres-0 keeps its 60 GiB: volumes never shrink");
    expect(claimed("data-postgres-0")).toBe("60Gi");
  });

  it("may touch no other claim", async () => {
    bind("data-elsewhere-0", "hcloud-volumes", "10Gi");
    const run = await grow({ "data-elsewhere-0": 60 });
    expect(run.termination?.error).toMatch(/the claim data-elsewhere-0 cannot be read: 403/);
  });
});
