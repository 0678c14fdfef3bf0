import { afterAll, expect, it } from "vitest";
import { platform } from "../../platform";
import { changes, type Engine, K3S_API_PROGRAMS, type K3sApi, k3sApi, startEngine } from "../support/engine";
import { configurationOf } from "../support/platform";
import { describeWith } from "../support/programs";
import { rawSettings, withValue } from "../support/stacks";

type Stack = "dev" | "prod";

/** A stack's settings, without what would keep it from being destroyed. */
function settingsOf(stack: Stack): Record<string, unknown> {
  const unprotected = withValue(rawSettings(stack), "target.protection", false);
  return stack === "prod" ? withValue(unprotected, "environment", "staging") : unprotected;
}

describeWith(
  ["pulumi", "etcdctl", ...K3S_API_PROGRAMS],
  "the platform, on a Kubernetes API that judges every object",
  () => {
    const started: { stop(): Promise<void> }[] = [];
    afterAll(async () => {
      for (const each of started) await each.stop();
    });

    /** The stack's engine, whose objects go to the API that its own servers' user data describes. */
    async function start(stack: Stack): Promise<{ engine: Engine; api: K3sApi }> {
      const engine = await startEngine({ stack, ...configurationOf(settingsOf(stack)) });
      engine.cloud("kubernetes").connect();
      const api = k3sApi(engine);
      started.push({
        stop: async () => {
          await api.stop();
          engine.close();
        },
      });
      return { engine, api };
    }

    /** Whether every object that was declared is there. */
    function expectAll({ engine, api }: { engine: Engine; api: K3sApi }): void {
      const objects = engine.cloud("kubernetes").all();
      expect(objects.length).toBeGreaterThan(80);
      const declared = (kind: string) => objects.filter(({ type }) => type.endsWith(`:${kind}`));
      const found = (kind: string) =>
        api.kubectl("get", kind, "--all-namespaces", "--output=name").split("\n").filter(Boolean);
      for (const kind of ["NetworkPolicy", "StatefulSet", "Deployment", "CronJob", "HelmChart"]) {
        expect(found(kind), kind).toHaveLength(declared(kind).length);
      }
    }

    it("is made of prod by its kubeconfig's administrator, without refusal or warning", async () => {
      const made = await start("prod");
      await made.engine.up(platform);
      expectAll(made);
    });

    it("is made of dev so too; what somebody deleted, a password and a pin change alone", async () => {
      const { engine, api } = await start("dev");
      await engine.up(platform);
      expectAll({ engine, api });
      const [quota] = engine.cloud("kubernetes").all("kubernetes:core/v1:ResourceQuota");
      if (!quota) throw new Error("dev has no ResourceQuota");
      const { namespace, name } = quota.inputs.metadata as { namespace: string; name: string }; // it is in a namespace
      api.kubectl("delete", "resourcequota", name, `--namespace=${namespace}`);

      await engine.refresh();

      const again = changes(await engine.up(platform)).map(({ op, name }) => `${op} ${name}`);
      expect(again).toEqual([`create ${quota.name}`]);
      expect(api.kubectl("get", "resourcequota", name, `--namespace=${namespace}`)).toContain(name);

      engine.configure({
        "trellis:settings": {
          ...settingsOf("dev"),
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
  },
);
