import type { ServerResponse } from "node:http";
import { type Handler, MemoryStorage, objectStore, refused, serveObjects } from "../../../cli/start/services";

/** What the stand-in may do to the next requests instead of what was asked. */
export type Fault =
  | "slow-down"
  /** Sends half of the object and cuts the connection. */
  | "cut-download"
  /** Sends half of the object, and then nothing. */
  | "halt-download"
  /** Takes the request, and never says a word. */
  | "silence"
  /** Takes a body and cuts the connection. */
  | "cut-upload"
  /** Answers the completion of an upload with 200, and an error inside. */
  | "fail-completion";

/** The local run's S3 server, held in memory and able to fail: the few calls that the jobs make, signatures checked. */
export interface ObjectStoreStandIn {
  readonly endpoint: string;
  readonly bucket: string;
  readonly objects: MemoryStorage["objects"];
  /** Multipart uploads that are under way, by id. */
  readonly uploads: MemoryStorage["pending"];
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
  const storage = new MemoryStorage(bucket);
  const access = { ...KEYS, buckets: EVERY };
  const server = await serveObjects(
    failing(objectStore({ storage, accesses: [access], page: PAGE }), () => store),
  );
  const endpoint = `http://127.0.0.1:${server.port}`;
  const store: ObjectStoreStandIn = {
    endpoint,
    bucket,
    objects: storage.objects,
    uploads: storage.pending,
    faults: [],
    onRequest: () => undefined,
    environment: (prefix) => ({
      [`${prefix}_ENDPOINT`]: endpoint,
      [`${prefix}_REGION`]: KEYS.region,
      [`${prefix}_BUCKET`]: bucket,
      [`${prefix}_ACCESS_KEY_ID`]: KEYS.accessKey,
      [`${prefix}_SECRET_ACCESS_KEY`]: KEYS.secretKey,
    }),
    stop: server.stop,
  };
  return store;
}

/** The access that tests use opens any bucket, so that a missing one is found missing. */
const EVERY: ReadonlySet<string> = Object.assign(new Set<string>(), { has: () => true });

function failing(handler: Handler, store: () => ObjectStoreStandIn): Handler {
  return async (request, response, body) => {
    const { faults, onRequest } = store();
    const { method = "", url = "/" } = request;
    const applies = (fault: Fault, fits = true): boolean => {
      const at = faults.indexOf(fault);
      if (at < 0 || !fits) return false;
      faults.splice(at, 1);
      return true;
    };
    onRequest(method, url);
    if (applies("cut-upload", method === "PUT")) return void request.socket.destroy();
    if (applies("silence")) return;
    if (applies("slow-down")) return refused(503, "SlowDown")(response);
    if (method === "POST" && url.includes("uploadId=") && applies("fail-completion"))
      return void response.end("<Error><Code>InternalError</Code></Error>");
    if (method === "GET" && faults.includes("cut-download"))
      sendHalf(
        response,
        () => applies("cut-download"),
        () => response.socket?.destroy(),
      );
    if (method === "GET" && faults.includes("halt-download"))
      sendHalf(
        response,
        () => applies("halt-download"),
        () => undefined,
      );
    await handler(request, response, body);
  };
}

/** Listings and refusals arrive whole; of an object, which has a length, only half is sent. */
function sendHalf(response: ServerResponse, applies: () => boolean, afterwards: () => void): void {
  const end = response.end.bind(response);
  response.end = (content?: unknown) => {
    const object = Buffer.isBuffer(content) && content.length > 1 && response.hasHeader("content-length");
    if (!object || !applies()) return end(content);
    response.write(content.subarray(0, content.length / 2), afterwards);
    return response;
  };
}
