// What servers reach outside of their cluster, as a process in the network of a site. The rig that started it gives it
// its settings and its faults as messages (outside.ts).
import { createReadStream, existsSync, statSync } from "node:fs";
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { basename, join } from "node:path";
import { pipeline } from "node:stream";
import { startSnapshotStore } from "../etcd/snapshot-store";
import { HcloudProject } from "../hetzner/hcloud-api-project";
import type { FromOutside, OutsideFault, OutsideService, OutsideSettings, ToOutside } from "./outside";
import { OUTSIDE } from "./site";

const faults = new Map<OutsideService, OutsideFault>();
const tell = (message: FromOutside) => process.send?.(message);

process.once("disconnect", () => process.exit());
process.on("message", (message: ToOutside) => {
  if (message.kind === "start") void start(message.settings);
  else if (message.fault === undefined) faults.delete(message.service);
  else faults.set(message.service, message.fault);
});

async function start(settings: OutsideSettings): Promise<void> {
  const store = await startSnapshotStore();
  const project = new HcloudProject({
    servers: settings.servers,
    floatingIps: [{ id: settings.floatingIp, name: "front", ip: "203.0.113.7", server: null }],
  });
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const host = String(request.headers.host).split(":")[0] ?? "";
    const service = serviceOf(host);
    const from = (request.socket.remoteAddress ?? "").replace("::ffff:", "");
    const path = decodeURIComponent(request.url ?? "");
    response.once("close", () =>
      tell({ kind: "seen", from, service: service ?? host, path, status: response.statusCode }),
    );
    if (service === undefined) return void response.writeHead(404).end();
    const fault = faults.get(service);
    if (fault === "503") return void response.writeHead(503).end("the service is down");
    switch (service) {
      case "packages":
        return sendFile(response, join(settings.packages, basename(path)), undefined);
      case "downloads":
        return sendFile(response, settings.downloads[basename(path)], fault);
      case "metadata":
        return sendMetadata(response, settings, from, path);
      case "hetzner":
        return void answerApi(project, request, response);
      case "bucket":
        return forward(request, response, store.endpoint);
    }
  };
  const plain = createServer(answer);
  const secure = createTlsServer({ cert: settings.certificate.cert, key: settings.certificate.key }, answer);
  await Promise.all([
    new Promise<void>((listening) => plain.listen(80, "::", listening)),
    new Promise<void>((listening) => secure.listen(443, "::", listening)),
  ]);
  const { region, bucket, accessKey, secretKey } = store;
  tell({ kind: "ready", store: { region, bucket, accessKey, secretKey } });
}

function serviceOf(host: string): OutsideService | undefined {
  if (host === "packages.test") return "packages";
  if (host === "github.com") return "downloads";
  if (host === OUTSIDE.metadata || host.startsWith("[fe80")) return "metadata";
  if (host === "api.hetzner.cloud") return "hetzner";
  return host.endsWith(".your-objectstorage.com") ? "bucket" : undefined;
}

function sendFile(response: ServerResponse, file: string | undefined, fault: OutsideFault | undefined): void {
  if (file === undefined || !existsSync(file)) return void response.writeHead(404).end();
  const bytes = statSync(file).size;
  if (fault === "other content") return void response.end("<html>Please log in to this network</html>");
  response.writeHead(200, { "Content-Length": bytes });
  const end = fault === "cut off" ? Math.floor(bytes / 2) : bytes - 1;
  const sent = createReadStream(file, { end });
  // A transfer that is cut off says how much there was to come, and the connection ends.
  if (fault === "cut off") sent.once("end", () => response.socket?.destroy());
  pipeline(sent, response, () => undefined);
}

function sendMetadata(response: ServerResponse, settings: OutsideSettings, from: string, path: string): void {
  const server = settings.servers.find(({ address }) => address === from);
  const id = String(server?.id ?? 0);
  if (path.endsWith("/instance-id")) return void response.end(id);
  // The real one serves the user data here, with all its keys.
  response.end(path.endsWith("/userdata") ? "the user data, with all its keys" : `instance-id: ${id}\n`);
}

async function answerApi(
  project: HcloudProject,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const url = new URL(request.url ?? "/", "http://api.hetzner.cloud");
  const { status, body } = project.answer(request.method ?? "", url, Buffer.concat(chunks).toString(), false);
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

function forward(request: IncomingMessage, response: ServerResponse, endpoint: string): void {
  const { method, headers, url = "/" } = request;
  const onward = ask(new URL(url, endpoint), { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    pipeline(answer, response, () => undefined);
  });
  onward.once("error", () => response.writeHead(502).end());
  pipeline(request, onward, () => undefined);
}
