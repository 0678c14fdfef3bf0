import type { Cloud } from "./cloud";
import { awaitGone, awaitReady } from "./kubernetes-awaiting";
import { KubernetesClient } from "./kubernetes-client";
import type { ResourceKind } from "./stand-in";

/** What the real provider says when nothing answers at the address of the kubeconfig. */
export const UNREACHABLE = "configured Kubernetes cluster is unreachable";

/** Fields that the API server lets nobody change, by the kind at the end of the type. */
const IMMUTABLE: Readonly<Record<string, readonly string[]>> = {
  ClusterRoleBinding: ["roleRef"],
  DaemonSet: ["spec.selector"],
  Deployment: ["spec.selector"],
  Job: ["spec.completions", "spec.selector", "spec.template"],
  PersistentVolumeClaim: ["spec.accessModes", "spec.storageClassName", "spec.volumeName"],
  PriorityClass: ["value"],
  RoleBinding: ["roleRef"],
  Secret: ["type"],
  StatefulSet: ["spec.podManagementPolicy", "spec.selector", "spec.serviceName", "spec.volumeClaimTemplates"],
  StorageClass: ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"],
};

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
    replacedBy: ["apiVersion", "kind", "metadata.name", "metadata.namespace", ...(IMMUTABLE[kind] ?? [])],
    nameInput: "metadata.name",
    forgets: ({ message }, configuration) =>
      message === UNREACHABLE && configuration.get("deleteUnreachable") === "true",
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
      const client = clientOf(cloud);
      await client?.remove(inputs);
      if (client && cloud.connection?.awaits) await awaitGone(client, inputs);
    },
    refusal: ({ type, inputs, cloud, changes }) => {
      const { namespace, name } = inputs.metadata as { namespace?: string; name: string };
      const twin = cloud
        .all(type)
        .find(({ id }) => id !== changes && id.endsWith(`|${namespace ?? ""}|${name}`));
      return twin && `resource ${name} was not successfully created: ${name} already exists`;
    },
  };
}
