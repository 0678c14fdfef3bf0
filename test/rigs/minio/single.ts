import { createHash, createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ObjectStore, type ObjectStoreAddress, StoreConnection } from "../../../jobs/shared";
import { Admin } from "../../../jobs/storage/admin";
import type { Policy } from "../../../jobs/storage/policies";
import { Child } from "../child";
import { freePort } from "../postgres/postgres";
import { eventually } from "../waiting";

const ROOT = { accessKey: "trellis", secretKey: "only-for-tests-on-loopback" };

/** One real MinIO server with one drive, as a store off the cluster or a small source. */
export interface SingleMinio {
  /** A bucket with root's keys, or those of a user. */
  address(
    bucket: string,
    keys?: { readonly accessKey: string; readonly secretKey: string },
  ): ObjectStoreAddress;
  /** A bucket as the settings of a job name it. */
  environment(prefix: string, address: ObjectStoreAddress): Record<string, string>;
  makeBucket(
    bucket: string,
    how?: { readonly versioning?: boolean; readonly lockDays?: number },
  ): Promise<void>;
  /** Removes the bucket with all that it holds. */
  forgetBucket(bucket: string): Promise<void>;
  user(name: string, policy: Policy): Promise<{ readonly accessKey: string; readonly secretKey: string }>;
  stop(): Promise<void>;
}

export async function startSingleMinio(): Promise<SingleMinio> {
  const home = mkdtempSync(join(tmpdir(), "trellis-minio-single-"));
  const port = await freePort();
  const server = new Child(
    "minio",
    ["server", "--quiet", "--address", `127.0.0.1:${port}`, join(home, "drive")],
    {
      MINIO_CI_CD: "1", // a drive on the system's own disk is allowed
      MINIO_ROOT_USER: ROOT.accessKey,
      MINIO_ROOT_PASSWORD: ROOT.secretKey,
      MINIO_BROWSER: "off",
    },
  );
  const endpoint = `http://127.0.0.1:${port}`;
  const address = (bucket: string, keys = ROOT) => ({ endpoint, region: "us-east-1", bucket, ...keys });
  const { signal } = new AbortController();
  const admin = new Admin(
    { endpoint, region: "us-east-1", user: ROOT.accessKey, password: ROOT.secretKey },
    signal,
  );
  await eventually("MinIO takes writes", 120_000, async () => {
    await admin.requireWrites();
    return true;
  });
  const put = async (bucket: string, part: Record<string, string>, xml: string) => {
    const connection = new StoreConnection(address(bucket), signal);
    await connection
      .send({ method: "PUT", query: part, body: Buffer.from(xml) })
      .finally(() => connection.close());
  };
  return {
    address,
    environment: (prefix, { endpoint: at, region, bucket, accessKey, secretKey, prefix: keys }) => ({
      [`${prefix}_ENDPOINT`]: at,
      [`${prefix}_REGION`]: region,
      [`${prefix}_BUCKET`]: bucket,
      [`${prefix}_ACCESS_KEY_ID`]: accessKey,
      [`${prefix}_SECRET_ACCESS_KEY`]: secretKey,
      ...(keys === undefined ? {} : { [`${prefix}_PREFIX`]: keys }),
    }),
    makeBucket: async (bucket, { versioning, lockDays } = {}) => {
      const connection = new StoreConnection(address(bucket), signal);
      const headers: Record<string, string> =
        lockDays === undefined ? {} : { "x-amz-bucket-object-lock-enabled": "true" };
      await connection.send({ method: "PUT", headers }).finally(() => connection.close());
      if (versioning)
        await put(
          bucket,
          { versioning: "" },
          "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
        );
      if (lockDays !== undefined)
        await put(
          bucket,
          { "object-lock": "" },
          `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>${lockDays}</Days></DefaultRetention></Rule></ObjectLockConfiguration>`,
        );
    },
    forgetBucket: async (bucket) => {
      const store = new ObjectStore(address(bucket), signal);
      const connection = new StoreConnection(address(bucket), signal);
      try {
        for await (const { key, version } of store.versions("")) await store.removeVersion(key, version);
        await connection.send({ method: "DELETE" });
      } finally {
        store.close();
        connection.close();
      }
    },
    user: async (name, policy) => {
      const secretKey = createHmac("sha256", ROOT.secretKey).update(name).digest("hex").slice(0, 32);
      await admin.setPolicy(name, policy);
      await admin.setUser(name, secretKey, name);
      return { accessKey: name, secretKey };
    },
    stop: async () => {
      admin.close();
      await server.kill();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

export const sha256 = (content: Buffer | string) => createHash("sha256").update(content).digest("hex");
