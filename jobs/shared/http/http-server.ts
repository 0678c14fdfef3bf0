import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Context } from "../command-line";
import { JobError } from "../command-line";
import type { Markup } from "./markup";

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** A request beyond its address. */
export interface ReceivedRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface ServeArgs {
  readonly host: string;
  readonly port: number;
  /** The name of the server for logs and error replies: "the rain API". */
  readonly what: string;
  /** Answers one request. */
  readonly reply: (url: URL, request: ReceivedRequest) => Promise<Reply>;
  /** Whether POST is answered too; its body is at most `LARGEST_BODY`. @default false */
  readonly acceptsPost?: boolean;
  /** Origins whose pages may read the answers in a browser (CORS); "*": all. @default none */
  readonly origins?: readonly string[];
}

/** The most bytes of a request's body. */
const LARGEST_BODY = 64 * 1024;

/** How long open requests may take to finish after a stop. */
const DRAIN_MS = 10_000;

/** Serves GET requests until it is stopped, then drains open ones. */
export async function serve(
  args: ServeArgs,
  { log, signal }: Pick<Context, "log" | "signal">,
): Promise<void> {
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => {
    respond(request, response, args).catch((error: unknown) => {
      log.error({ url: request.url, stack: (error as Error).stack }, `${request.url}: ${String(error)}`);
      if (!response.headersSent)
        send(request, response, problem(500, `${args.what} cannot answer at the moment`));
      else response.destroy();
    });
  });
  await new Promise<void>((listening, refused) => {
    server.once("error", (error) =>
      refused(new JobError(`${args.what} cannot listen on ${args.host}:${args.port}: ${error.message}`)),
    );
    server.listen(args.port, args.host, listening);
  });
  const { port } = server.address() as AddressInfo; // safe: a TCP server has a port
  log.info({ host: args.host, port }, `${args.what} listens on ${args.host}:${port}`);
  await new Promise<void>((stopped) => {
    const stop = () => {
      server.close(() => stopped());
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

export const json = (status: number, content: unknown): Reply => ({
  status,
  type: "application/json; charset=utf-8",
  body: JSON.stringify(content),
});

export const page = (content: Markup): Reply => ({
  status: 200,
  type: "text/html; charset=utf-8",
  body: `<!doctype html>\n${content.text}`,
});

export const problem = (status: number, message: string): Reply => json(status, { error: message });

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { reply, acceptsPost = false, origins = [] }: ServeArgs,
): Promise<void> {
  const { method = "GET", headers } = request;
  allowOrigin(origins, headers.origin, response);
  if (method !== "GET" && method !== "HEAD" && !(acceptsPost && method === "POST")) {
    response.setHeader("allow", acceptsPost ? "GET, HEAD, POST" : "GET, HEAD");
    send(
      request,
      response,
      problem(405, acceptsPost ? "only GET and POST are answered here" : "only GET is answered here"),
    );
    return;
  }
  const target = request.url ?? "/";
  if (!URL.canParse(target, "http://localhost")) {
    send(request, response, problem(400, "this is no address"));
    return;
  }
  const body = method === "POST" ? await bodyOf(request) : "";
  if (body === undefined) {
    response.setHeader("connection", "close");
    send(request, response, problem(413, `the body has more than ${LARGEST_BODY} bytes`));
    return;
  }
  send(request, response, await reply(new URL(target, "http://localhost"), { method, headers, body }));
}

/**
 * Lets pages of the listed origins read the answer. There are no credentials to protect, and a GET without headers of its
 * own needs no preflight, so there is no answer to OPTIONS.
 */
function allowOrigin(origins: readonly string[], origin: string | undefined, response: ServerResponse): void {
  if (origins.length === 0) return;
  if (origins.includes("*")) {
    response.setHeader("access-control-allow-origin", "*");
    return;
  }
  response.setHeader("vary", "Origin"); // a cache must not answer one origin with the header of another
  if (origin !== undefined && origins.includes(origin))
    response.setHeader("access-control-allow-origin", origin);
}

/** Undefined: the body is too large, and the rest of it was not read. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LARGEST_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body }: Reply): void {
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
  });
  response.end(request.method === "HEAD" ? undefined : body);
}
