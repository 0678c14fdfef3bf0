import { hexFor } from "./identities";
import type { Answer, Registration } from "./provider-answer";
import { isRecord } from "./wire";

/** An object comes back as it was sent; one without a name gets the provider's kind of name. */
export function kubernetesOutputs({ type, name, urn, inputs }: Registration): Answer {
  if (type === "kubernetes:helm.sh/v3:Release") return { id: String(inputs.name ?? name) };
  const sent = isRecord(inputs.metadata) ? inputs.metadata : {};
  const objectName = typeof sent.name === "string" ? sent.name : `${name}-${hexFor(urn, 8)}`;
  const namespace = typeof sent.namespace === "string" ? `${sent.namespace}/` : "";
  return { id: namespace + objectName, outputs: { metadata: { name: objectName } } };
}
