import { z } from "zod";
import type { HttpReader } from "./http";
import type { Sample } from "./metrics";
import { asking, Unanswered } from "./unanswered";

const answer = z.object({
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        value: z.tuple([z.number(), z.string()]),
      }),
    ),
  }),
});

/** Instant queries to Prometheus. */
export class PrometheusReader {
  readonly #http: HttpReader;
  readonly #url: string | undefined;

  constructor(http: HttpReader, url: string | undefined) {
    this.#http = http;
    this.#url = url;
  }

  /** An empty answer is an error: a metric that nobody scrapes proves nothing. */
  async some(expression: string): Promise<Sample[]> {
    const samples = await this.query(expression);
    if (samples.length > 0) return samples;
    throw new Unanswered("Prometheus", `it has no samples for ${expression}`);
  }

  async query(expression: string): Promise<Sample[]> {
    if (!this.#url) throw new Unanswered("Prometheus", "the stack has none");
    const url = `${new URL("/api/v1/query", this.#url).href}?query=${encodeURIComponent(expression)}`;
    const content = await this.#http.json("Prometheus", url);
    return asking("Prometheus", async () =>
      answer.parse(content).data.result.map(({ metric: { __name__ = "", ...labels }, value }) => ({
        name: __name__,
        labels,
        value: Number(value[1]),
      })),
    );
  }
}
