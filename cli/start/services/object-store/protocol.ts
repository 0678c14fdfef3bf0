import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { entityTag } from "./entity-tag";
import { type Access, judgeSignature } from "./signature";
import type { Storage } from "./storage";

export interface ObjectStoreArgs {
  /** Where the objects are stored. */
  readonly storage: Storage;
  /** The access keys, each with its buckets. */
  readonly accesses: readonly Access[];
  /** The maximum number of keys in one listing. @default 1000, as in S3 */
  readonly page?: number;
}

type Answer = (response: ServerResponse) => void | Promise<void>;

interface Asked {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly range: string;
}

/** Answers the S3 calls that the jobs use, and checks signature and access of each. */
export async function answerRequest(
  args: ObjectStoreArgs,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
): Promise<void> {
  const access = judgeSignature(request, body, args.accesses);
  if (typeof access === "string") return refused(403, access)(response);
  const url = new URL(request.url ?? "/", "http://store");
  const [, bucket = "", ...path] = url.pathname.split("/").map(decodeURIComponent);
  const asked: Asked = {
    method: request.method ?? "GET",
    bucket,
    key: path.join("/"),
    query: url.searchParams,
    body,
    range: request.headers.range ?? "",
  };
  if (!access.buckets.has(bucket)) return refused(403, "AccessDenied")(response);
  const there = await args.storage.hasBucket(bucket);
  const answer =
    asked.key === "" && asked.method === "PUT"
      ? await bucketMade(args.storage, bucket, there)
      : there
        ? await (asked.key === "" ? aboutBucket(args, asked) : aboutObject(args.storage, asked))
        : refused(404, "NoSuchBucket");
  await answer(response);
}

/** S3's answer to a request that it refuses. */
export function refused(status: number, code: string): (response: ServerResponse) => void {
  return (response) =>
    void response.writeHead(status).end(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

async function bucketMade(storage: Storage, bucket: string, there: boolean): Promise<Answer> {
  if (there) return refused(409, "BucketAlreadyOwnedByYou");
  await storage.makeBucket(bucket);
  return (response) => void response.end();
}

async function aboutBucket(
  { storage, page = 1000 }: ObjectStoreArgs,
  { bucket, query }: Asked,
): Promise<Answer> {
  const prefix = query.get("prefix") ?? "";
  if (query.has("uploads")) {
    const listed = (await storage.uploads(bucket))
      .filter(({ key }) => key.startsWith(prefix))
      .map(
        ({ id, key, initiated }) =>
          `<Upload><Key>${escaped(key)}</Key><UploadId>${id}</UploadId><Initiated>${initiated.toISOString()}</Initiated></Upload>`,
      );
    return xml(`<ListMultipartUploadsResult>${listed.join("")}</ListMultipartUploadsResult>`);
  }
  const after = query.get("continuation-token") ?? "";
  const longest = Math.min(page, Number(query.get("max-keys") ?? page));
  const matching = (await storage.list(bucket)).filter(({ key }) => key.startsWith(prefix) && key > after);
  const shown = matching.slice(0, longest);
  const more = matching.length > shown.length;
  const contents = shown.map(
    ({ key, bytes, modified }) =>
      `<Contents><Key>${encodeURIComponent(key)}</Key><Size>${bytes}</Size><LastModified>${modified.toISOString()}</LastModified></Contents>`,
  );
  const next = more
    ? `<NextContinuationToken>${escaped(shown.at(-1)?.key ?? "")}</NextContinuationToken>`
    : "";
  return xml(
    `<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${contents.join("")}</ListBucketResult>`,
  );
}

async function aboutObject(storage: Storage, asked: Asked): Promise<Answer> {
  const { method, bucket, key, query, body } = asked;
  const upload = query.get("uploadId");
  if (upload !== null) return aboutUpload(storage, asked, upload);
  switch (method) {
    case "POST":
      return xml(
        `<InitiateMultipartUploadResult><UploadId>${await storage.beginUpload(bucket, key)}</UploadId></InitiateMultipartUploadResult>`,
      );
    case "PUT":
      await storage.write(bucket, key, body);
      return (response) => void response.setHeader("etag", entityTag(body)).end();
    case "DELETE":
      await storage.remove(bucket, key);
      return (response) => void response.writeHead(204).end();
    default:
      return content(storage, asked);
  }
}

async function aboutUpload(
  storage: Storage,
  { method, bucket, query, body }: Asked,
  upload: string,
): Promise<Answer> {
  if (!(await storage.uploads(bucket)).some(({ id }) => id === upload)) return refused(404, "NoSuchUpload");
  if (method === "DELETE") {
    await storage.abandon(bucket, upload);
    return (response) => void response.writeHead(204).end();
  }
  if (method === "PUT") {
    await storage.writePart(bucket, upload, Number(query.get("partNumber")), body);
    return (response) => void response.setHeader("etag", entityTag(body)).end();
  }
  const named = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]*)<\/ETag>/g)];
  for (const [, number, tag] of named) {
    if ((await storage.partTag(bucket, upload, Number(number))) !== tag) return refused(400, "InvalidPart");
  }
  await storage.complete(
    bucket,
    upload,
    named.map(([, number]) => Number(number)),
  );
  return xml("<CompleteMultipartUploadResult></CompleteMultipartUploadResult>");
}

async function content(storage: Storage, { method, bucket, key, range }: Asked): Promise<Answer> {
  const found = await storage.open(bucket, key);
  if (!found) return refused(404, "NoSuchKey");
  const start = Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0);
  return async (response) => {
    response.statusCode = start > 0 ? 206 : 200;
    response.setHeader("content-length", found.bytes - start);
    if (method === "HEAD") return void response.end();
    const from = found.from(start);
    if (Buffer.isBuffer(from)) return void response.end(from);
    await pipeline(from, response).catch(() => response.destroy()); // the client disconnected and will retry
  };
}

const xml =
  (text: string): Answer =>
  (response) =>
    void response.end(text);

const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
