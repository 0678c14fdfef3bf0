import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child } from "../child";
import { freePort } from "../postgres/postgres";
import { eventually } from "../waiting";

/** A span as OTLP has it in JSON, as far as the tests read it. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly status: { readonly code?: number };
  readonly attributes: Readonly<Record<string, string>>;
}

/** A real collector of OpenTelemetry on loopback, which takes OTLP over HTTP and writes what it took into a file. */
export class Collector {
  readonly endpoint: string;
  readonly #folder: string;
  readonly #child: Child;

  private constructor(endpoint: string, folder: string, child: Child) {
    this.endpoint = endpoint;
    this.#folder = folder;
    this.#child = child;
  }

  static async start(): Promise<Collector> {
    const folder = mkdtempSync(join(tmpdir(), "trellis-collector-"));
    const address = `127.0.0.1:${await freePort()}`;
    const config = {
      receivers: { otlp: { protocols: { http: { endpoint: address } } } },
      exporters: { file: { path: join(folder, "spans.json"), flush_interval: "100ms" } },
      service: {
        telemetry: { metrics: { level: "none" } },
        pipelines: { traces: { receivers: ["otlp"], exporters: ["file"] } },
      },
    };
    const file = join(folder, "config.json");
    writeFileSync(file, JSON.stringify(config)); // JSON is YAML
    const child = new Child("otelcol", ["--config", `file:${file}`]);
    const endpoint = `http://${address}`;
    await eventually("the collector answers", 30_000, async () => {
      if (!child.running) throw new Error(child.output);
      return (await fetch(`${endpoint}/v1/traces`)).status === 405; // it takes POST alone
    });
    return new Collector(endpoint, folder, child);
  }

  /** All that it took, as text. */
  get text(): string {
    return readFileSync(join(this.#folder, "spans.json"), "utf8");
  }

  /** Waits until a span of this name has come, and returns all. */
  spans(awaited: string): Promise<CollectedSpan[]> {
    return eventually(`the span ${awaited}`, 20_000, () => {
      const spans = this.text
        .split("\n")
        .filter((line) => line.endsWith("}"))
        .flatMap((line) => JSON.parse(line).resourceSpans)
        .flatMap(({ scopeSpans }) => scopeSpans)
        .flatMap(({ spans: each }) => each)
        .map((span) => ({
          parentSpanId: "",
          status: {},
          ...span,
          attributes: attributesOf(span.attributes),
        }));
      return spans.some(({ name }) => name === awaited) && spans;
    });
  }

  async stop(): Promise<void> {
    await this.#child.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const attributesOf = (list: readonly { key: string; value: object }[] = []): Record<string, string> =>
  Object.fromEntries(list.map(({ key, value }) => [key, String(Object.values(value)[0])]));
