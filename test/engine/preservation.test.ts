import { afterAll, beforeAll, expect, it } from "vitest";
import { parseSettings } from "../../components/settings";
import platform from "../../index";
import {
  type AnsweringApi,
  answeringApi,
  changes,
  type Engine,
  type FailedRun,
  startEngine,
  UNREACHABLE,
} from "../rigs/engine";
import { configurationOf } from "../rigs/platform/platform";
import { rawSettings, withValue } from "../rigs/platform/stacks";
import { describeWith } from "../rigs/programs";

/** Our prod stack on a cluster that others operate: no data is on servers of its own. */
const SETTINGS = withValue(rawSettings("prod"), "target", { kind: "existing", nodes: ["192.0.2.0/24"] });

const postgresOf = (settings: object): object =>
  "postgres" in settings && typeof settings.postgres === "object" ? { ...settings.postgres } : {};

const SECOND = "postgres-archive-passphrase-2";

const UNREACHABLE_CLUSTER = {
  operations: ["create", "read", "update", "delete"],
  error: UNREACHABLE,
} as const;

describeWith(["pulumi", "openssl"], "prod on an existing cluster, under the real engine", () => {
  let engine: Engine;
  let api: AnsweringApi;

  beforeAll(async () => {
    api = await answeringApi();
    const { config, secrets } = configurationOf(SETTINGS);
    engine = await startEngine({
      ...{ stack: "prod", config },
      secrets: { ...secrets, "trellis:kubeconfig": api.kubeconfig },
    });
    await engine.up(platform);
  });
  afterAll(async () => {
    engine?.close();
    await api?.close();
  });

  /** What the cluster and the state hold. */
  const held = () =>
    (["kubernetes", "random", "tls"] as const)
      .flatMap((name) =>
        engine
          .cloud(name)
          .all()
          .map(({ id, name: resource }) => `${name} ${resource} ${id}`),
      )
      .sort();

  let settings = SETTINGS;
  const configure = (path: string, value: unknown) => {
    settings = withValue(settings, path, value);
    engine.configure({ "trellis:settings": settings });
  };

  it("renews its certificates without replacing or deleting anything in the cluster", async () => {
    configure("epochs", { certificates: 2 });

    const inCluster = changes(await engine.up(platform)).filter(({ type }) => type.startsWith("kubernetes:"));

    const changed = inCluster.map(({ name }) => name);
    expect(changed).toEqual(expect.arrayContaining(["etcd-certificates", "postgres-cluster-members"]));
    expect([...new Set(inCluster.map(({ op }) => op))]).toEqual(["update"]);
  });

  it("gives new logins to the pods that use them, and replaces no object but a run's own", async () => {
    const databases = Object.entries(parseSettings(SETTINGS).postgres.databases);
    configure("postgres", {
      databases: Object.fromEntries(databases.map(([name, each]) => [name, { ...each, epoch: 2 }])),
    });

    const inCluster = changes(await engine.up(platform)).filter(({ type }) => type.startsWith("kubernetes:"));

    const updated = inCluster.filter(({ op }) => op === "update").map(({ name }) => name);
    const readers = ["airflow-airflow-scheduler", "datasurface-simulator", "rain-api", "rain-metrics"];
    expect(updated).toEqual(expect.arrayContaining(readers));
    const others = inCluster.filter(({ op }) => op !== "update").map(({ name }) => name);
    const newRun = ["job", "passwords", "specification"].map((part) => `postgres-databases-${part}`);
    expect([...new Set(others)].sort()).toEqual(newRun);
  });

  it("grows volumes in place by a new Job, and refuses in the preview to shrink them", async () => {
    configure("postgres", { ...postgresOf(settings), volumeGib: 40 });
    const grown = changes(await engine.up(platform)).filter(({ type }) => type.startsWith("kubernetes:"));
    expect(grown.find(({ name }) => name === "postgres-volumes-sizes")?.op).toBe("update");
    expect(grown.map(({ name }) => name)).toContain("postgres-volumes-now");
    expect(grown.map(({ name }) => name)).not.toContain("postgres-cluster-members");

    configure("postgres", { ...postgresOf(settings), volumeGib: 20 });
    await expect(engine.preview(platform)).rejects.toThrow(
      /postgres\.volumeGib: the volume data-postgres-0 has \d+ GiB and would have \d+ GiB, and volumes never shrink/,
    );
    configure("postgres", { ...postgresOf(settings), volumeGib: 40 });
  });

  it("refuses a destroy before anything is deleted, also without a preview", async () => {
    const before = held();

    await expect(engine.destroy(platform)).rejects.toThrow(
      /destroy-guard.*cannot be deleted\nbecause it is protected/,
    );

    expect(held()).toEqual(before);
    expect(changes(await engine.preview(platform))).toEqual([]);
  });

  it("refuses an update that would drop what nobody could make again, and names it", async () => {
    const before = held();
    engine.configure({ "trellis:settings": { ...settings, cluster: "another" } });

    const refused: FailedRun = await engine.up(platform).catch((error) => error);

    expect(refused.message).toContain("currently marked for protection");
    expect(held()).toEqual(before);
    engine.configure({ "trellis:settings": settings });
  });

  it("keeps in the state what a refresh cannot find, since no API answers", async () => {
    const before = held();
    engine.cloud("kubernetes").misbehave(UNREACHABLE_CLUSTER);

    await expect(engine.refresh()).rejects.toThrow(UNREACHABLE);

    engine.cloud("kubernetes").misbehave();
    expect(changes(await engine.preview(platform))).toEqual([]);
    expect(held()).toEqual(before);
  });

  it("keeps the passphrase of the store off the cluster while there is no such store", async () => {
    const passphrase = () =>
      engine
        .cloud("random")
        .all()
        .find(({ name }) => name === SECOND)?.outputs.result;
    const before = passphrase();
    expect(before).toBeDefined();

    for (const offsite of [undefined, SETTINGS.offsite]) {
      configure("offsite", offsite);
      await engine.up(platform);
      expect(passphrase()).toEqual(before);
    }
  });

  it("is destroyed in two steps: an update without protection, then the destroy", async () => {
    const before = held();
    configure("target.protection", false);
    await engine.up(platform);
    expect(held()).toEqual(before);

    await engine.destroy(platform);

    expect(held()).toEqual([]);
  });
});
