import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { DATA_NAMESPACES } from "../../../components/data";
import { adviceOn, parseSettings } from "../../../components/settings";
import { versions } from "../../../components/shared/versions";
import { SYSTEM_NAMESPACES } from "../../../components/systems";
import platform from "../../../index";
import { evaluateStack } from "../../rigs/evaluate";
import { evaluatePlatform } from "../../rigs/platform/platform";
import { existingCluster, rawSettings, STACKS, withValue } from "../../rigs/platform/stacks";

const SERVER = "hcloud:index/server:Server";

describe("the platform", () => {
  it.each(STACKS)(
    "of %s is declared with no other warning than those of an example and of a staging authority",
    async (stack) => {
      const { logs, resources } = await evaluatePlatform(rawSettings(stack), stack);

      const warnings = logs.filter(({ severity }) => severity !== "info").map(({ message }) => message);
      expect(warnings).toEqual([
        expect.stringContaining("set a domain that you own"),
        expect.stringMatching(/^target\.access\.from: nobody comes from .*; replace it with your own$/),
        expect.stringMatching(/^target\.access\.sshKeys: .*; replace it with your own$/),
        ...(stack === "prod"
          ? []
          : [expect.stringMatching(/^target\.addons\.certManager: certificates in .* staging authority/)]),
      ]);
      expect(resources.length).toBeGreaterThan(120);
    },
  );

  it("names no path of the machine that it runs on, which would change on every other machine", async () => {
    const { resources } = await evaluatePlatform(rawSettings("prod"), "prod");

    const naming = resources.filter(({ inputs }) => JSON.stringify(inputs).includes(process.cwd()));
    expect(resources.length).toBeGreaterThan(120);
    expect(naming.map(({ urn }) => urn)).toEqual([]);
  });

  it("warns of a short lease where the servers are in several network zones", () => {
    const advice = (stack: (typeof STACKS)[number]) =>
      adviceOn(parseSettings(withValue(rawSettings(stack), "postgres", { failover: "fast" }))).join();
    expect(advice("staging")).toContain("postgres.failover: fast");
    expect(advice("prod")).not.toContain("postgres.failover");
  });

  it("warns of a production whose backups would die with the cluster", () => {
    const settings = parseSettings(withValue(rawSettings("prod"), "offsite", undefined));

    expect(adviceOn(settings).join()).toContain("offsite: missing in prod");
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
      expect.arrayContaining([
        ...["kubeconfig", "kubeconfigDeveloper", "kubeconfigReadOnly"],
        ...["snapshotKey", "grafanaPassword", "airflowAdminPassword"],
      ]),
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
        `ubuntu ${versions.ubuntu.version} has been out of support since `,
      );
      const accepting = withValue(rawSettings("dev"), "acceptOutOfSupport", Object.keys(versions));
      await expect(evaluatePlatform(accepting)).resolves.toBeDefined();
    } finally {
      process.env.SOURCE_DATE_EPOCH = before;
    }
  });

  it("waits for the address of no Ingress, since none may ever be published", async () => {
    const { resources } = await evaluatePlatform(rawSettings("prod"), "prod");

    const ingresses = resources.filter(({ type }) => type.endsWith(":Ingress"));
    expect(ingresses.length).toBeGreaterThan(2);
    for (const { name, inputs } of ingresses) {
      const annotations = { "pulumi.com/skipAwait": "true" };
      expect(inputs.metadata, name).toMatchObject({ annotations });
    }
  });

  it("declares charts as the Helm controller would write them, and lets a failed one be tried again", async () => {
    const { resources } = await evaluatePlatform(rawSettings("prod"), "prod");

    const charts = resources.filter(({ type }) => type.endsWith(":HelmChart"));
    expect(charts.length).toBeGreaterThan(5);
    for (const { name, inputs } of charts) {
      // Go prints 600 seconds as 10m0s; fields of no value are left out.
      expect(inputs.spec, name).toMatchObject({ timeout: "10m0s", failurePolicy: "retry" });
      expect(Object.values(Object(inputs.spec)), name).not.toContain(false);
      expect(Object.values(Object(inputs.spec)), name).not.toContain("");
    }
  });

  describe("under protection", () => {
    const RANDOM = [
      ...[
        "airflow-fernet-key",
        "backup-offsite-key",
        "minio-servers-root-password",
        "object-mirror-offsite-key",
      ],
      ...["postgres-archive-passphrase-1", "postgres-archive-passphrase-2"],
      ...["replication", "rest", "rewind", "superuser"].map((user) => `postgres-cluster-${user}`),
    ];
    const NAMESPACES = Object.values({ ...DATA_NAMESPACES, ...SYSTEM_NAMESPACES }).map(
      ({ name }) => `foundation-${name}`,
    );
    const OBJECTS = [...NAMESPACES, "minio-servers-set", "postgres-cluster-members", "rain-archive"];
    const everywhere = ["destroy-guard", ...RANDOM, ...OBJECTS, "minio-servers-authority"];

    const protectedBy = async (raw: Record<string, unknown>) => {
      const { resources } = await evaluatePlatform(raw, "prod");
      const kept = resources.filter(({ options }) => options.protect).map(({ name }) => name);
      return [...new Set(kept)].sort();
    };

    it("is on servers of its own what nobody could make again, and what the servers are reached by", async () => {
      const kept = await protectedBy(rawSettings("prod"));

      const authorities = ["client", "embedded-etcd", "etcd", "postgres", "request-header", "server"];
      const join = ["agent-token", "secrets-encryption-key", "server-token", "tunnel-key"];
      expect(kept.filter((name) => !/^cluster-(addresses|servers)/.test(name))).toEqual(
        [
          ...everywhere,
          ...["cluster-join-secrets", ...join.map((purpose) => `cluster-join-secrets-${purpose}`)],
          ...authorities.map((each) => `cluster-pki-${each === "postgres" ? "postgres-ca" : `${each}-ca`}`),
          ...["cluster-pki-service-account", "cluster-patroni", "cluster-snapshots"],
        ].sort(),
      );
      expect(kept.filter((name) => name.startsWith("cluster-servers-ubuntu"))).toHaveLength(3);
    });

    it("is on an existing cluster the same, and its etcd; and nothing without it", async () => {
      const on = (protection: boolean) => protectedBy(existingCluster(protection ? {} : { protection })); // it is the default

      const own = ["etcd-authority", "etcd-members", "postgres-pki-ca"];
      expect(await on(true)).toEqual([...everywhere, ...own].sort());
      expect(await on(false)).toEqual([]);
    });
  });

  describe("on a cluster that others look after", () => {
    it("deploys all that it deploys to servers of its own, and an etcd, without a single server or add-on", async () => {
      const [own, other] = [
        await evaluatePlatform(
          withValue(rawSettings("prod"), "target.addons", { monitoring: false }),
          "prod",
        ),
        await evaluatePlatform(existingCluster(), "prod"),
      ];
      const workloads = ({ resources }: typeof own) =>
        resources
          .filter(({ type }) => /^kubernetes:(apps|batch).*:(CronJob|Deployment|Job|StatefulSet)$/.test(type))
          .map(({ name }) => name);

      expect(workloads(other)).toEqual(expect.arrayContaining(["etcd-members", "postgres-cluster-members"]));
      expect(workloads(own).filter((name) => !workloads(other).includes(name))).toEqual([]);
      expect(workloads(other).filter((name) => !workloads(own).includes(name))).toEqual(["etcd-members"]);
      expect(other.resources.filter(({ type }) => /^hcloud:|:HelmChart$/.test(type))).toEqual([]);
      expect(Object.keys(other.outputs).sort()).toEqual([
        "airflowAdminPassword",
        "endpoints",
        "health",
        "images",
        "objectStorage",
        "postgres",
      ]);
    });

    it("leads Patroni to that etcd, which has no users, and opens no port of a node", async () => {
      const { resources, artefacts } = await evaluatePlatform(existingCluster(), "prod");

      const config = artefacts.find(({ path }) => path === "postgres/patroni.yml");
      const { etcd3 } = parse(config?.content ?? "");
      expect(etcd3.hosts).toEqual([0, 1, 2].map((n) => `etcd-${n}.etcd.postgres.svc.cluster.local:2379`));
      expect(etcd3).not.toHaveProperty("username");
      const services = resources.filter(({ type }) => type === "kubernetes:core/v1:Service");
      expect(services.filter(({ inputs }) => JSON.stringify(inputs).includes("NodePort"))).toEqual([]);
    });

    it("takes its nodes' ranges for the API, its class of storage, and its issuer of certificates", async () => {
      const raw = existingCluster({ storageClass: "fast", certificateIssuer: "acme" });

      const said = JSON.stringify((await evaluatePlatform(raw)).resources.map(({ inputs }) => inputs));
      expect(said).toContain('"cidr":"192.0.2.0/24"');
      expect(said).toContain('"cert-manager.io/cluster-issuer":"acme"');
      expect(said).not.toContain("letsencrypt");
      expect(said.match(/"storageClassName":"[^"]+"/g)).toSatisfy((all: string[]) =>
        all.every((each) => each === '"storageClassName":"fast"'),
      );
    });
  });
});
