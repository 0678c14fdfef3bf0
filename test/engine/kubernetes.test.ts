import { afterAll, beforeAll, expect, it } from "vitest";
import platform from "../../index";
import { changes, type Engine, K3S_API_PROGRAMS, type K3sApi, k3sApi, startEngine } from "../rigs/engine";
import { configurationOf } from "../rigs/platform/platform";
import { rawSettings, withValue } from "../rigs/platform/stacks";
import { describeWith } from "../rigs/programs";

const settings = withValue(rawSettings("dev"), "target.protection", false);

describeWith(["pulumi", ...K3S_API_PROGRAMS], "dev under the real engine, on a real Kubernetes API", () => {
  let engine: Engine;
  let api: K3sApi;

  beforeAll(async () => {
    engine = await startEngine({ stack: "dev", ...configurationOf(settings) });
    engine.cloud("kubernetes").connect();
    api = k3sApi(engine);
  });
  afterAll(async () => {
    await api?.stop();
    engine?.close();
  });

  it("is made without refusal or warning, and all that it declares is there", async () => {
    await engine.up(platform);

    const objects = engine.cloud("kubernetes").all();
    expect(objects.length).toBeGreaterThan(80);
    const declared = (kind: string) => objects.filter(({ type }) => type.endsWith(`:${kind}`));
    const found = (kind: string) =>
      api.kubectl("get", kind, "--all-namespaces", "--output=name").split("\n").filter(Boolean);
    for (const kind of ["NetworkPolicy", "StatefulSet", "Deployment", "CronJob", "HelmChart"]) {
      expect(found(kind), kind).toHaveLength(declared(kind).length);
    }
  });

  it("has what somebody deleted made again, and nothing else", async () => {
    const [quota] = engine.cloud("kubernetes").all("kubernetes:core/v1:ResourceQuota");
    if (!quota) throw new Error("dev has no ResourceQuota");
    const { namespace, name } = quota.inputs.metadata as { namespace: string; name: string }; // it is in a namespace
    api.kubectl("delete", "resourcequota", name, `--namespace=${namespace}`);

    await engine.refresh();

    const again = changes(await engine.up(platform)).map(({ op, name }) => `${op} ${name}`);
    expect(again).toEqual([`create ${quota.name}`]);
    expect(api.kubectl("get", "resourcequota", name, `--namespace=${namespace}`)).toContain(name);
  });

  it("takes up a new password and another pin, and leaves all else as it is", async () => {
    engine.configure({
      "trellis:settings": {
        ...settings,
        backup: { epoch: 2 },
        minio: { image: "docker.io/pgsty/silo:RELEASE.2099-01-01T00-00-00Z" },
      },
    });
    const changed = changes(await engine.up(platform)).map(({ name }) => name);
    expect([...new Set(changed)].sort()).toEqual([
      "backup-access",
      "backup-create",
      "minio-servers-set",
      "postgres-databases-job",
      "postgres-databases-passwords",
      "postgres-databases-specification",
      "postgres-databases-trellis_backup_2",
    ]);
  });
});
