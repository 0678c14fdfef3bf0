import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { JobError, type Logger } from "../../shared";
import type { ServiceKind } from "./answer";
import type { Settled } from "./publisher";
import type { Snapshot } from "./snapshot";

/** Above this age of either contact the watcher is not ready. */
const READY_WITHIN_MS = 30_000;

/** The watcher's health endpoints and metrics, for the kubelet and Prometheus. */
export class Health {
  readonly #registry = new Registry();
  readonly #contacts = new Map<string, number>();
  readonly #parts: readonly string[];

  readonly #revision = this.#gauge(
    "dcs_revision",
    "The revision of etcd that the published answer came from",
    "service",
  );
  readonly #endpoints = this.#gauge("endpoints", "How many endpoints are published", "service");
  readonly #writes = this.#counter("writes_total", "Slices written, by why", "service", "reason");
  readonly #conflicts = this.#counter(
    "conflicts_total",
    "Writes that another watcher's came before",
    "service",
  );
  readonly #failures = this.#counter("failures_total", "Requests to Kubernetes that failed", "service");
  readonly #reconnects = this.#counter("reconnects_total", "Watches of etcd that had to begin anew");
  readonly #contact = this.#gauge("contact_timestamp_seconds", "When a part last answered", "part");

  constructor(services: readonly ServiceKind[]) {
    this.#parts = ["etcd", ...services];
    collectDefaultMetrics({ register: this.#registry });
  }

  settled(service: ServiceKind, how: Settled, { revision }: Snapshot, endpoints: number): void {
    this.met(service);
    this.#endpoints.set({ service }, endpoints);
    if (how === "unchanged") return;
    this.#revision.set({ service }, revision);
    this.#writes.inc({ service, reason: how === "written" ? "changed" : "refresh" });
  }

  conflict(service: ServiceKind): void {
    this.#conflicts.inc({ service });
  }

  failure(service: ServiceKind): void {
    this.#failures.inc({ service });
  }

  reconnect(): void {
    this.#reconnects.inc();
  }

  met(part: string): void {
    this.#contacts.set(part, Date.now());
    this.#contact.set({ part }, Date.now() / 1000);
  }

  /** The contacts that it waits for; empty when it is ready. */
  missing(now = Date.now()): string[] {
    return this.#parts.filter((part) => now - (this.#contacts.get(part) ?? 0) > READY_WITHIN_MS);
  }

  /**
   * /healthz succeeds while the process runs: a restart would not fix an unreachable etcd or API server. /readyz also
   * requires recent contact with both.
   */
  async listen(host: string, port: number, log: Logger): Promise<() => Promise<void>> {
    const server = createServer(async (request, response) => {
      const path = request.url?.split("?")[0];
      const say = (status: number, text: string, type = "text/plain; charset=utf-8") =>
        response.writeHead(status, { "content-type": type }).end(text);
      if (request.method !== "GET") return say(405, "only GET is answered here\n");
      if (path === "/healthz") return say(200, "ok\n");
      if (path === "/metrics") return say(200, await this.#registry.metrics(), this.#registry.contentType);
      if (path !== "/readyz") return say(404, "there are /healthz, /readyz and /metrics\n");
      const missing = this.missing();
      return missing.length === 0 ? say(200, "ok\n") : say(503, `no word lately: ${missing.join(", ")}\n`);
    });
    await new Promise<void>((listening, refused) => {
      server.once("error", (error) =>
        refused(new JobError(`the watcher cannot listen on ${host}:${port}: ${error.message}`)),
      );
      server.listen(port, host, listening);
    });
    const address = server.address() as AddressInfo; // safe: a TCP server has a port
    log.info({ host, port: address.port }, `health and metrics on ${host}:${address.port}`);
    return () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      });
  }

  #gauge(name: string, help: string, ...labelNames: string[]) {
    return new Gauge({ name: `trellis_discovery_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #counter(name: string, help: string, ...labelNames: string[]) {
    return new Counter({ name: `trellis_discovery_${name}`, help, labelNames, registers: [this.#registry] });
  }
}
