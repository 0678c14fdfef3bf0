import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { SnapshotStore } from "../../../components/servers/etcd";

export interface StandInStore extends SnapshotStore {
  /** What the bucket holds, by key. */
  readonly objects: Map<string, Buffer>;
  /** Answers everything with 503 until it is set back. */
  broken: boolean;
  stop(): Promise<void>;
}

/** Like the real ones: how many keys a page of a listing has. Small, so that every listing of a test has several. */
const PAGE = 2;

/** A bucket on loopback that takes what is signed with its keys (AWS signature version 4) and refuses all else. */
export async function startSnapshotStore(): Promise<StandInStore> {
  const objects = new Map<string, Buffer>();
  const keys = {
    region: "fsn1",
    bucket: "snapshots",
    accessKey: "STANDIN",
    secretKey: 'a "strange" \\ secret/key+1',
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (store.broken) return response.writeHead(503).end();
    if (!isSigned(request, body, keys))
      return response.writeHead(403).end("<Code>SignatureDoesNotMatch</Code>");
    const url = new URL(request.url ?? "/", "http://store");
    const key = url.pathname.slice(`/${keys.bucket}/`.length);
    if (!url.pathname.startsWith(`/${keys.bucket}/`)) return response.writeHead(404).end();
    if (request.method === "GET" && key === "") return response.end(listing(objects, url.searchParams));
    if (request.method === "PUT") objects.set(key, body);
    if (request.method === "DELETE") objects.delete(key);
    const found = objects.get(key);
    if (request.method === "GET") return found ? response.end(found) : response.writeHead(404).end();
    return response.end();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  // The address of a TCP server that listens is never a string or null.
  const { port } = server.address() as AddressInfo;
  const store: StandInStore = {
    ...keys,
    endpoint: `http://127.0.0.1:${port}`,
    objects,
    broken: false,
    stop: () => new Promise((stopped) => server.close(() => stopped())),
  };
  return store;
}

function listing(objects: ReadonlyMap<string, Buffer>, query: URLSearchParams): string {
  const matching = [...objects.keys()]
    .filter((key) => key.startsWith(query.get("prefix") ?? "") && key > (query.get("start-after") ?? ""))
    .sort();
  const contents = matching.slice(0, PAGE).map((key) => `<Contents><Key>${key}</Key></Contents>`);
  return `<?xml version="1.0"?><ListBucketResult><IsTruncated>${matching.length > PAGE}</IsTruncated>${contents.join("")}</ListBucketResult>`;
}

function isSigned(
  request: IncomingMessage,
  body: Buffer,
  keys: Pick<SnapshotStore, "region" | "accessKey" | "secretKey">,
): boolean {
  const [, credential, names, signature] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)$/.exec(
      request.headers.authorization ?? "",
    ) ?? [];
  const time = String(request.headers["x-amz-date"] ?? "");
  const scope = `${time.slice(0, 8)}/${keys.region}/s3/aws4_request`;
  if (!names || credential !== `${keys.accessKey}/${scope}`) return false;
  const digest = String(request.headers["x-amz-content-sha256"] ?? sha256(body));
  if (digest !== sha256(body)) return false;
  const [path, query = ""] = (request.url ?? "").split("?");
  const canonical = [
    request.method,
    path,
    query.split("&").sort().join("&"),
    ...names.split(";").map((name) => `${name}:${String(request.headers[name] ?? "").trim()}`),
    "",
    names,
    digest,
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n");
  const key = scope
    .split("/")
    .reduce<Buffer | string>((secret, part) => hmac(secret, part), `AWS4${keys.secretKey}`);
  return hmac(key, text).toString("hex") === signature;
}

const sha256 = (content: Buffer | string) => createHash("sha256").update(content).digest("hex");
const hmac = (key: Buffer | string, text: string) => createHmac("sha256", key).update(text).digest();
