import { setTimeout as wait } from "node:timers/promises";
import type { KubernetesReader } from "./kubernetes-client";
import { podsOf, troublesOf } from "./kubernetes-pods";
import { at, type Properties } from "./wire";

/** Longer than the real provider's ten minutes: tests run on machines that have much else to do. */
const PATIENCE_MS = 1_200_000;
const PAUSE_MS = 500;

/** What the real provider reads on an object. */
const SKIP = "pulumi.com/skipAwait";
const TIMEOUT = "pulumi.com/timeoutSeconds";

/** How an object stands: what it lacks yet, or why it will never be ready; neither where it does its work. */
interface Standing {
  readonly lacks?: string;
  readonly failed?: string;
}

type Rule = (live: Properties, client: KubernetesReader) => Standing | Promise<Standing>;

/** When the real provider takes an object for ready; those of other kinds are so at once. */
const RULES: Readonly<Record<string, Rule>> = {
  Deployment: (live) =>
    lacks(live, {
      updatedReplicas: at(live, "spec.replicas"),
      availableReplicas: at(live, "spec.replicas"),
      replicas: at(live, "spec.replicas"),
    }),
  StatefulSet: (live) =>
    lacks(live, {
      readyReplicas: at(live, "spec.replicas"),
      ...(at(live, "spec.updateStrategy.type") === "RollingUpdate" && {
        updateRevision: at(live, "status.currentRevision"),
      }),
    }),
  Job: (live) => {
    const condition = (type: string) =>
      conditionsOf(live).find((each) => each.type === type && each.status === "True");
    const failed = condition("Failed");
    if (failed) return { failed: `${failed.reason}: ${failed.message}` };
    return condition("Complete") || at(live, "spec.suspend") === true ? {} : { lacks: "it is not complete" };
  },
  // One without a selector is waited for as well, and by the real provider in vain where only EndpointSlices are behind it.
  Service: async ({ metadata, spec }, client) => {
    if (at(spec, "clusterIP") === "None") return {};
    const endpoints = await client.read({ apiVersion: "v1", kind: "Endpoints", metadata });
    return at(endpoints, "subsets") === undefined ? { lacks: "it has no endpoint" } : {};
  },
};

/** Waits, as the real provider does, until an object does its work; an error says what it lacks, and what its pods say. */
export async function awaitReady(client: KubernetesReader, object: Properties): Promise<void> {
  const rule = RULES[String(object.kind)];
  const annotations = at(object, "metadata.annotations") as Properties | undefined; // as every object has them
  if (!rule || annotations?.[SKIP] === "true") return;
  const patienceMs = annotations?.[TIMEOUT] ? Number(annotations[TIMEOUT]) * 1000 : PATIENCE_MS;
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const live = await client.read(object);
    const { lacks, failed } = live ? await rule(live, client) : { lacks: "it is gone" };
    if (!lacks && !failed) return;
    if (failed || Date.now() > deadline) {
      const troubles = live ? await troublesOf(await podsOf(live, client), client) : [];
      const why = failed ?? `within ${patienceMs / 1000} s ${lacks}`;
      throw new Error([`${nameOf(object)} does not become ready: ${why}`, ...troubles].join("\n"));
    }
    await wait(PAUSE_MS);
  }
}

/** Waits until a deleted object, and all that has to go before it, is gone. */
export async function awaitGone(client: KubernetesReader, object: Properties): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const live = await client.read(object);
    if (!live || at(live, "metadata.deletionTimestamp") === undefined) return; // gone, or another of its name
    if (Date.now() > deadline) {
      throw new Error(`${nameOf(object)} does not go: ${JSON.stringify(live.status ?? live.metadata)}`);
    }
    await wait(PAUSE_MS);
  }
}

/** Which fields of the status are not yet as they should be, once it tells of the newest specification. */
function lacks(live: Properties, wanted: Properties): Standing {
  if (at(live, "status.observedGeneration") !== at(live, "metadata.generation")) {
    return { lacks: "its newest specification has not been seen" };
  }
  const differing = Object.entries(wanted)
    .map(([field, value]) => [field, at(live, `status.${field}`) ?? 0, value] as const)
    .filter(([, is, value]) => is !== value);
  const said = differing.map(([field, is, value]) => `its ${field} is ${is} instead of ${value}`);
  return said.length > 0 ? { lacks: said.join(", ") } : {};
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** As the API writes them; an object that nobody has looked at has none. */
const conditionsOf = (live: Properties) => (at(live, "status.conditions") ?? []) as readonly Condition[];

function nameOf(object: Properties): string {
  const namespace = at(object, "metadata.namespace");
  return `${object.kind} ${namespace === undefined ? "" : `${namespace}/`}${at(object, "metadata.name")}`;
}
