import { isMissing, refusal, StoreError } from "./errors";
import { type Patience, StoreConnection } from "./request";
import type { ObjectStoreAddress } from "./setting";
import type { StoreRequest } from "./store-request";
import { element, elements } from "./xml-element";

interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly modified: Date;
}

/** One version of an object, or the mark that it was deleted. */
export interface StoredVersion extends StoredObject {
  /** The version's id; `null` in a bucket without versioning. */
  readonly version: string;
  /** Whether it is what a reader gets who names no version. */
  readonly latest: boolean;
  /** Whether it is the mark of a deletion, without content. */
  readonly deleted: boolean;
  /** Without its quotes. */
  readonly etag: string;
}

type VersionOf = Pick<StoredVersion, "version" | "etag">;

/** Headers that belong to an object and not to a request, by name in lower case. */
export type ObjectMetadata = Readonly<Record<string, string>>;

const KEPT_HEADERS = /^(content-(type|encoding|disposition|language)|cache-control|x-amz-meta-.+)$/;

/** The id of versions that were written without versioning. */
const UNVERSIONED = "null";

/** 8 MiB, and another 8 MiB after each thousand parts: 10,000 parts, which is S3's limit, then hold 440 GiB. */
const PART_BYTES = 8 * 2 ** 20;

/** Parts sent in parallel; with them and the part being filled, an upload takes 32 MiB of memory. */
const PARTS_UNDER_WAY = 2;

/** After this many interruptions without a byte between them a person should look. */
const LONGEST_SERIES_OF_INTERRUPTIONS = 10;

/**
 * One bucket on an S3 server, or the objects under one prefix of it; then keys are given and returned without the
 * prefix.
 */
export class ObjectStore {
  readonly #connection: StoreConnection;
  readonly #prefix: string;

  constructor(
    readonly address: ObjectStoreAddress,
    signal?: AbortSignal,
    patience?: Patience,
  ) {
    this.#connection = new StoreConnection(address, signal, patience);
    this.#prefix = address.prefix ?? "";
  }

  /** All objects whose keys start with the prefix. Returns all of them or fails; never returns a part. */
  async list(prefix: string): Promise<StoredObject[]> {
    const found: StoredObject[] = [];
    let continuation: string | undefined;
    do {
      const { body } = await this.#connection.send({
        method: "GET",
        query: {
          "list-type": "2",
          "encoding-type": "url",
          prefix: this.#prefix + prefix,
          ...(continuation === undefined ? {} : { "continuation-token": continuation }),
        },
      });
      const truncated = element(body, "IsTruncated");
      continuation = element(body, "NextContinuationToken");
      if (truncated === undefined || (truncated === "true") !== (continuation !== undefined))
        throw this.#brokenListing();
      const objects = elements(body, "Contents").map(storedObject);
      found.push(...objects.map((each) => ({ ...each, key: each.key.slice(this.#prefix.length) })));
    } while (continuation !== undefined);
    return found;
  }

  /**
   * All versions and deletions of the objects whose keys start with the prefix, in the order of the keys, the newest of
   * each key first. A page at a time is in memory. A bucket without versioning has one version of each object.
   */
  async *versions(prefix: string): AsyncGenerator<StoredVersion, void, undefined> {
    let marker: Readonly<Record<string, string>> | undefined;
    do {
      const { body } = await this.#connection.send({
        method: "GET",
        query: { versions: "", "encoding-type": "url", prefix: this.#prefix + prefix, ...marker },
        patient: true,
      });
      const truncated = element(body, "IsTruncated");
      const [key, version] = [element(body, "NextKeyMarker"), element(body, "NextVersionIdMarker")];
      if (truncated === undefined || (truncated === "true" && !key)) throw this.#brokenListing();
      for (const each of storedVersions(body)) yield { ...each, key: each.key.slice(this.#prefix.length) };
      marker =
        truncated === "true"
          ? { "key-marker": decoded(key ?? ""), ...(version ? { "version-id-marker": version } : {}) }
          : undefined;
    } while (marker);
  }

  /** Streams the content of an object that is known to exist; resumes a broken connection at the same byte. */
  read(name: string): AsyncGenerator<Buffer, void, undefined> {
    return this.#read({ key: this.#prefix + name, promised: true });
  }

  /** Streams one version of an object. Fails with PreconditionFailed where it is another by now. */
  readVersion(name: string, { version, etag }: VersionOf): AsyncGenerator<Buffer, void, undefined> {
    return this.#read({
      key: this.#prefix + name,
      query: version === UNVERSIONED ? {} : { versionId: version },
      headers: { "if-match": `"${etag}"` },
    });
  }

  /** The content type and the user's metadata of one version. */
  async metadata(name: string, { version, etag }: VersionOf): Promise<ObjectMetadata> {
    const { headers } = await this.#connection.send({
      method: "HEAD",
      key: this.#prefix + name,
      query: version === UNVERSIONED ? {} : { versionId: version },
      headers: { "if-match": `"${etag}"` },
    });
    return Object.fromEntries(
      Object.entries(headers).flatMap(([header, value]) =>
        KEPT_HEADERS.test(header) && typeof value === "string" ? [[header, value]] : [],
      ),
    );
  }

