import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pinnedImage } from "../../../../components/shared/pinned-image";
import { versions } from "../../../../components/shared/versions";
import { trellis } from "../../../rigs/cli/trellis";
import { repository } from "../../../rigs/platform/stacks";

const node = (kubeletVersion: string) => ({
  status: { nodeInfo: { kubeletVersion, osImage: "Ubuntu 24.04.3 LTS" } },
});
const pod = (name: string, image: string, port?: string) => ({
  metadata: { name, namespace: "postgres" },
  spec: { containers: [{ name: "postgres", image, ports: port ? [{ name: port }] : [] }] },
  status: { phase: "Running" },
});
const programs = (patroni: string) => ({
  "sh -c /usr/lib/postgresql/*/bin/postgres --version": `postgres (PostgreSQL) ${versions.postgres.version} (Debian)\n`,
  "patroni --version": `patroni ${patroni}\n`,
  "pgbackrest version": `pgBackRest ${versions.pgbackrest.version}\n`,
  "/usr/sbin/pgbouncer --version": `PgBouncer ${versions.pgbouncer.version}\nlibevent 2.1.12\n`,
});

describe("trellis upgrade", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-upgrade-"));
  const run = (kubelet: string, patroni: string, ...words: string[]) => {
    const cluster = {
      kinds: ["pods", "helmcharts.helm.cattle.io"],
      objects: {
        nodes: [node(kubelet), node(versions.k3s.version)],
        pods: [
          pod("postgres-0", "registry.example.org/postgres@sha256:0", "patroni"),
          pod("postgres-1", "registry.example.org/postgres@sha256:0", "patroni"),
          pod("minio-0", pinnedImage(versions.minio)),
        ],
        "helmcharts.helm.cattle.io": [
          { spec: { chart: "cert-manager", version: versions.certManager.version } },
          { spec: { chartContent: "H4sI" } },
        ],
      },
      programs: { "postgres-0": programs(versions.patroni.version), "postgres-1": programs(patroni) },
    };
    writeFileSync(join(folder, "cluster.json"), JSON.stringify(cluster));
    return trellis(["upgrade", "--kubeconfig", "unused", ...words], {
      environment: {
        PATH: `${folder}:${process.env.PATH}`,
        STAND_IN_CLUSTER: join(folder, "cluster.json"),
        SOURCE_DATE_EPOCH: "1796000000",
      },
    });
  };
  beforeAll(() =>
    symlinkSync(join(repository, "test/rigs/operations/kubectl-of-cluster.mjs"), join(folder, "kubectl")),
  );
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("ends with 0 where all is as pinned, and shows that on demand", async () => {
    const { code, stdout } = await run(versions.k3s.version, versions.patroni.version, "--all");
    expect(code).toBe(0);
    expect(stdout).toContain("8 as pinned, 0 to upgrade, 0 refused");
    expect(stdout).toMatch(new RegExp(`certManager +${versions.certManager.version}`));
    expect(stdout).not.toContain("in this order");
  });

  it("shows what changes, what that interrupts, and the commands in their order", async () => {
    const { code, stdout } = await run("v1.35.9+k3s1", "4.1.4");
    expect(code).toBe(3);
    expect(stdout).toContain(`4.1.4, ${versions.patroni.version} -> ${versions.patroni.version}`);
    expect(stdout).toContain("interrupts: writes, for about three seconds");
    expect(stdout).toMatch(/health.*backup-configuration.*pulumi preview.*pulumi up.*upgrade/s);
    expect(stdout).not.toContain("certManager");
  });

  it("refuses a K3s that is two minor versions behind, also as JSON", async () => {
    const { code, stdout } = await run("v1.34.1+k3s1", versions.patroni.version, "--json");
    expect(code).toBe(4);
    const { versions: all } = JSON.parse(stdout);
    expect(all.find(({ name }: { name: string }) => name === "k3s")).toMatchObject({
      outcome: "refused",
      how: "one minor version at a time: deploy a pin of 1.35 first",
    });
  });
});
