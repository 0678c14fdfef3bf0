import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { contentsOf } from "../../../../components/data/external-store/contents";
import { parseSettings } from "../../../../components/settings";
import { StoreConnection } from "../../../../jobs/shared";
import { policyOf } from "../../../../jobs/storage/policies";
import { runJob } from "../../../rigs/jobs/run-job";
import { type SingleMinio, startSingleMinio } from "../../../rigs/minio/single";
import { rawSettings } from "../../../rigs/platform/stacks";
import { describeWith } from "../../../rigs/programs";

const { minio: settings } = parseSettings({
  ...rawSettings("prod"),
  minio: { kind: "external", endpoint: "https://s3.example.com", region: "us-east-1", prefix: "acme-" },
});

describeWith(["minio"], "a store that exists, with a real MinIO as the store", () => {
  let store: SingleMinio;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "trellis-prepare-"));
    store = await startSingleMinio();
  });
  afterAll(async () => {
    await store?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = async (bucket: string, query: Record<string, string>, body?: string) => {
    const connection = new StoreConnection(store.address(bucket), AbortSignal.timeout(30_000));
    const sent =
      body === undefined ? { method: "GET" as const } : { method: "PUT" as const, body: Buffer.from(body) };
    return (await connection.send({ ...sent, query }).finally(() => connection.close())).body;
  };

  /** Runs the Job of a stack, with the keys of these applications in files of their own. */
  async function prepare(
    own: Readonly<Record<string, { readonly accessKey: string; readonly secretKey: string }>> = {},
    by = store.address("any"),
  ) {
    const specification = join(folder, "specification.json");
    writeFileSync(
      specification,
      contentsOf({
        buckets: settings.buckets,
        applications: settings.applications,
        prefix: "acme-",
        mirrored: ["crm-documents"],
        withOwnKeys: Object.keys(own),
      }),
    );
    for (const [application, { accessKey, secretKey }] of Object.entries(own)) {
      writeFileSync(join(folder, `${application}-access-key`), accessKey);
      writeFileSync(join(folder, `${application}-secret-key`), secretKey);
    }
    return runJob(["storage", "prepare"], {
      environment: {
        STORAGE_ENDPOINT: by.endpoint,
        STORAGE_REGION: by.region,
        STORAGE_ACCESS_KEY: by.accessKey,
        STORAGE_SECRET_KEY: by.secretKey,
        STORAGE_SPECIFICATION: specification,
        STORAGE_KEYS: folder,
      },
    });
  }

  it("gets the buckets of the settings with their versioning and expiry, and keeps what is in them", async () => {
    expect(await prepare()).toMatchObject({ exitCode: 0 });
    expect(await ask("acme-crm-documents", { versioning: "" })).toContain("<Status>Enabled</Status>");
    expect(await ask("acme-crm-temp", { lifecycle: "" })).toContain("<Days>7</Days>");
    expect(await ask("acme-trellis-mirror", { "list-type": "2" })).toContain("<KeyCount>0</KeyCount>");
    expect(await prepare()).toMatchObject({ exitCode: 0 });
  });

  it("fails where the keys of an application do not open its buckets, and names both", async () => {
    const policy = policyOf({ name: "crm", epoch: 1, may: "use-buckets", buckets: ["acme-crm-quotes"] });
    const crm = await store.user("crm-user", policy);
    const { exitCode, stderr, stdout } = await prepare({ crm });

    expect(exitCode).not.toBe(0);
    expect(stderr + stdout).toMatch(/crm cannot use acme-crm-documents: .* denies/);
    expect(stderr + stdout).not.toContain("crm cannot use acme-crm-quotes");
    expect(stderr + stdout).not.toContain(crm.secretKey);
  });

  it("fails where anybody can list a bucket", async () => {
    const open = {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { AWS: ["*"] },
          Action: ["s3:ListBucket"],
          Resource: ["arn:aws:s3:::acme-rain-files"],
        },
      ],
    };
    await ask("acme-rain-files", { policy: "" }, JSON.stringify(open));
    const { exitCode, stderr, stdout } = await prepare();

    expect(exitCode).not.toBe(0);
    expect(stderr + stdout).toContain("anybody can list the bucket acme-rain-files");
  });

  it("says what to do where the key may not create a bucket", async () => {
    const nobody = await store.user(
      "may-nothing",
      policyOf({ name: "x", epoch: 1, may: "use-buckets", buckets: ["elsewhere"] }),
    );
    const { exitCode, stderr, stdout } = await prepare({}, store.address("any", nobody));

    expect(exitCode).not.toBe(0);
    expect(stderr + stdout).toContain("set minio.prefix, or grant it");
  });
});