  async *#read(
    what: Pick<StoreRequest, "key"> & Partial<Pick<StoreRequest, "query" | "headers" | "promised">>,
  ): AsyncGenerator<Buffer, void, undefined> {
    let offset = 0;
    let asked = performance.now();
    for (let fruitless = 0; ; fruitless++) {
      const wanted = { ...what, method: "GET", from: offset, patient: true } as const;
      const content = await this.#connection.open(wanted);
      try {
        for await (const chunk of content) {
          offset += chunk.length;
          fruitless = 0;
          yield chunk;
          asked = performance.now();
        }
        return;
      } catch (error) {
        const stopped = this.#connection.signal?.aborted;
        const tired = performance.now() - asked >= this.#connection.waits(wanted);
        if (fruitless >= LONGEST_SERIES_OF_INTERRUPTIONS || tired || stopped) this.#connection.lost(error);
      }
    }
  }

  /** The whole content as text, or undefined where the object does not exist. */
  async readText(key: string): Promise<string | undefined> {
    try {
      return (await this.#connection.send({ method: "GET", key: this.#prefix + key })).body;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async write(
    key: string,
    content: string | Buffer,
    { patient = false, headers = {} }: { readonly patient?: boolean; readonly headers?: ObjectMetadata } = {},
  ): Promise<void> {
    await this.#connection.send({
      method: "PUT",
      key: this.#prefix + key,
      body: Buffer.from(content),
      headers,
      patient,
    });
  }

  async remove(key: string): Promise<void> {
    await this.#connection.send({ method: "DELETE", key: this.#prefix + key });
  }

  /** Removes one version for good. A store with object lock denies it until the version's retention has passed. */
  async removeVersion(key: string, version: string): Promise<void> {
    await this.#connection.send({
      method: "DELETE",
      key: this.#prefix + key,
      query: version === UNVERSIONED ? {} : { versionId: version },
    });
  }

  /** Creates a missing bucket. */
  async makeBucket(): Promise<void> {
    try {
      await this.#connection.send({ method: "PUT" });
    } catch (error) {
      if (!(error instanceof StoreError && error.code === "BucketAlreadyOwnedByYou")) throw error;
    }
  }

  /** Fails with a clear message where the bucket is missing, unreachable, or refuses the keys. */
  async check(): Promise<void> {
    await this.#connection.send({ method: "GET", query: { "list-type": "2", "max-keys": "1" } });
  }

  /**
   * Uploads a stream of unknown length without a file. The object appears when the source has ended successfully, and
   * not at all when it throws. Uploaded parts are kept: while the storage cannot take more, the source pauses, and
   * continues from the same position.
   */
  async upload(name: string, source: AsyncIterable<Buffer>, headers: ObjectMetadata = {}): Promise<void> {
    const key = this.#prefix + name;
    const parts = inParts(source);
    const first = await parts.next();
    if (first.done) return this.write(name, "", { patient: true, headers });
    const second = await parts.next();
    if (second.done) return this.write(name, first.value, { patient: true, headers });
    const { body } = await this.#connection.send({
      method: "POST",
      key,
      query: { uploads: "" },
      headers,
      patient: true,
    });
    const uploadId = element(body, "UploadId") ?? "";
    try {
      const etags = await this.#sendParts(key, uploadId, [first.value, second.value], parts);
      await this.#complete(name, uploadId, etags);
    } catch (error) {
      await parts.return(undefined).catch(() => undefined);
      await this.#abandon(key, uploadId);
      throw error;
    }
  }

  /** Deletes the parts of incomplete uploads under these keys that started before this time; returns how many. */
  async abortUploads(prefix: string, before: Date): Promise<number> {
    const { body } = await this.#connection.send({
      method: "GET",
      query: { uploads: "", prefix: this.#prefix + prefix },
    });
    const dead = elements(body, "Upload").filter(
      (upload) => new Date(element(upload, "Initiated") ?? Number.NaN) < before,
    );
    for (const upload of dead) {
      await this.#connection.send({
        method: "DELETE",
        key: element(upload, "Key") ?? "",
        query: { uploadId: element(upload, "UploadId") ?? "" },
      });
    }
    return dead.length;
  }

  close(): void {
    this.#connection.close();
  }

  #brokenListing(): StoreError {
    return new StoreError(
      `the bucket ${this.address.bucket} answered with a broken listing`,
      "InvalidListing",
    );
  }

  async #sendParts(
    key: string,
    uploadId: string,
    begun: readonly Buffer[],
    rest: AsyncIterable<Buffer>,
  ): Promise<string[]> {
    const etags: string[] = [];
    const underWay = new Set<Promise<void>>();
    const send = async (part: Buffer) => {
      const number = etags.push("");
      const sending = this.#connection
        .send({
          method: "PUT",
          key,
          query: { partNumber: String(number), uploadId },
          body: part,
          patient: true,
        })
        .then(({ etag }) => {
          etags[number - 1] = etag;
          underWay.delete(sending);
        });
      sending.catch(() => undefined); // it is awaited below, together with the others
      underWay.add(sending);
      if (underWay.size >= PARTS_UNDER_WAY) await Promise.race(underWay);
    };
    try {
      for (const part of begun) await send(part);
      for await (const part of rest) await send(part);
      await Promise.all(underWay);
    } finally {
      await Promise.allSettled(underWay); // a part that arrives after the abort would stay in the bucket for ever
    }
    return etags;
  }

  async #complete(name: string, uploadId: string, etags: readonly string[]): Promise<void> {
    const key = this.#prefix + name;
    const listed = etags.map(
      (etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`,
    );
    const body = Buffer.from(`<CompleteMultipartUpload>${listed.join("")}</CompleteMultipartUpload>`);
    try {
      const wanted = { method: "POST", key, query: { uploadId }, body, patient: true } as const;
      const answer = await this.#connection.send(wanted);
      // S3 answers 200 early to keep the connection alive, and reports a later failure in the body.
      if (element(answer.body, "Code")) throw refusal(this.address, wanted, 500, answer.body);
    } catch (error) {
      // A completed upload no longer exists: if the first answer was lost, a second attempt gets this error.
      const unknown = error instanceof StoreError && error.code === "NoSuchUpload";
      if (!unknown || !(await this.list(name)).some((each) => each.key === name)) throw error;
    }
  }

  /** Uses its own connection, because the first one may have been stopped; a failure here hides no other. */
  async #abandon(key: string, uploadId: string): Promise<void> {
    const connection = new StoreConnection(this.address, AbortSignal.timeout(10_000));
    await connection.send({ method: "DELETE", key, query: { uploadId } }).catch(() => undefined);
    connection.close();
  }
}

async function* inParts(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let number = 1;
  const size = () => PART_BYTES * (1 + Math.floor(number / 1000));
  for await (const chunk of source) {
    chunks.push(chunk);
    bytes += chunk.length;
    while (bytes >= size()) {
      const gathered = Buffer.concat(chunks);
      const limit = size();
      yield gathered.subarray(0, limit);
      number++;
      chunks = [gathered.subarray(limit)];
      bytes = gathered.length - limit;
    }
  }
  if (bytes > 0) yield Buffer.concat(chunks);
}

const decoded = (text: string) => decodeURIComponent(text.replaceAll("+", " "));

/** Versions and deletions, in the order of the answer. */
const storedVersions = (xml: string): StoredVersion[] =>
  [...xml.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gs)].map(([, kind, content = ""]) => ({
    ...storedObject(content),
    version: element(content, "VersionId") ?? UNVERSIONED,
    latest: element(content, "IsLatest") === "true",
    deleted: kind === "DeleteMarker",
    etag: (element(content, "ETag") ?? "").replaceAll('"', ""),
  }));

function storedObject(xml: string): StoredObject {
  return {
    key: decoded(element(xml, "Key") ?? ""),
    bytes: Number(element(xml, "Size")),
    modified: new Date(element(xml, "LastModified") ?? Number.NaN),
  };
}
