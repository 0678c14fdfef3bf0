import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { minioAlerts } from "../../../../../components/data/minio/alerts";
import { metricsToken } from "../../../../../components/data/minio/metrics-token";
import type { DriveLayout } from "../../../../../components/settings";
import { encryptedBody } from "../../../../../jobs/storage/encrypted-body";
import { MINIO_IN_CLUSTER_PROGRAMS, MinioInCluster, renderedLater } from "../../../../rigs/minio/in-cluster";
import { minioSettings } from "../../../../rigs/minio/rendered";
import { authorityOf } from "../../../../rigs/pki/certificates";
import { describeWith } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

const FOUR_OVER_THREE: DriveLayout = { pods: 4, drivesPerPod: 1, parity: 2 };

const OWN_BUCKETS: Readonly<Record<string, readonly string[]>> = {
  crm: ["crm-documents", "crm-quotes", "crm-attachments", "crm-temp"],
  backups: ["crm-backups"],
  archive: ["postgres-archive"],
  airflow: ["airflow-logs"],
  rain: ["rain-files"],
};
const BUCKETS = Object.values(OWN_BUCKETS).flat();

describeWith(MINIO_IN_CLUSTER_PROGRAMS, "object storage as it is rendered", () => {
  let minio: MinioInCluster;

  beforeAll(async () => {
    minio = await MinioInCluster.start(FOUR_OVER_THREE, "127.71.0");
    expect(await minio.provision()).toMatchObject({ exitCode: 0 });
  });
  afterAll(() => minio?.stop());

  /** All that provisioning decides: buckets and their parts, policies, users. */
  async function state(): Promise<unknown> {
    const asRoot = async (path: string) => {
      const { status, body } = await minio.ask("GET", path, { keys: minio.root });
      return { status, body: comparable(body) };
    };
    const parts = ["versioning", "lifecycle", "policy"];
    return {
      policies: await asRoot("/minio/admin/v3/list-canned-policies"),
      users: await Promise.all(
        [...Object.keys(OWN_BUCKETS), "metrics"].map((each) =>
          asRoot(`/minio/admin/v3/user-info?accessKey=trellis-${each}`),
        ),
      ),
      buckets: await Promise.all(
        BUCKETS.flatMap((bucket) => parts.map((part) => asRoot(`/${bucket}?${part}=`))),
      ),
    };
  }

  it("has its buckets with the versioning and lifecycle of the settings, and no policy on any", async () => {
    const read = async (path: string) => (await minio.ask("GET", path, { keys: minio.root })).body;

    expect(await read("/crm-documents?versioning=")).toContain("<Status>Enabled</Status>");
    expect(await read("/crm-documents?lifecycle=")).toContain("<NoncurrentDays>30</NoncurrentDays>");
    expect(await read("/crm-temp?lifecycle=")).toContain("<Days>7</Days>");
    expect(await read("/crm-backups?lifecycle=")).toContain("NoSuchLifecycleConfiguration");
    for (const bucket of BUCKETS) expect(await read(`/${bucket}?policy=`)).toContain("NoSuchBucketPolicy");
  });

  it("lets each application do its work in its own buckets, and nothing at all in another's", async () => {
    for (const [application, own] of Object.entries(OWN_BUCKETS)) {
      const keys = minio.keysOf(application);
      await Promise.all(
        BUCKETS.map(async (bucket) => {
          const path = `/${bucket}/${application}`;
          const statuses = [
            (await minio.ask("PUT", path, { keys, body: "content" })).status,
            (await minio.ask("GET", path, { keys })).status,
            (await minio.ask("GET", `/${bucket}?list-type=2`, { keys })).status,
            (await minio.ask("DELETE", path, { keys })).status,
          ];
          const expected = own.includes(bucket) ? [200, 200, 200, 204] : [403, 403, 403, 403];
          expect(statuses, `${application} in ${bucket}`).toEqual(expected);
        }),
      );
      expect((await minio.ask("PUT", `/${application}-made-itself`, { keys })).status).toBe(403);
      expect((await minio.ask("PUT", `/${own[0]}?policy=`, { keys, body: "{}" })).status).toBe(403);
    }
  });

  it("shows nobody anything who has no key", async () => {
    for (const bucket of BUCKETS) {
      expect((await minio.ask("GET", `/${bucket}?list-type=2`)).status).toBe(403);
      expect((await minio.ask("PUT", `/${bucket}/anonymous`, { body: "content" })).status).toBe(403);
    }
  });

  it("shows people its console, by the name that the ingress checks", async () => {
    const { status, body } = await minio.ask("GET", "/login", { port: 9001 });

    expect(status).toBe(200);
    expect(body).toContain("<title>");
  });

  it("lets no application make itself keys that would outlive its own", async () => {
    const keys = minio.keysOf("crm");
    const itself = await minio.ask("PUT", `/minio/admin/v3/add-user?accessKey=${keys.accessKey}`, {
      keys,
      body: encryptedBody(
        keys.secretKey,
        Buffer.from(JSON.stringify({ secretKey: "another-secret", status: "enabled" })),
      ),
    });
    const further = await minio.ask("PUT", "/minio/admin/v3/add-service-account", {
      keys,
      body: encryptedBody(
        keys.secretKey,
        Buffer.from(JSON.stringify({ accessKey: "further", secretKey: "further-secret" })),
      ),
    });

    expect([itself, further].map(({ status, body }) => [status, JSON.parse(body).Code])).toEqual([
      [403, "AccessDenied"],
      [403, "AccessDenied"],
    ]);
  });

  it("is the same after a second run of the job", async () => {
    const before = await state();
    const again = await minio.provision();

    expect(again).toMatchObject({ exitCode: 0, termination: { code: 0 } });
    expect(await state()).toEqual(before);
  });

  it("shows its metrics to the collector's token and to nobody else, among them all that the alerts ask for", async () => {
    const { accessKey, secretKey } = minio.keysOf("metrics");
    const token = metricsToken(accessKey, secretKey);
    const path = "/minio/v2/metrics/cluster";

    const { status, body } = await minio.ask("GET", path, { token });
    expect(status).toBe(200);
    const asked = minioAlerts({ read: 2, write: 3 }).flatMap(({ expr }) => expr.match(/minio_\w+/g) ?? []);
    const shown = new Set(body.match(/^minio_\w+/gm));
    expect(new Set(asked).size).toBeGreaterThan(3);
    for (const metric of asked) expect([...shown], metric).toContain(metric);

    expect((await minio.ask("GET", path)).status).toBe(403);
    const { accessKey: crm, secretKey: crmKey } = minio.keysOf("crm");
    expect((await minio.ask("GET", path, { token: metricsToken(crm, crmKey) })).status).toBe(403);
    expect(
      (await minio.ask("GET", "/crm-documents?list-type=2", { keys: { accessKey, secretKey } })).status,
    ).toBe(403);
  });

  describe("after another up", () => {
    it("rotates keys while an application works, and no request of it fails", async () => {
      const { applications, buckets } = minioSettings({});
      const backupsAt = (epoch: number) =>
        renderedLater(minio.rendered, FOUR_OVER_THREE, {
          buckets,
          applications: {
            ...applications,
            backups: { buckets: applications.backups?.buckets ?? [], epoch },
          },
        });
      const first = minio.keysOf("backups");
      const secondRun = await backupsAt(2);
      const second = {
        accessKey: "trellis-backups_2",
        secretKey: secondRun.secretKeys["trellis-backups_2"] ?? "",
      };
      expect(second.secretKey).not.toBe(first.secretKey);
      const list = async (keys: typeof first, bucket = "crm-backups") =>
        (await minio.ask("GET", `/${bucket}?list-type=2`, { keys })).status;

      let working = true;
      let keys = first; // what the application's pods have
      const statuses = new Map<string, number>();
      const work = (async () => {
        for (let number = 0; working; number++) {
          const used = keys;
          const put = await minio.ask("PUT", "/crm-backups/load", { keys: used, body: `content ${number}` });
          const got = await minio.ask("GET", "/crm-backups/load", { keys: used });
          for (const [how, { status }] of Object.entries({ put, got })) {
            const what = `${how} as ${used.accessKey}: ${status}`;
            statuses.set(what, (statuses.get(what) ?? 0) + 1);
          }
        }
      })();
      const requests = () => [...statuses.values()].reduce((sum, each) => sum + each, 0);
      const someMore = async () => {
        const before = requests();
        await eventually("the application worked on", 60_000, () => requests() >= before + 20);
      };
      await someMore();
      expect(await minio.provision({ rendered: secondRun })).toMatchObject({ exitCode: 0 });
      await someMore(); // the pods have not restarted yet
      keys = second;
      await someMore();
      const thirdRun = await backupsAt(3);
      const kept = { ...thirdRun.secretKeys, [second.accessKey]: second.secretKey };
      expect(await minio.provision({ rendered: { ...thirdRun, secretKeys: kept } })).toMatchObject({
        exitCode: 0,
      });
      await someMore();
      working = false;
      await work;

      expect([...statuses.keys()].sort()).toEqual([
        "got as trellis-backups: 200",
        "got as trellis-backups_2: 200",
        "put as trellis-backups: 200",
        "put as trellis-backups_2: 200",
      ]);
      expect(await list(first)).toBe(403);
      expect(await list(minio.keysOf("archive"), "postgres-archive")).toBe(200);
    });

    it("knows an application no more that is no longer declared, nor its policy; its bucket stays", async () => {
      const { rain: _, ...applications } = minioSettings({}).applications;
      const later = await renderedLater(minio.rendered, FOUR_OVER_THREE, { applications });

      expect(await minio.provision({ rendered: later })).toMatchObject({ exitCode: 0 });

      const keys = minio.keysOf("rain");
      const refused = await minio.ask("GET", "/rain-files?list-type=2", { keys });
      expect(refused.body).toContain("InvalidAccessKeyId");
      const policies = await minio.ask("GET", "/minio/admin/v3/list-canned-policies", { keys: minio.root });
      expect(Object.keys(JSON.parse(policies.body))).not.toContain("trellis-rain");
      expect((await minio.ask("GET", "/rain-files?list-type=2", { keys: minio.root })).status).toBe(200);
      expect(await minio.provision()).toMatchObject({ exitCode: 0 });
    });
  });

  it.each([
    ["a wrong root password", { STORAGE_ROOT_PASSWORD: "hunter2hunter2" }, "refuses root's user or password"],
    ["an unknown root user", { STORAGE_ROOT_USER: "nobody" }, "refuses root's user or password"],
    [
      "nobody at the address",
      { STORAGE_ENDPOINT: "https://127.71.0.200:9000" },
      "cannot be reached: connect ECONNREFUSED",
    ],
    [
      "an authority that it does not know",
      { NODE_EXTRA_CA_CERTS: "" },
      "name the file of its authority in NODE_EXTRA_CA_CERTS",
    ],
  ])("is left as it is for %s, with a message that says so", async (_, environment, message) => {
    const { exitCode, termination } = await minio.provision({ environment });

    expect(exitCode).not.toBe(0);
    expect(termination?.error).toContain(message);
  });

  it("names what is wrong with the job's own files, all of it at once", async () => {
    const { exitCode, termination } = await minio.provision({
      rendered: {
        specification: minio.rendered.specification.replace("trellis-crm", "crm"),
        secretKeys: { ...minio.rendered.secretKeys, "trellis-rain": "short" },
      },
    });

    expect(exitCode).toBe(2);
    expect(termination?.error).toContain("the user crm does not begin with trellis-");
  });

  it("is not called private while somebody's policy opens a bucket: that is for a person to remove", async () => {
    const policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { AWS: ["*"] },
          Action: ["s3:GetObject"],
          Resource: ["arn:aws:s3:::crm-documents/*"],
        },
      ],
    });
    const put = await minio.ask("PUT", "/crm-documents?policy=", { keys: minio.root, body: policy });
    expect(put.status).toBe(204);

    const { exitCode, termination } = await minio.provision();
    expect(exitCode).toBe(1);
    expect(termination?.error).toContain(
      "the bucket crm-documents has a policy that lets in whoever has no key; remove it: mc anonymous set private",
    );

    await minio.ask("DELETE", "/crm-documents?policy=", { keys: minio.root });
    expect(await minio.provision()).toMatchObject({ exitCode: 0 });
  });

  it("takes a renewed certificate without a restart", async () => {
    const secret = minio.rendered.secrets["minio-certificate"];
    const renewed = authorityOf({ cert: minio.authority, key: minio.rendered.authorityKey }).issue({
      commonName: "minio-api",
      names: ["minio-api.storage.svc.cluster.local", "*.minio.storage.svc.cluster.local", "localhost"],
      usages: ["server", "client"],
    });
    expect(minio.shownBy(1)).toBe(secret?.["tls.crt"]);

    minio.renewCertificates(renewed);

    await eventually("every server shows the renewed certificate", 180_000, () =>
      minio.pods.every((pod) => minio.shownBy(pod) === renewed.cert),
    );
    expect(await minio.provision()).toMatchObject({ exitCode: 0 });
  });

  it("is provisioned with one server down, says clearly that two are too many, and then is again", async () => {
    await minio.kill(3);
    await minio.ready();
    expect(await minio.provision()).toMatchObject({ exitCode: 0 });

    await minio.kill(2);
    const { exitCode, termination } = await minio.provision();
    expect(exitCode).toBe(1);
    expect(termination?.error).toContain("takes no writes: too few of its servers or drives are online");

    minio.start(2);
    minio.start(3);
    await minio.ready();
    expect(await minio.provision()).toMatchObject({ exitCode: 0 });
  });
});

/** Times and the numbers of requests are never the same, and MinIO gives sets in any order. */
function comparable(body: string): unknown {
  const timeless = body
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "")
    .replace(/<(RequestId|HostId)>[^<]*<\/\1>/g, "");
  if (!timeless.startsWith("{")) return timeless;
  return JSON.parse(timeless, (_, value) =>
    Array.isArray(value) ? value.map((each) => JSON.stringify(each)).sort() : value,
  );
}
