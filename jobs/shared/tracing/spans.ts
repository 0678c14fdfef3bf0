/** Facts about a span: names and counts, never rows or values. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** A span that has begun. */
export interface OpenSpan {
  /** Ends it, as a failure where there is an error. */
  end(error?: unknown): void;
  /** Runs work whose spans belong to this one. */
  within<T>(work: () => T): T;
}

/** What records spans: the SDK of OpenTelemetry, which is loaded only where traces are wanted. */
export interface Recorder {
  begin(name: string, attributes: Attributes, kind: "internal" | "client"): OpenSpan;
  /** Sends what was recorded. It never fails: traces must not change how a job ends. */
  close(): Promise<void>;
}

let recorder: Recorder | undefined;

export function recordWith(given: Recorder | undefined): void {
  recorder = given;
}

/** Undefined where nobody wants traces; then nothing is recorded, and nothing costs time. */
export const recording = (): Recorder | undefined => recorder;

/** Records how long work took and whether it failed, where traces are wanted. */
export async function inSpan<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  const span = recorder?.begin(name, attributes, "internal");
  if (!span) return work();
  try {
    const answer = await span.within(work);
    span.end();
    return answer;
  } catch (error) {
    span.end(error);
    throw error;
  }
}
