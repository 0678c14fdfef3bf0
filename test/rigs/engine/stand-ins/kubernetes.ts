import type { Cloud } from "./cloud";
import { awaitGone, awaitReady } from "./kubernetes-awaiting";
import { KubernetesClient } from "./kubernetes-client";
import type { ResourceKind } from "./stand-in";
import { at, type Properties, plainProperties } from "./wire";

/** What the real provider says when nothing answers at the address of the kubeconfig. */
export const UNREACHABLE = "configured Kubernetes cluster is unreachable";

/** What the real provider answers with a replacement, by the kind at the end of the type: its `forceNew` (diff.go). */
const REPLACED_BY: Readonly<Record<string, readonly string[]>> = {
  ClusterRoleBinding: ["roleRef"],
  DaemonSet: ["spec.selector"],
  Deployment: ["spec.selector"],
  Job: ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
  PersistentVolumeClaim: ["spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"],
  ResourceQuota: ["spec.scopes"],
  RoleBinding: ["roleRef"],
  Secret: ["type"],
  Service: ["spec.clusterIP"],
  StatefulSet: [
    ...["spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.selector", "spec.serviceName"],
    "spec.volumeClaimTemplates",
  ],
  StorageClass: ["parameters", "provisioner"],
};

/** Further fields of these kinds, where the program has not set the provider to change them in place. */
const DATA: Readonly<Record<string, { readonly fields: readonly string[]; readonly inPlace: string }>> = {
  ConfigMap: { fields: ["binaryData", "data"], inPlace: "enableConfigMapMutable" },
  Secret: { fields: ["data", "stringData"], inPlace: "enableSecretMutable" },
};

/** What the provider would update in place and the API server refuses to. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  PriorityClass: ["preemptionPolicy", "value"],
  StorageClass: ["reclaimPolicy", "volumeBindingMode"],
};

function replacedBy(
  kind: string,
  inputs: Properties,
  configuration: ReadonlyMap<string, unknown>,
): readonly string[] {
  const data = DATA[kind];
  const inPlace = data && isSet(configuration, data.inPlace) && inputs.immutable !== true;
  const fields = [...(REPLACED_BY[kind] ?? []), ...(data && !inPlace ? data.fields : [])];
  return ["apiVersion", "kind", "metadata.name", "metadata.namespace", ...fields];
}

/** The SDK writes a provider's settings as JSON. */
const isSet = (configuration: ReadonlyMap<string, unknown>, setting: string) =>
  String(configuration.get(setting)) === "true";

/** As the real provider: by its setting, or by the environment of the run where the program sets nothing. */
const deletesUnreachable = (configuration: ReadonlyMap<string, unknown>) =>
  configuration.has("deleteUnreachable")
    ? isSet(configuration, "deleteUnreachable")
    : process.env.PULUMI_K8S_DELETE_UNREACHABLE === "true";

let connection: { readonly kubeconfig: string; readonly client: KubernetesClient } | undefined;

/** The API that the program's kubeconfig names, for a cloud that is connected to it. */
function clientOf(cloud: Cloud): KubernetesClient | undefined {
  if (!cloud.connection) return undefined;
  const kubeconfig = String(cloud.configuration.get("kubeconfig"));
  if (connection?.kubeconfig !== kubeconfig) {
    connection = { kubeconfig, client: new KubernetesClient(kubeconfig) };
  }
  return connection.client;
}

/** Any object is taken, unless the cloud is connected to a real API, which judges it then; and waited for if so asked. */
export function kubernetesKind(type: string): ResourceKind | undefined {
  const kind = type.split(":").at(-1) ?? "";
  return {
    replacedBy: (inputs, configuration) => replacedBy(kind, inputs, configuration),
    nameInput: "metadata.name",
    forgets: ({ message }, configuration) => message === UNREACHABLE && deletesUnreachable(configuration),
    id: ({ metadata }) => {
      // Every object has metadata: the provider's check gave it a name at least.
      const { namespace, name } = metadata as { namespace?: string; name: string };
      return [type.replace(/^kubernetes:/, ""), namespace ?? "", name].join("|");
    },
    outputs: async ({ inputs, cloud }) => {
      const client = clientOf(cloud);
      await client?.apply(inputs);
      if (client && cloud.connection?.awaits) await awaitReady(client, inputs);
      return {};
    },
    exists: async (inputs, cloud) => (await clientOf(cloud)?.exists(inputs)) ?? true,
    remove: async (inputs, cloud) => {
      if (kind.endsWith("Patch")) return; // the real provider gives up its fields, and leaves the object
      const client = clientOf(cloud);
      await client?.remove(inputs);
      if (client && cloud.connection?.awaits) await awaitGone(client, inputs);
    },
    refusal: ({ type, inputs, cloud, changes }) => {
      const held = changes === undefined ? undefined : plainProperties(cloud.find(changes)?.inputs ?? {});
      const fixed = held && (REFUSED[kind] ?? []).find((path) => at(held, path) !== at(inputs, path));
      if (fixed) return `${kind} is invalid: ${fixed}: Forbidden: field is immutable`;
      const { namespace, name } = inputs.metadata as { namespace?: string; name: string };
      const twin = cloud
        .all(type)
        .find(({ id }) => id !== changes && id.endsWith(`|${namespace ?? ""}|${name}`));
      return twin && `resource ${name} was not successfully created: ${name} already exists`;
    },
  };
}
