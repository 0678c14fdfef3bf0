import type { KubernetesReader } from "./kubernetes-client";
import { at, type Properties } from "./wire";

/** As much of a pod as tells why it does not do its work. */
interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly status: {
    readonly phase: string;
    readonly conditions?: readonly { type: string; status: string; reason?: string; message?: string }[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state: Readonly<Record<string, { reason?: string; message?: string; exitCode?: number }>>;
}

const LAST_LINES = 15;

/** The pods of an object that makes pods, by its selector. */
export async function podsOf(object: Properties, client: KubernetesReader): Promise<readonly Pod[]> {
  const selector = at(object, "spec.selector.matchLabels") ?? at(object, "spec.selector") ?? {};
  const labels = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
  const namespace = at(object, "metadata.namespace");
  const query = `labelSelector=${encodeURIComponent(labels.join(","))}`;
  const { items = [] } = await client.get(`/api/v1/namespaces/${namespace}/pods?${query}`);
  return items as readonly Pod[]; // a list of pods was asked for
}

/** What keeps pods from being ready: their conditions, their containers, and the ends of their logs. */
export async function troublesOf(pods: readonly Pod[], client: KubernetesReader): Promise<string[]> {
  return (await Promise.all(pods.map((pod) => troublesOfPod(pod, client)))).flat();
}

async function troublesOfPod(
  { metadata: { name, namespace }, status }: Pod,
  client: KubernetesReader,
): Promise<string[]> {
  const conditions = (status.conditions ?? []).filter((each) => each.status !== "True" && each.message);
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const ends = containers
    .filter(({ ready }) => !ready)
    .map(async (container) => {
      const states = Object.entries(container.state).map(
        ([state, { reason = "", exitCode = "", message = "" }]) =>
          `${state} ${reason} ${exitCode} ${message}`,
      );
      const previous = container.state.waiting && container.restartCount > 0;
      const query = `container=${container.name}&tailLines=${LAST_LINES}${previous ? "&previous=true" : ""}`;
      const log = await client.get(`/api/v1/namespaces/${namespace}/pods/${name}/log?${query}`);
      const lines = typeof log.message === "string" ? log.message : JSON.stringify(log);
      return `  container ${container.name}, started again ${container.restartCount} times: ${states.join("; ")}\n${lines}`;
    });
  return [
    `pod ${name} is ${status.phase}`,
    ...conditions.map(({ type, reason, message }) => `  not ${type}: ${reason} ${message}`),
    ...(await Promise.all(ends)),
  ];
}
