import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Context } from "../command-line";
import { UserError } from "../command-line";

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

interface ServeArgs {
  readonly host: string;
  readonly port: number;
  /** The name of the server for logs and error replies: "the rain API". */
  readonly what: string;
  /** Answers one GET request. */
  readonly reply: (url: URL) => Promise<Reply>;
}

/** How long open requests may take to finish after a stop. */
const DRAIN_MS = 10_000;

/** Serves GET requests until it is stopped, then drains open ones. */
export async function serve(
  args: ServeArgs,
  { log, signal }: Pick<Context, "log" | "signal">,
): Promise<void> {
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => {
    respond(request, response, args.reply).catch((error: unknown) => {
      log.error({ url: request.url, stack: (error as Error).stack }, `${request.url}: ${String(error)}`);
      if (!response.headersSent)
        send(request, response, problem(500, `${args.what} cannot answer at the moment`));
      else response.destroy();
    });
  });
  await new Promise<void>((listening, refused) => {
    server.once("error", (error) =>
      refused(new UserError(`${args.what} cannot listen on ${args.host}:${args.port}: ${error.message}`)),
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

export const problem = (status: number, message: string): Reply => json(status, { error: message });

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  reply: ServeArgs["reply"],
): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    send(request, response, problem(405, "only GET is answered here"));
    return;
  }
  const target = request.url ?? "/";
  const readable = URL.canParse(target, "http://localhost");
  const answer = readable
    ? await reply(new URL(target, "http://localhost"))
    : problem(400, "this is no address");
  send(request, response, answer);
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
