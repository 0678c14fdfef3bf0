import type * as pulumi from "@pulumi/pulumi";

/** Takes rendered text while a plan is being made; absent under the real engine. */
export interface ArtefactSink {
  record(path: string, content: pulumi.Input<string>, resource: pulumi.Resource | undefined): void;
}

const SINK: unique symbol = Symbol.for("trellis.artefact-sink");

// The hook lives on the global object so that no component has to be handed a sink that only a plan has.
const host: typeof globalThis & { [SINK]?: ArtefactSink | undefined } = globalThis;

/**
 * Shows a rendered text in the plan, as `out/<stack>/<path>`; under the real engine it does nothing.
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

/** Sends what is recorded from now on to the given sink, and returns how to put the former one back. */
export function divertArtefacts(sink: ArtefactSink): () => void {
  const former = host[SINK];
  host[SINK] = sink;
  return () => {
    host[SINK] = former;
  };
}
