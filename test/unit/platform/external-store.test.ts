import { beforeAll, describe, expect, it } from "vitest";
import type { Evaluation } from "../../../cli/pulumi-monitor";
import { parseSettings } from "../../../components/settings";
import { EXEMPTIONS } from "../../../policy/exemptions";
import { isClean, judge } from "../../../policy/judge";
import { planOf } from "../../../policy/plan";
import { evaluatePlatform } from "../../rigs/platform/platform";
import { rawSettings, withValue } from "../../rigs/platform/stacks";

/** A port of its own, so that no other allowance admits these connections. */
const ENDPOINT = "https://s3.example.com:8443";

const external = (more: object = {}) => ({
  ...rawSettings("prod"),
  gardenos: {},
  postgres: { replicas: 2, memoryMib: 6656 },
  minio: { kind: "external", endpoint: ENDPOINT, region: "fsn1", prefix: "acme-", ...more },
});

describe("a stack whose objects are in a store that exists", () => {
  const raw = external();
  let evaluation: Evaluation;
  // biome-ignore lint/suspicious/noExplicitAny: a rendered object is looked into at many depths.
  let objects: { readonly kind: string; readonly name: string; readonly inputs: any }[];
  beforeAll(async () => {
    evaluation = await evaluatePlatform(raw, "prod");
    objects = evaluation.resources
      .filter(({ type }) => type.startsWith("kubernetes:"))
      .map(({ type, name, inputs }) => ({ kind: type.split(":").at(-1) ?? "", name, inputs }));
  });
  const named = (kind: string, name: string) =>
    objects.find((each) => each.kind === kind && each.inputs.metadata?.name === name)?.inputs;
  const environmentOf = (job: { readonly jobTemplate?: object; readonly template?: object }) => {
    // biome-ignore lint/suspicious/noExplicitAny: as above.
    const { template } = (job.jobTemplate ? (job.jobTemplate as any).spec : job) as any;
    return Object.fromEntries(
      template.spec.containers[0].env.map(({ name, value }: { name: string; value?: string }) => [
        name,
        value,
      ]),
    );
  };

  it("has no server of MinIO and nothing that names one", () => {
    const naming = evaluation.resources
      .filter(({ name, inputs }) => /minio/i.test(JSON.stringify([name, inputs])))
      .map(({ type, name }) => `${type} ${name}`);

    expect(naming).toEqual([]);
    expect(JSON.stringify(evaluation.outputs)).not.toMatch(/minio/i);
    expect(evaluation.outputs.objectStorage).toMatchObject({ endpoint: ENDPOINT });
    expect(evaluation.outputs.objectStorage).not.toHaveProperty("root");
  });

  it("gives every program that stores objects the endpoint, the region and its bucket there", () => {
    expect(environmentOf(named("CronJob", "backup-create").spec)).toMatchObject({
      BACKUP_S3_ENDPOINT: ENDPOINT,
      BACKUP_S3_REGION: "fsn1",
      BACKUP_S3_BUCKET: "acme-crm-backups",
    });
    expect(environmentOf(named("CronJob", "object-mirror").spec)).toMatchObject({
      MIRROR_S3_ENDPOINT: ENDPOINT,
      MIRROR_S3_BUCKET: "acme-trellis-mirror",
      MIRROR_BUCKETS: "acme-crm-documents,acme-crm-quotes,acme-crm-attachments,acme-rain-files",
    });
    expect(environmentOf(named("Deployment", "storage").spec)).toMatchObject({
      STORAGE_S3_ENDPOINT: ENDPOINT,
      STORAGE_S3_BUCKET: "acme-crm-documents",
    });
    expect(environmentOf(named("CronJob", "rain-import-current-year").spec)).toMatchObject({
      RAIN_FILES_ENDPOINT: ENDPOINT,
      RAIN_FILES_REGION: "fsn1",
      RAIN_FILES_BUCKET: "acme-rain-files",
    });
    expect(JSON.parse(named("Secret", "airflow-logs").stringData.connection).extra).toEqual({
      endpoint_url: ENDPOINT,
      region_name: "fsn1",
    });
    const archive = evaluation.artefacts.find(({ path }) => path.endsWith("member/pgbackrest.conf"));
    expect(archive?.content).toContain("repo1-s3-endpoint=s3.example.com\nrepo1-storage-port=8443");
    expect(archive?.content).toContain("repo1-s3-bucket=acme-postgres-archive");
    expect(archive?.content).not.toContain("repo1-storage-ca-file");
  });

  it("trusts the system's CAs where the store has none of its own", () => {
    const variables = objects.map(({ inputs }) => JSON.stringify(inputs)).join("\n");
    expect(variables).not.toMatch(/NODE_EXTRA_CA_CERTS[^}]*(authorities|storage)/);
  });

  it("opens the store's port to the namespaces that use it, and MinIO's to nobody", () => {
    const policies = objects.filter(({ kind }) => kind === "NetworkPolicy").map(({ inputs }) => inputs);
    const reaching = (port: number) =>
      policies
        .filter(({ spec }) => JSON.stringify(spec.egress ?? []).includes(`"port":${port},`))
        .map(({ metadata }) => metadata.namespace);

    expect(new Set(reaching(8443))).toEqual(
      new Set(["postgres", "storage", "airflow", "gardenos", "operations", "rain-tracker"]),
    );
    expect(reaching(9000)).toEqual([]);
  });

  it("checks whether the store answers, and not its drives", () => {
    const platform = JSON.parse(named("ConfigMap", "operations-platform").data["platform.json"]);
    expect(platform.objects).toEqual({ kind: "external", url: ENDPOINT, buckets: 8 });
    expect(platform.forbidden).toMatchObject({ namespace: "postgres" });
  });

  it("passes the policies", () => {
    const { resources, artefacts: rendered } = evaluation;
    const verdict = judge(planOf({ settings: parseSettings(raw), resources, rendered }), {
      exemptions: EXEMPTIONS.filter(({ resource }) => !resource.includes("minio")),
    });
    expect(verdict.violations.map(({ rule, resource }) => [rule.name, resource])).toEqual([]);
    expect(isClean(verdict)).toBe(true);
  });
});

describe("settings of a store that exists", () => {
  const problemsOf = (raw: Record<string, unknown>): string => {
    try {
      parseSettings(raw);
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };

  it("refuse what only MinIO's servers have, and say why", () => {
    expect(problemsOf(external({ pods: 3 }))).toContain(
      "minio.pods: given 3; allowed: no setting of this name with kind external; remove it, or set kind to minio",
    );
    expect(problemsOf(external({ corsOrigins: [] }))).toContain("minio.corsOrigins");
    expect(problemsOf(withValue(external(), "minio.kind", "extern"))).toContain(
      'minio.kind: given "extern"; allowed: one of minio, external; did you mean external?',
    );
    expect(problemsOf(withValue(rawSettings("prod"), "minio", { endpoint: ENDPOINT }))).toContain(
      "minio.endpoint",
    );
  });

  it("refuse addresses that network policies do not open, and buckets with names that are too long", () => {
    expect(problemsOf(external({ endpoint: "https://10.1.2.3" }))).toContain("a public address");
    expect(
      problemsOf(external({ prefix: "a".repeat(30), buckets: { ["b".repeat(40)]: {} }, applications: {} })),
    ).toContain("has 70");
  });
});
