import type { Answer, Registration } from "./answer";
import { hexFor } from "./identities";
import { isRecord } from "./wire";

/** Returns an object as it was sent. An object without a name gets a generated one, as from the provider. */
export function kubernetesOutputs({ type, name, urn, inputs }: Registration): Answer {
  if (type === "kubernetes:helm.sh/v3:Release") return { id: String(inputs.name ?? name) };
  const sent = isRecord(inputs.metadata) ? inputs.metadata : {};
  const objectName = typeof sent.name === "string" ? sent.name : `${name}-${hexFor(urn, 8)}`;
  const namespace = typeof sent.namespace === "string" ? `${sent.namespace}/` : "";
  return { id: namespace + objectName, outputs: { metadata: { name: objectName } } };
}
