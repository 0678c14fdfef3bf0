import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { failure, HcloudProject, type HcloudProjectOptions, LOCKED, type Reply } from "./hcloud-api-project";

/** What the API does wrong; the codes and headers are those of the real one. */
export type Fault =
  | { readonly kind: "unauthorized" }
  /** 429, with the headers that say when requests are allowed again. */
  | { readonly kind: "rate limited"; readonly resetsInSeconds?: number }
  /** 423: another action holds the resource. */
  | { readonly kind: "locked" }
  | { readonly kind: "server error"; readonly status?: 500 | 502 | 503 | 504 }
  /** Answers rightly, but late. */
  | { readonly kind: "slow"; readonly milliseconds: number }
  /** Closes the connection without an answer. */
  | { readonly kind: "dropped" }
  /** Takes the assignment, and its action ends in an error. */
  | { readonly kind: "action fails" };

interface HcloudApiOptions extends HcloudProjectOptions {
  /** An address of its own keeps parallel runs apart; the port is free to choose. Default: 127.0.0.1. */
  readonly address?: string;
}

/** One request as it arrived, with what it was answered (0: nothing). */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
  readonly status: number;
}

export interface HcloudApi {
  /** What clients take for `https://api.hetzner.cloud/v1`. */
  readonly endpoint: string;
  /** The one token that is accepted. */
  readonly token: string;
  /** Every request so far, in order of arrival. */
  readonly requests: readonly SeenRequest[];
  /** The id of the server that a floating IP points at now. */
  holder(floatingIp: number): number | null;
  /** The next requests (once, or as many `times`) meet this fault; of several, the first declared goes first. */
  misbehave(fault: Fault, times?: number): void;
  /** Ends all faults. */
  behave(): void;
  stop(): Promise<void>;
}

const TOKEN = "stand-in-token-of-the-hetzner-api";
/** Requests an hour that a project has at Hetzner. */
const HOURLY_LIMIT = 3600;

/**
 * A stand-in for Hetzner's Cloud API on loopback: servers, floating IPs, the assignment of one to the other by actions
 * that finish later, and the ways in which the real API refuses.
 */
export async function startHcloudApi(options: HcloudApiOptions): Promise<HcloudApi> {
  const project = new HcloudProject(options);
  const requests: SeenRequest[] = [];
  const faults: { fault: Fault; times: number }[] = [];

  const nextFault = (): Fault | undefined => {
    const first = faults[0];
    if (!first) return undefined;
    first.times -= 1;
    if (first.times <= 0) faults.shift();
    return first.fault;
  };

  const server = createServer(async (request, response) => {
    const body = await textOf(request);
    const seen = {
      method: request.method ?? "",
      path: request.url ?? "",
      authorization: request.headers.authorization,
      body,
    };
    const fault = nextFault();
    if (fault?.kind === "dropped") {
      requests.push({ ...seen, status: 0 });
      request.socket.destroy();
      return;
    }
    if (fault?.kind === "slow") await new Promise((done) => setTimeout(done, fault.milliseconds));
    const reply =
      (fault && refusal(fault)) ??
      (seen.authorization === `Bearer ${TOKEN}`
        ? project.answer(
            seen.method,
            new URL(seen.path, "http://stand-in"),
            body,
            fault?.kind === "action fails",
          )
        : failure(401, "unauthorized", "unable to authenticate"));
    requests.push({ ...seen, status: reply.status });
    send(response, reply);
  });

  const address = options.address ?? "127.0.0.1";
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, resolve);
  });
  // The address of a TCP server that listens is never a string or null.
  const { port } = server.address() as AddressInfo;

  return {
    endpoint: `http://${address}:${port}/v1`,
    token: TOKEN,
    requests,
    holder: (floatingIp) => project.holder(floatingIp),
    misbehave: (fault, times = 1) => void faults.push({ fault, times }),
    behave: () => void faults.splice(0),
    stop: () => close(server),
  };
}

function refusal(fault: Fault): Reply | undefined {
  switch (fault.kind) {
    case "unauthorized":
      return failure(401, "unauthorized", "unable to authenticate");
    case "rate limited":
      return {
        ...failure(429, "rate_limit_exceeded", "limit of requests per hour reached"),
        headers: rateLimit(0, fault.resetsInSeconds ?? 1),
      };
    case "locked":
      return LOCKED;
    case "server error":
      return failure(fault.status ?? 503, "service_error", "an error occurred within the service");
    default:
      return undefined;
  }
}

function rateLimit(remaining: number, resetsInSeconds: number): Record<string, string> {
  return {
    "RateLimit-Limit": String(HOURLY_LIMIT),
    "RateLimit-Remaining": String(remaining),
    "RateLimit-Reset": String(Math.ceil(Date.now() / 1000) + resetsInSeconds),
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, { status, body, headers }: Reply): void {
  response.writeHead(status, {
    "Content-Type": "application/json",
    ...rateLimit(HOURLY_LIMIT - 1, 1),
    ...headers,
  });
  response.end(JSON.stringify(body));
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
}
