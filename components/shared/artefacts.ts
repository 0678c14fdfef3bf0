import type * as pulumi from "@pulumi/pulumi";

/** Collects rendered text during a plan. Under the real engine there is no sink. */
export interface ArtefactSink {
  record(path: string, content: pulumi.Input<string>, resource: pulumi.Resource | undefined): void;
}

const SINK: unique symbol = Symbol.for("trellis.artefact-sink");

// The sink is on the global object because only a plan has one: components need no argument for it.
const host: typeof globalThis & { [SINK]?: ArtefactSink | undefined } = globalThis;

/**
 * Shows a rendered text in the plan, as `out/<stack>/<path>`. Under the real engine it does nothing.
 *
 * @param resource The resource that the text belongs to, if any.
 * @param path Relative, for instance `servers/ubuntu-8gb-hil-1/haproxy.cfg`; each path is recorded once.
 * @param content The text as the machine will read it. Secrets inside become placeholders.
 */
export function recordArtefact(
  resource: pulumi.Resource | undefined,
  path: string,
  content: pulumi.Input<string>,
): void {
  host[SINK]?.record(path, content, resource);
}

/** Sends all later records to the given sink. Returns a function that restores the former sink. */
export function divertArtefacts(sink: ArtefactSink): () => void {
  const former = host[SINK];
  host[SINK] = sink;
  return () => {
    host[SINK] = former;
  };
}
