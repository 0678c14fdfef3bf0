import { Document, isScalar, Scalar, visit } from "yaml";
import { isRecord, type PlannedResource, type Properties } from "../pulumi-monitor";

/** A planned Kubernetes object. */
export interface KubernetesObject {
  readonly kind: string;
  readonly group: string;
  readonly name: string;
  /** Undefined for cluster-scoped objects. */
  readonly namespace?: string;
  readonly manifest: Properties;
}

/** Kubernetes' own cluster-scoped kinds. Objects of add-ons have a namespace only if they specify one. */
const OF_THE_CLUSTER: ReadonlySet<string> = new Set([
  "APIService",
  "ClusterRole",
  "ClusterRoleBinding",
  "CSIDriver",
  "CSINode",
  "CustomResourceDefinition",
  "FlowSchema",
  "IngressClass",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionPolicyBinding",
  "MutatingWebhookConfiguration",
  "Namespace",
  "Node",
  "PersistentVolume",
  "PriorityClass",
  "PriorityLevelConfiguration",
  "RuntimeClass",
  "StorageClass",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "ValidatingWebhookConfiguration",
  "VolumeAttachment",
]);

/** API groups whose objects are in `default` if they specify no namespace. */
const NAMESPACED_GROUPS =
  /^($|apps$|batch$|autoscaling$|policy$)|^(networking|rbac\.authorization|coordination|discovery|events)\.k8s\.io$/;

export function kubernetesObject(
  resource: PlannedResource,
  manifest: Properties,
): KubernetesObject | undefined {
  const { kind, apiVersion } = manifest;
  if (!resource.type.startsWith("kubernetes:") || resource.kind === "provider") return undefined;
  if (typeof kind !== "string" || typeof apiVersion !== "string") return undefined;
  const given = isRecord(manifest.metadata) ? manifest.metadata : {};
  const answered = isRecord(resource.outputs.metadata) ? resource.outputs.metadata : {};
  const group = apiVersion.includes("/") ? apiVersion.replace(/\/.*$/, "") : "";
  const fallback = !OF_THE_CLUSTER.has(kind) && NAMESPACED_GROUPS.test(group) ? "default" : undefined;
  const namespace = typeof given.namespace === "string" ? given.namespace : fallback;
  return {
    kind,
    group,
    name: String(given.name ?? answered.name ?? resource.name),
    ...(namespace !== undefined && { namespace }),
    manifest,
  };
}

/** `kubernetes/<namespace>/<kind>-<name>`, without an extension. */
export function pathOf({ kind, name, namespace }: KubernetesObject): string {
  const safe = (part: string) => part.replaceAll(/[^\w.-]/g, "_");
  return `kubernetes/${safe(namespace ?? "_cluster")}/${safe(kind.toLowerCase())}-${safe(name)}`;
}

/** Renders an object like handwritten YAML: its identity first, and long texts as blocks. */
export function toYaml({ manifest, name }: KubernetesObject): string {
  const { apiVersion, kind, metadata } = manifest;
  const first = { apiVersion, kind, metadata: { name, ...(isRecord(metadata) && metadata) } };
  const document = new Document(
    { ...first, ...manifest, ...first },
    // Kubernetes' YAML parser still reads yes and no as booleans, and 0123 as an octal number.
    { aliasDuplicateObjects: false, compat: "yaml-1.1" },
  );
  visit(document, {
    Scalar(_, node) {
      if (isScalar(node) && typeof node.value === "string" && node.value.includes("\n"))
        node.type = Scalar.BLOCK_LITERAL;
    },
  });
  return document.toString({ lineWidth: 0 });
}
