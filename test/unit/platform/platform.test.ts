import { describe, expect, it } from "vitest";
import { versions } from "../../../components/versions";
import { platform } from "../../../platform";
import { evaluateStack } from "../../support/evaluate";
import { evaluatePlatform } from "../../support/platform";
import { rawSettings, STACKS, withValue } from "../../support/stacks";

const SERVER = "hcloud:index/server:Server";

describe("the platform", () => {
  it.each(STACKS)(
    "of %s is declared with no other warning than that its file is an example",
    async (stack) => {
      const { logs, resources } = await evaluatePlatform(rawSettings(stack), stack);

      const warnings = logs.filter(({ severity }) => severity !== "info").map(({ message }) => message);
      expect(warnings).toEqual([
        expect.stringContaining("belongs to nobody"),
        expect.stringContaining("with which nobody can log in"),
      ]);
      expect(resources.length).toBeGreaterThan(120);
    },
  );

  it("warns of a production whose backups would die with the cluster", async () => {
    const { logs } = await evaluatePlatform(withValue(rawSettings("prod"), "offsite", undefined));

    expect(logs.map(({ message }) => message).join()).toContain("offsite: missing in prod");
  });

  it("puts nothing on the cluster before its API has answered, and that not before its servers exist", async () => {
    const { resources } = await evaluatePlatform(rawSettings("staging"), "staging");

    const provider = resources.find(
      ({ name, type }) => type === "pulumi:providers:kubernetes" && name === "kubernetes",
    );
    const servers = resources.filter(({ type }) => type === SERVER).map(({ urn }) => urn);
    expect(servers).toHaveLength(3);
    expect(provider?.dependencies).toEqual(expect.arrayContaining(servers));
    const onTheCluster = resources.filter(
      ({ type, kind }) => type.startsWith("kubernetes:") && kind === "custom",
    );
    for (const each of onTheCluster) expect(each.provider).toBe(provider?.urn);
  });

  it("runs Airflow and ingestion only once their databases are made", async () => {
    const { resources } = await evaluatePlatform(rawSettings("dev"), "dev");

    const urnOf = (name: string) => resources.find((each) => each.name === name)?.urn;
    const made = urnOf("postgres-databases-job");
    expect(made).toBeDefined();
    const waits: readonly (readonly [job: string, secret: string])[] = [
      ["airflow-migration", "airflow-airflow-database"],
      ["datasurface-yellowlive-infrastructure", "datasurface-postgres"],
    ];
    for (const [job, secret] of waits) {
      expect(resources.find(({ name }) => name === secret)?.dependencies, secret).toContain(made);
      expect(resources.find(({ name }) => name === job)?.dependencies, job).toContain(urnOf(secret));
    }
  });

  it("keeps the kubeconfig and the keys among the outputs secret", async () => {
    const { secretOutputs } = await evaluatePlatform(rawSettings("staging"), "staging");

    expect(secretOutputs).toEqual(
      expect.arrayContaining(["kubeconfig", "snapshotKey", "grafanaPassword", "airflowAdminPassword"]),
    );
  });

  it("declares nothing at all for settings that are wrong", async () => {
    const wrong = withValue(rawSettings("dev"), "domain", "nowhere");

    await expect(evaluateStack({ program: platform, config: { settings: wrong } })).rejects.toThrow(
      'domain: given "nowhere"',
    );
  });

  it("refuses a pin whose support has ended, unless the settings accept it", async () => {
    const after = String(Date.parse("2099-01-01") / 1000);
    const before = process.env.SOURCE_DATE_EPOCH;
    process.env.SOURCE_DATE_EPOCH = after;
    try {
      await expect(evaluatePlatform(rawSettings("dev"))).rejects.toThrow(
        `ubuntu ${versions.ubuntu.version} is out of support`,
      );
      const accepting = withValue(rawSettings("dev"), "acceptOutOfSupport", Object.keys(versions));
      await expect(evaluatePlatform(accepting)).resolves.toBeDefined();
    } finally {
      process.env.SOURCE_DATE_EPOCH = before;
    }
  });

  it("deploys to an existing cluster without a single server", async () => {
    const raw = { ...rawSettings("dev"), target: { kind: "existing" } };

    const { logs, resources } = await evaluatePlatform(raw);
    expect(logs.map(({ message }) => message).join()).toContain(
      "PostgreSQL, and what stands on it, need our etcd",
    );
    expect(resources.filter(({ type }) => /^(hcloud|tls):/.test(type))).toEqual([]);
    expect(resources.filter(({ type }) => type === "kubernetes:core/v1:Namespace").length).toBeGreaterThan(5);
  });
});
