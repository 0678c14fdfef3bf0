import { timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { replaceFile } from "../../shared/replace-file";
import type { ServerIdentity } from "./authority";

interface PatroniStandInArgs {
  /** The file for the dynamic configuration. */
  readonly file: string;
  readonly identity: ServerIdentity;
  readonly user: string;
  readonly password: string;
  /** The port of the only PostgreSQL server. */
  readonly postgresPort: number;
}

type Configuration = Readonly<Record<string, unknown>>;

/**
 * Simulates Patroni's REST API for the only local server. It stores the dynamic configuration, with Patroni's rules for
 * merging, and reports that server as leader. It neither fails over nor applies the configuration.
 */
export async function startPatroniStandIn(
  args: PatroniStandInArgs,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const expected = Buffer.from(`Basic ${Buffer.from(`${args.user}:${args.password}`).toString("base64")}`);
  const server = createServer(
    { cert: args.identity.certificate, key: args.identity.key },
    (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const given = Buffer.from(request.headers.authorization ?? "");
        const known = given.length === expected.length && timingSafeEqual(given, expected);
        const body = Buffer.concat(chunks).toString();
        const [status, answer] = reply(args, `${request.method} ${request.url}`, known, body);
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
      });
    },
  );
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo; // a TCP server has a port
  return { port, stop: () => closed(server) };
}

function reply(
  { file, postgresPort }: PatroniStandInArgs,
  what: string,
  known: boolean,
  body: string,
): [status: number, answer: unknown] {
  if (what.startsWith("PATCH ") && !known) return [401, "no auth header received, or a wrong one"];
  switch (what) {
    case "GET /config":
      return [200, read(file)];
    case "PATCH /config": {
      const merged = merge(read(file), JSON.parse(body));
      replaceFile(file, JSON.stringify(merged, undefined, 2));
      return [200, merged];
    }
    case "GET /cluster":
      return [200, { members: [{ ...LEADER, host: "127.0.0.1", port: postgresPort }] }];
    case "GET /":
    case "GET /leader":
    case "GET /primary":
    case "GET /health":
    case "GET /readiness":
    case "GET /liveness":
      return [200, { state: "running", role: "primary" }];
    default:
      return [404, `the simulated Patroni does not support ${what}`];
  }
}

const LEADER = { name: "local", role: "leader", state: "running", timeline: 1 };

const read = (file: string): Configuration =>
  existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};

/** A null removes a key, maps are merged, and other values are replaced. */
function merge(into: Configuration, change: Configuration): Configuration {
  const merged: Record<string, unknown> = { ...into };
  for (const [key, value] of Object.entries(change)) {
    const present = merged[key];
    if (value === null) delete merged[key];
    else merged[key] = isMap(value) ? merge(isMap(present) ? present : {}, value) : value;
  }
  return merged;
}

const isMap = (value: unknown): value is Configuration =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function closed(server: Server): Promise<void> {
  return new Promise((stopped) => {
    server.close(() => stopped());
    server.closeAllConnections();
  });
}
