import { type Recorder, recordWith } from "./spans";

interface StartArgs {
  readonly domain: string;
  /** Takes warnings. */
  readonly warn: (message: string) => void;
  /** OpenTelemetry's own variables, and W3C's. @default those of this process */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Starts to record spans where `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector; undefined elsewhere. The variables are
 * those of OpenTelemetry's specification; `TRACEPARENT` is the span that this process belongs to.
 */
export async function startTracing({
  domain,
  warn,
  environment = process.env,
}: StartArgs): Promise<Recorder | undefined> {
  const endpoint = environment.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (!endpoint || environment.OTEL_SDK_DISABLED === "true") return undefined;
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
    warn("no traces: OTEL_EXPORTER_OTLP_ENDPOINT is no address that begins with http:// or https://");
    return undefined;
  }
  const { openTelemetry } = await import("./open-telemetry");
  const recorder = openTelemetry({
    endpoint,
    headers: headersOf(environment.OTEL_EXPORTER_OTLP_HEADERS ?? ""),
    service: environment.OTEL_SERVICE_NAME || `trellis-${domain}`,
    parent: environment.TRACEPARENT || undefined,
    onFailure: (why) => warn(`traces were not sent: ${why}`),
  });
  recordWith(recorder);
  return recorder;
}

/** `name=value,...`, with values in percent encoding. */
const headersOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    text.split(",").flatMap((pair) => {
      const at = pair.indexOf("=");
      return at < 1 ? [] : [[pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())]];
    }),
  );

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
