import { describe, expect, it } from "vitest";
import { type KubernetesObject, kubernetesObject } from "../../../../cli/shared/kubernetes-objects";
import { ObjectMirror, type ObjectMirrorArgs } from "../../../../components/data/mirror";
import { mirroredBuckets, parseSettings } from "../../../../components/settings";
import { storage } from "../../../../jobs/storage";
import { evaluateStack } from "../../../rigs/evaluate";
import { rawSettings, withValue } from "../../../rigs/platform/stacks";
import type { Rendered } from "../../../rigs/rendered-objects";

const ARGS: ObjectMirrorArgs = {
  namespace: "storage",
  environment: "prod",
  cluster: "trellis",
  image: "registry.example/jobs@sha256:01",
  buckets: ["crm-documents", "rain-files"],
  keepDays: 30,
  source: {
    store: {
      endpoint: "https://minio-api.storage.svc.cluster.local:9000",
      region: "us-east-1",
      bucket: "trellis-mirror",
      accessKey: "trellis-mirror",
      secretKey: "the-key-of-the-mirror",
      authority: "the authority of the store",
    },
    // Safe: the component reads names alone, and plain texts are inputs as outputs are.
    secrets: {
      root: { name: "minio-root", keys: { user: "MINIO_ROOT_USER", password: "MINIO_ROOT_PASSWORD" } },
      authority: "minio-authority",
    } as unknown as NonNullable<ObjectMirrorArgs["source"]>["secrets"],
  },
  offsite: {
    endpoint: "https://nbg1.your-objectstorage.com",
    region: "nbg1",
    bucket: "example-offsite" as NonNullable<ObjectMirrorArgs["offsite"]>["bucket"], // safe: the schema would take it
    accessKey: "the-name-of-the-writing-key",
    secretKey: "the-writing-key",
    prune: { accessKey: "the-name-of-the-pruning-key", secretKey: "the-pruning-key" },
  },
  monitoring: true,
};

