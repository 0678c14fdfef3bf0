import { randomBytes } from "node:crypto";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { ObjectStore, type ObjectStoreAddress } from "../../../../jobs/shared";
import { mirrorPolicy, OFFSITE_POLICIES } from "../../../../jobs/storage/policies";
import { countOf } from "../../../rigs/counts";
import { type JobRun, type RunJobArgs, runJob } from "../../../rigs/jobs/run-job";
import { type SingleMinio, sha256, startSingleMinio } from "../../../rigs/minio/single";
import { describeWith } from "../../../rigs/programs";

/** For NODE_OPTIONS: all of a job believes that it is so many days later. */
const clockAheadBy = (days: number) => {
  const program = `const Real = Date; const ahead = ${days * 86_400_000}; globalThis.Date = class extends Real {
    constructor(...given) { if (given.length > 0) super(...given); else super(Real.now() + (new Error().stack.includes("sign") ? 0 : ahead)); }
    static now() { return Real.now() + ahead; } };`;
  return `--import data:text/javascript;base64,${Buffer.from(program).toString("base64")}`;
};

const KILLS = countOf({ usual: 5, full: 40 });

describeWith(["minio"], "the mirror of object storage, between two real MinIO servers", () => {
  let source: SingleMinio;
  let offsite: SingleMinio;
  let reader: { readonly accessKey: string; readonly secretKey: string };
  let identity: string;
  let recipient: string;
  /** Buckets of one test. */
  let [documents, files, copies] = ["", "", ""];
  let number = 0;

  beforeAll(async () => {
    [source, offsite] = await Promise.all([startSingleMinio(), startSingleMinio()]);
    identity = await generateIdentity();
    recipient = await identityToRecipient(identity);
    await source.makeBucket("trellis-mirror");
  });
  afterAll(async () => {
    await source?.stop();
    await offsite?.stop();
  });
  beforeEach(async () => {
    number++;
    [documents, files, copies] = [`documents-${number}`, `files-${number}`, `copies-${number}`];
    await source.makeBucket(documents, { versioning: true });
    await source.makeBucket(files);
    await offsite.makeBucket(copies, { lockDays: 1 });
    reader = await source.user(
      "trellis-mirror",
      mirrorPolicy({ reads: [documents, files], buckets: ["trellis-mirror"] }),
    );
  });

  const inBucket = async <T>(address: ObjectStoreAddress, work: (store: ObjectStore) => Promise<T>) => {
    const store = new ObjectStore(address, AbortSignal.timeout(60_000));
    return await work(store).finally(() => store.close());
  };
  const put = (bucket: string, key: string, content: string | Buffer, headers = {}) =>
    inBucket(source.address(bucket), (store) => store.write(key, content, { headers }));
  const remove = (bucket: string, key: string) =>
    inBucket(source.address(bucket), (store) => store.remove(key));
  const versionsIn = (address: ObjectStoreAddress) =>
    inBucket(address, async (store) => {
      const found = [];
      for await (const each of store.versions("")) found.push(each);
      return found;
    });
  const names = async () => [...new Set((await versionsIn(offsite.address(copies))).map(({ key }) => key))];
  const keysIn = (bucket: string) =>
    inBucket(source.address(bucket), async (store) => (await store.list("")).map(({ key }) => key));
  /** Digests of all objects of a bucket, by key. */
  const contentOf = (bucket: string) =>
    inBucket(source.address(bucket), async (store) => {
      const found: Record<string, string> = {};
      for (const { key } of await store.list("")) {
        const chunks: Buffer[] = [];
        for await (const chunk of store.read(key)) chunks.push(chunk);
        found[key] = sha256(Buffer.concat(chunks));
      }
      return found;
    });

  const offsiteUser = (may: keyof typeof OFFSITE_POLICIES) =>
    offsite.user(`${may}-${number}`, OFFSITE_POLICIES[may](copies));

  async function storage(
    words: string,
    environment: Record<string, string> = {},
    how: RunJobArgs = {},
  ): Promise<JobRun> {
    const root = words.startsWith("restore");
    const writes = words.startsWith("prune") ? "prune" : "write";
    return runJob(["storage", ...words.split(" ")], {
      ...how,
      environment: {
        ...source.environment("MIRROR_S3", source.address("trellis-mirror", root ? undefined : reader)),
        ...offsite.environment("MIRROR_OFFSITE", {
          ...offsite.address(copies, await offsiteUser(writes)),
          prefix: "trellis/objects/",
        }),
        MIRROR_BUCKETS: `${documents},${files}`,
        MIRROR_RECIPIENT: recipient,
        ...(/^(drill|restore)/.test(words) ? { MIRROR_IDENTITY: identity } : {}),
        ...environment,
      },
    });
  }
  const succeed = async (words: string, environment?: Record<string, string>) => {
    const run = await storage(words, environment);
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    return run.stdout + run.stderr;
  };

  it("copies every object and every version of it, encrypted, and restores them with their content and metadata", async () => {
    const large = randomBytes(20 * 2 ** 20);
    await put(documents, "offers/Größe 1+2.pdf", "first", {
      "content-type": "application/pdf",
      "x-amz-meta-owner": "anna",
    });
    await put(documents, "offers/Größe 1+2.pdf", "second", {
      "content-type": "application/pdf",
      "x-amz-meta-owner": "anna",
    });
    await put(files, "a", "a");
    await put(files, "a-b", "");
    await put(files, "b/b!!/c", "slash");
    await inBucket(source.address(files), (store) =>
      store.upload(
        "large",
        (async function* () {
          yield large;
        })(),
      ),
    );
    await succeed("mirror");

    const stored = await versionsIn(offsite.address(copies));
    expect(stored.map(({ key }) => key.replace(/^trellis.objects.|!!\/[^!]*$/g, "")).sort()).toEqual([
      ...[`${documents}/offers/Größe!201+2.pdf`, `${documents}/offers/Größe!201+2.pdf`],
      ...["a", "a-b", "b/b!21!21/c", "large"].map((key) => `${files}/${key}`),
    ]);
    for (const { key } of stored) expect(key).toMatch(/^trellis\/objects\/.*\.age$/);
    const raw = await inBucket(offsite.address(copies), async (store) => {
      const chunks: Buffer[] = [];
      for await (const chunk of store.read(stored.find(({ key }) => key.includes("offers"))?.key ?? ""))
        chunks.push(chunk);
      return Buffer.concat(chunks).toString("latin1");
    });
    expect(raw).toContain("age-encryption.org/v1");
    expect(raw).not.toMatch(/first|second|anna|application\/pdf/);

    expect(await succeed("mirror")).toContain("0 versions copied");
    await succeed("drill --lag-hours 0");

    const before = [await contentOf(documents), await contentOf(files)];
    await source.forgetBucket(files);
    await source.makeBucket(files);
    await succeed(`restore ${files}`);
    await source.makeBucket(`again-${number}`);
    await succeed(`restore ${documents} --into again-${number}`);
    expect([await contentOf(`again-${number}`), await contentOf(files)]).toEqual(before);
    const [restored] = await versionsIn(source.address(`again-${number}`));
    const metadata = await inBucket(source.address(`again-${number}`), (store) =>
      store.metadata(restored?.key ?? "", restored ?? { version: "", etag: "" }),
    );
    expect(metadata).toMatchObject({ "content-type": "application/pdf", "x-amz-meta-owner": "anna" });
  });

  it("keeps what was replaced and deleted for the days of the setting, and removes it only then", async () => {
    await offsite.makeBucket(`${copies}-free`, { versioning: true });
    copies = `${copies}-free`;
    for (const key of ["one", "two", "three"]) await put(files, key, `${key}, first`);
    await succeed("mirror");
    const before = new Date(Date.now() + 1).toISOString();
    await put(files, "one", "one, second");
    await remove(files, "two");
    await succeed("mirror");
    expect(await names()).toHaveLength(5);

    await succeed("prune --keep-days 30");
    expect(await names()).toHaveLength(5);
    await source.makeBucket(`then-${number}`);
    await succeed(`restore ${files} --into then-${number} --at ${before}`);
    expect(await keysIn(`then-${number}`)).toEqual(["one", "three", "two"]);

    await succeed("prune --keep-days 30", { NODE_OPTIONS: clockAheadBy(31) });
    expect(await names()).toHaveLength(2);
    await source.makeBucket(`now-${number}`);
    await succeed(`restore ${files} --into now-${number}`);
    expect(await contentOf(`now-${number}`)).toEqual(await contentOf(files));
  });

  it("never empties the copy where a bucket was emptied, made anew or removed", async () => {
    for (const key of ["one", "two", "three"]) await put(files, key, key);
    await put(documents, "other", "other");
    await succeed("mirror");
    const whole = await names();

    for (const key of ["one", "two", "three"]) await remove(files, key);
    const emptied = await storage("mirror");
    expect(emptied.exitCode).toBe(1);
    expect(emptied.termination?.error).toMatch(
      /3 of the 3 objects .* are gone at the source.*--accept-deletions/s,
    );
    expect(await names()).toEqual(whole);

    await source.forgetBucket(files);
    await put(documents, "later", "later");
    const missing = await storage("mirror");
    expect(missing.exitCode).toBe(1);
    expect(missing.termination?.error).toMatch(/does not exist.*Its copy off-site stays/s);
    expect(await names()).toHaveLength(whole.length + 1);

    await source.makeBucket(files);
    expect((await storage("mirror")).exitCode).toBe(1);
    expect(await names()).toHaveLength(whole.length + 1);
    await succeed(`restore ${files}`);
    expect(await keysIn(files)).toEqual(["one", "three", "two"]);
    for (const key of ["one", "two", "three"]) await remove(files, key);
    await succeed(`mirror --accept-deletions ${files}`);
    expect(await names()).toHaveLength(whole.length + 4);
  });

  it("keeps the newest content current, also where a deletion at the source was undone", async () => {
    for (const key of ["one", "two", "three"]) await put(documents, key, key);
    await succeed("mirror");
    await remove(documents, "one");
    await succeed("mirror");
    const mark = (await versionsIn(source.address(documents))).find(({ deleted }) => deleted);
    await inBucket(source.address(documents), (store) => store.removeVersion("one", mark?.version ?? ""));
    await succeed("mirror");
    await succeed("drill --lag-hours 0");
    await source.makeBucket(`again-${number}`);
    await succeed(`restore ${documents} --into again-${number}`);
    expect(await contentOf(`again-${number}`)).toEqual(await contentOf(documents));
  });

  it("leaves nothing wrong wherever it is killed, and goes on", async () => {
    for (let each = 0; each < 40; each++) await put(files, `many/${each}`, randomBytes(50_000));
    await inBucket(source.address(files), (store) =>
      store.upload(
        "large",
        (async function* () {
          yield randomBytes(30 * 2 ** 20);
        })(),
      ),
    );
    for (let kill = 0; kill < KILLS; kill++) {
      let timer: NodeJS.Timeout | undefined;
      await storage(
        "mirror",
        {},
        {
          onStart: (child) => {
            timer = setTimeout(() => child.kill("SIGKILL"), 500 + (kill * 1_200) / KILLS);
          },
        },
      );
      clearTimeout(timer);
    }
    await succeed("mirror");
    expect(await names()).toHaveLength(41);
    await succeed("drill --lag-hours 0");
  });

  it("tells a copy from what a thief of the writing key has added, and cannot be robbed by one", async () => {
    await put(documents, "contract", "the contract");
    await put(documents, "other", "other");
    await succeed("mirror");
    const thief = offsite.address(copies, await offsiteUser("write"));
    const stored = await versionsIn(offsite.address(copies));
    for (const { key, version } of stored) {
      await expect(inBucket(thief, (store) => store.remove(key))).rejects.toMatchObject({
        code: "AccessDenied",
      });
      await expect(inBucket(thief, (store) => store.removeVersion(key, version))).rejects.toThrow();
      await inBucket(thief, (store) => store.write(key, "rubbish")); // a further version on top of the first
    }
    // Nor can root's own key before the retention has passed.
    for (const { key, version } of stored) {
      await expect(
        inBucket(offsite.address(copies), (store) => store.removeVersion(key, version)),
      ).rejects.toThrow();
    }
    await source.makeBucket(`again-${number}`);
    await succeed(`restore ${documents} --into again-${number}`);
    expect(await contentOf(`again-${number}`)).toEqual(await contentOf(documents));
    await succeed("drill --lag-hours 0");
  });

  it("finds in a drill what the copy lacks, and what is another than at the source", async () => {
    await put(files, "one", "one");
    await succeed("mirror");
    await put(files, "two", "two");
    const lacking = await storage("drill --lag-hours 0");
    expect(lacking.termination?.error).toContain(`${files}: two is not in the copy`);
    const other = await storage("drill --lag-hours 0", { MIRROR_IDENTITY: await generateIdentity() });
    expect(other.termination?.error).toMatch(/encrypted for another key/);
  });

  it("cannot write at the source with its own key, nor read another bucket", async () => {
    await put(documents, "one", "one");
    const own = (bucket: string) => source.address(bucket, reader);
    await expect(inBucket(own(documents), (store) => store.write("two", ""))).rejects.toMatchObject({
      code: "AccessDenied",
    });
    await expect(inBucket(own(documents), (store) => store.remove("one"))).rejects.toMatchObject({
      code: "AccessDenied",
    });
    await source.makeBucket(`others-${number}`);
    await expect(inBucket(own(`others-${number}`), (store) => store.list(""))).rejects.toMatchObject({
      code: "AccessDenied",
    });
  });
});
