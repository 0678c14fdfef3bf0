import { context, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { type ExportResult, ExportResultCode, W3CTraceContextPropagator } from "@opentelemetry/core";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import { Resource } from "@opentelemetry/resources";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-base";
import type { Recorder } from "./spans";

interface Wanted {
  /** Where the collector takes OTLP over HTTP, without `/v1/traces`. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Name of the service. */
  readonly service: string;
  /** The span that this process belongs to, as W3C's `traceparent`. @default none: it begins a trace */
  readonly parent: string | undefined;
  /** Takes the reason why spans could not be sent. */
  readonly onFailure: (reason: string) => void;
}

const SEND_LIMIT_MS = 5_000;

/** Records every span: whoever starts the job decides whether it is traced. */
export function openTelemetry({ parent, ...wanted }: Wanted): Recorder {
  const processor = new BatchSpanProcessor(new OtlpExporter(wanted), { exportTimeoutMillis: SEND_LIMIT_MS });
  const provider = new BasicTracerProvider({
    resource: new Resource({ "service.name": wanted.service }),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer("trellis");
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const outside = parent === undefined ? context.active() : contextOf(parent);
  const surrounding = () => (trace.getSpan(context.active()) ? context.active() : outside);
  return {
    begin: (name, attributes, kind) => {
      const options = { attributes, kind: kind === "client" ? SpanKind.CLIENT : SpanKind.INTERNAL };
      const span = tracer.startSpan(name, options, surrounding());
      const inside = trace.setSpan(surrounding(), span);
      return {
        end: (error) => ended(span, error),
        within: (work) => context.with(inside, work),
      };
    },
    close: () => provider.shutdown().catch((error: unknown) => wanted.onFailure(String(error))),
  };
}

/** The flag "not sampled" is left out: Airflow sets it wherever it records nothing itself. */
function contextOf(parent: string) {
  const sampled = parent.replace(/-00$/, "-01");
  return new W3CTraceContextPropagator().extract(
    context.active(),
    { traceparent: sampled },
    {
      get: (carrier, key) => (key === "traceparent" ? carrier.traceparent : undefined),
      keys: (carrier) => Object.keys(carrier),
    },
  );
}

/** Only the kind of an error: messages may hold values. */
function ended(span: Span, error: unknown): void {
  if (error !== undefined) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    const code = Object(error).code;
    span.setAttribute("error.type", typeof code === "string" ? code : String(Object(error).name));
  }
  span.end();
}

/** OTLP over HTTP, as JSON. */
class OtlpExporter implements SpanExporter {
  readonly #wanted: Omit<Wanted, "parent">;
  #told = false;

  constructor(wanted: Omit<Wanted, "parent">) {
    this.#wanted = wanted;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#send(spans).then(
      () => done({ code: ExportResultCode.SUCCESS }),
      (error: Error) => {
        if (!this.#told) this.#wanted.onFailure(error.message);
        this.#told = true; // once is enough
        done({ code: ExportResultCode.FAILED, error });
      },
    );
  }

  async shutdown(): Promise<void> {}

  async #send(spans: ReadableSpan[]): Promise<void> {
    const { endpoint, headers } = this.#wanted;
    const body = JsonTraceSerializer.serializeRequest(spans);
    const answer = await fetch(`${endpoint.replace(/\/$/, "")}/v1/traces`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      signal: AbortSignal.timeout(SEND_LIMIT_MS),
      ...(body && { body: Buffer.from(body) }),
    });
    if (!answer.ok) throw new Error(`${endpoint} answers ${answer.status}`);
  }
}