async function rendered(changes: Partial<ObjectMirrorArgs> = {}) {
  const args = { ...ARGS, ...changes };
  const { resources } = await evaluateStack({ program: () => void new ObjectMirror("object-mirror", args) });
  const objects = resources.flatMap((each): KubernetesObject[] => {
    const object = kubernetesObject(each, each.inputs);
    return object ? [object] : [];
  });
  const of = (kind: string): Rendered[] =>
    objects.filter((each) => each.kind === kind).map(({ manifest }) => manifest);
  const jobs = new Map<string, Rendered>(
    of("CronJob")
      .map((job): [string, Rendered] => [job.metadata.name, job.spec])
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
  return { objects, of, jobs };
}
const podOf = (job: Rendered) => job.jobTemplate.spec.template;
const variables = (job: Rendered): Map<string, Rendered> =>
  new Map(podOf(job).spec.containers[0].env.map(({ name, ...from }: Rendered) => [name, from]));
/** The Secrets that a job's container gets, by variable. */
const secretsOf = (job: Rendered) =>
  Object.fromEntries(
    [...variables(job)].flatMap(([name, { valueFrom }]) =>
      valueFrom ? [[name, valueFrom.secretKeyRef.name]] : [],
    ),
  );

describe("the copy of object storage off the cluster", () => {
  it("covers what has no copy otherwise, and what the settings add or leave out", () => {
    expect(mirroredBuckets(parseSettings(rawSettings("prod")))).toEqual([
      ...["crm-documents", "crm-quotes", "crm-attachments", "rain-files"],
    ]);
    const buckets = { photos: {}, scratch: { mirror: false }, logs: { expireDays: 3, mirror: true } };
    const chosen = parseSettings(
      withValue(rawSettings("prod"), "minio", { buckets, applications: { crm: { buckets: ["photos"] } } }),
    );
    expect(mirroredBuckets(chosen)).toEqual(["photos", "logs"]);
  });

  it("is made, pruned and tried, each in its own time and never twice at once; a restore is started by people", async () => {
    const { jobs } = await rendered();
    expect([...jobs].map(([name, { schedule, suspend }]) => [name, suspend ? "by hand" : schedule])).toEqual([
      ["object-drill", "40 6 * * 0"],
      ["object-mirror", "10 * * * *"],
      ["object-prune", "20 5 * * *"],
      ["object-restore", "by hand"],
    ]);
    for (const job of jobs.values())
      expect(job).toMatchObject({ concurrencyPolicy: "Forbid", timeZone: "Etc/UTC" });
    expect((await rendered({ environment: "dev" })).jobs.get("object-drill").suspend).toBe(true);
  });

  it("gives each job the keys that it needs and no other", async () => {
    const { jobs } = await rendered();
    const own = {
      MIRROR_S3_ACCESS_KEY_ID: "object-mirror-access",
      MIRROR_S3_SECRET_ACCESS_KEY: "object-mirror-access",
    };
    const offsite = (secret: string) => ({
      MIRROR_OFFSITE_ACCESS_KEY_ID: secret,
      MIRROR_OFFSITE_SECRET_ACCESS_KEY: secret,
    });
    const identity = { MIRROR_IDENTITY: "object-mirror-key" };
    expect(secretsOf(jobs.get("object-mirror"))).toEqual({
      ...own,
      ...offsite("object-mirror-access"),
      MIRROR_RECIPIENT: "object-mirror-access",
    });
    expect(secretsOf(jobs.get("object-prune"))).toEqual({ ...own, ...offsite("object-mirror-prune") });
    expect(secretsOf(jobs.get("object-drill"))).toEqual({
      ...own,
      ...offsite("object-mirror-access"),
      ...identity,
    });
    expect(secretsOf(jobs.get("object-restore"))).toEqual({
      MIRROR_S3_ACCESS_KEY_ID: "minio-root",
      MIRROR_S3_SECRET_ACCESS_KEY: "minio-root",
      ...offsite("object-mirror-access"),
      ...identity,
    });
  });

  it("prunes with the writing key where there is no other", async () => {
    const { prune: _, ...offsite } = ARGS.offsite ?? {};
    const { jobs, of } = await rendered({ offsite: offsite as ObjectMirrorArgs["offsite"] }); // safe: one field less, which is optional
    expect(secretsOf(jobs.get("object-prune"))).toMatchObject({
      MIRROR_OFFSITE_ACCESS_KEY_ID: "object-mirror-access",
    });
    expect(
      of("Secret")
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual([...["object-mirror-access", "object-mirror-key"]]);
  });

  it("knows the variables that its jobs read, and gives them all that they require", async () => {
    const { jobs } = await rendered();
    for (const [name, job] of jobs) {
      const verb = storage.verbs.find((each) => each.name === name.replace("object-", ""));
      const known = verb?.declares.map(({ syntax, summary }) => `${syntax} ${summary}`).join() ?? "";
      const given = [...variables(job).keys()].filter((each) => each.startsWith("MIRROR_"));
      expect(given.length).toBeGreaterThan(6);
      for (const each of given) expect(known, `${name}: ${each}`).toContain(each);
    }
  });

  it("lets its jobs leave the cluster by the store's port, and its exporter not at all", async () => {
    const { of, jobs } = await rendered();
    const [policy] = of("NetworkPolicy");
    expect(policy.spec).toMatchObject({
      podSelector: { matchLabels: { "app.kubernetes.io/name": "object-mirror" } },
      policyTypes: ["Egress"],
      egress: [{ ports: [{ port: 443, protocol: "TCP" }] }],
    });
    for (const job of jobs.values())
      expect(podOf(job).metadata.labels).toMatchObject(policy.spec.podSelector.matchLabels);
    const [exporter] = of("Deployment");
    expect(exporter.spec.template.metadata.labels["app.kubernetes.io/name"]).toBe("object-mirror-exporter");
  });

  it("keeps its key where there is no store, so that a returning store can be read", async () => {
    const { objects } = await rendered({ offsite: undefined, source: undefined });
    expect(objects).toEqual([]);
    const key = async (changes: Partial<ObjectMirrorArgs>) =>
      (
        await evaluateStack({
          program: () => void new ObjectMirror("object-mirror", { ...ARGS, ...changes }),
        })
      ).resources.find(({ name }) => name === "object-mirror-offsite-key");
    expect(await key({ offsite: undefined, source: undefined })).toBeDefined();
  });
});
