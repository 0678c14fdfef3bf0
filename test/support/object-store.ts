import { createHash, createHmac, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the stand-in may do to the next requests instead of what was asked. */
export type Fault =
  | "slow-down"
  /** Sends half of the object and cuts the connection. */
  | "cut-download"
  /** Takes half of a body and cuts the connection. */
  | "cut-upload"
  /** Answers the completion of an upload with 200, and an error inside. */
  | "fail-completion";

/** Stands in for an S3 server: the few calls that the jobs make, held in memory, with signatures checked. */
export interface ObjectStoreStandIn {
  readonly endpoint: string;
  readonly bucket: string;
  readonly objects: Map<string, Buffer>;
  /** Multipart uploads that are under way, by id. */
  readonly uploads: Map<
    string,
    { readonly key: string; readonly initiated: Date; readonly parts: Map<number, Buffer> }
  >;
  /** Each is applied once, to the first request that it fits. */
  readonly faults: Fault[];
  /** Called before each request is answered, so that a test can strike at any of them. */
  onRequest: (method: string, path: string) => void;
  /** As the jobs read it: BACKUP_S3_ENDPOINT, ... for the prefix BACKUP_S3. */
  environment(prefix: string): Record<string, string>;
  stop(): Promise<void>;
}

/** Small, so that the listings of tests have several pages. */
const PAGE = 3;

const KEYS = { region: "us-east-1", accessKey: "STANDIN", secretKey: 'a "strange" \\ secret/key+1' };

export async function startObjectStoreStandIn(bucket = "crm-backups"): Promise<ObjectStoreStandIn> {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://store");
    store.onRequest(request.method ?? "", `${url.pathname}${url.search}`);
    const body = await receive(request, () => applies("cut-upload", request.method === "PUT"));
    if (!body) return void request.socket.destroy();
    if (applies("slow-down", true)) return refuse(response, 503, "SlowDown");
    const refused = judgeSignature(request, body);
    if (refused) return refuse(response, 403, refused);
    const [, named = "", ...path] = url.pathname.split("/");
    if (named !== store.bucket) return refuse(response, 404, "NoSuchBucket");
    const key = decodeURIComponent(path.join("/"));
    if (key === "") return answerBucket(response, url.searchParams);
    return answerObject(request, response, key, url.searchParams, body);
  });

  const applies = (fault: Fault, fits: boolean): boolean => {
    const at = store.faults.indexOf(fault);
    if (at < 0 || !fits) return false;
    store.faults.splice(at, 1);
    return true;
  };

  const answerBucket = (response: ServerResponse, query: URLSearchParams) => {
    if (query.has("uploads")) {
      const listed = [...store.uploads].map(
        ([id, { key, initiated }]) =>
          `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${initiated.toISOString()}</Initiated></Upload>`,
      );
      return void response.end(`<ListMultipartUploadsResult>${listed.join("")}</ListMultipartUploadsResult>`);
    }
    const after = query.get("continuation-token") ?? "";
    const matching = [...store.objects.keys()]
      .filter((key) => key.startsWith(query.get("prefix") ?? "") && key > after)
      .sort();
    const page = matching.slice(0, PAGE);
    const more = matching.length > PAGE;
    const contents = page.map(
      (key) =>
        `<Contents><Key>${encodeURIComponent(key)}</Key><Size>${store.objects.get(key)?.length}</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>`,
    );
    const next = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : "";
    response.end(
      `<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${contents.join("")}</ListBucketResult>`,
    );
  };

  const answerObject = (
    request: IncomingMessage,
    response: ServerResponse,
    key: string,
    query: URLSearchParams,
    body: Buffer,
  ) => {
    const uploadId = query.get("uploadId");
    const upload = uploadId === null ? undefined : store.uploads.get(uploadId);
    if (uploadId !== null && !upload) return refuse(response, 404, "NoSuchUpload");
    if (request.method === "POST" && !upload) {
      const id = randomUUID();
      store.uploads.set(id, { key, initiated: new Date(), parts: new Map() });
      return void response.end(
        `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
      );
    }
    if (request.method === "POST" && upload && uploadId !== null) {
      if (applies("fail-completion", true))
        return void response.end("<Error><Code>InternalError</Code></Error>");
      const named = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]*)<\/ETag>/g)];
      const parts = named.map(([, number, etag]) => ({ etag, part: upload.parts.get(Number(number)) }));
      if (parts.some(({ etag, part }) => !part || etagOf(part) !== etag))
        return refuse(response, 400, "InvalidPart");
      store.objects.set(key, Buffer.concat(parts.flatMap(({ part }) => part ?? [])));
      store.uploads.delete(uploadId);
      return void response.end("<CompleteMultipartUploadResult></CompleteMultipartUploadResult>");
    }
    if (request.method === "PUT") {
      if (upload) upload.parts.set(Number(query.get("partNumber")), body);
      else store.objects.set(key, body);
      return void response.setHeader("etag", etagOf(body)).end();
    }
    if (request.method === "DELETE") {
      if (uploadId !== null) store.uploads.delete(uploadId);
      else store.objects.delete(key);
      return void response.writeHead(204).end();
    }
    const found = store.objects.get(key);
    if (!found) return refuse(response, 404, "NoSuchKey");
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const content = found.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, { "content-length": content.length });
    if (!applies("cut-download", content.length > 1)) return void response.end(content);
    response.write(content.subarray(0, content.length / 2), () => response.socket?.destroy());
  };

  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const endpoint = `http://127.0.0.1:${port}`;
  const store: ObjectStoreStandIn = {
    endpoint,
    bucket,
    objects: new Map(),
    uploads: new Map(),
    faults: [],
    onRequest: () => undefined,
    environment: (prefix) => ({
      [`${prefix}_ENDPOINT`]: endpoint,
      [`${prefix}_REGION`]: KEYS.region,
      [`${prefix}_BUCKET`]: bucket,
      [`${prefix}_ACCESS_KEY_ID`]: KEYS.accessKey,
      [`${prefix}_SECRET_ACCESS_KEY`]: KEYS.secretKey,
    }),
    stop: () =>
      new Promise((stopped) => {
        server.close(() => stopped());
        server.closeAllConnections();
      }),
  };
  return store;
}

async function receive(request: IncomingMessage, cut: () => boolean): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer); // no encoding is set, so these are buffers
  } catch {
    return undefined; // the client has gone
  }
  return cut() ? undefined : Buffer.concat(chunks);
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status).end(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

function judgeSignature(request: IncomingMessage, body: Buffer): string | undefined {
  const [, credential = "", names = "", signature] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]+)$/.exec(
      request.headers.authorization ?? "",
    ) ?? [];
  const [accessKey, ...scope] = credential.split("/");
  if (accessKey !== KEYS.accessKey) return "InvalidAccessKeyId";
  if (request.headers["x-amz-content-sha256"] !== sha256(body)) return "XAmzContentSHA256Mismatch";
  const [path = "", query = ""] = (request.url ?? "").split("?");
  const canonical = [
    request.method,
    path,
    query.split("&").sort().join("&"),
    ...names.split(";").map((name) => `${name}:${request.headers[name]}`),
    "",
    names,
    sha256(body),
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope.join("/"), sha256(canonical)].join(
    "\n",
  );
  const key = scope.reduce<Buffer | string>((secret, part) => hmac(secret, part), `AWS4${KEYS.secretKey}`);
  return hmac(key, text).toString("hex") === signature ? undefined : "SignatureDoesNotMatch";
}

const etagOf = (part: Buffer) => `"${createHash("md5").update(part).digest("hex")}"`;
const sha256 = (content: Buffer | string) => createHash("sha256").update(content).digest("hex");
const hmac = (key: Buffer | string, text: string) => createHmac("sha256", key).update(text).digest();
