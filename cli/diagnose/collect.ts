import { z } from "zod";
import type { Cluster } from "../shared/cluster-access";
import { isUserError } from "../shared/error-message";
import { isName, type KnownSecret, withoutSecretVariables } from "./masks";

/** What is collected, before it is masked: texts by path. */
export type Collected = Map<string, string>;

/** The objects whose states an archive has. Secrets are collected apart; HelmCharts have passwords in their values. */
const KINDS = [
  ...["nodes", "namespaces", "persistentvolumes", "persistentvolumeclaims", "resourcequotas", "limitranges"],
  ...["deployments", "statefulsets", "daemonsets", "replicasets", "pods", "jobs", "cronjobs"],
  ...["services", "endpointslices", "ingresses", "networkpolicies", "poddisruptionbudgets"],
] as const;

const LOG_WINDOW = "1h";
/** Of a pod that logs a lot, the newest lines count. */
const LOG_LINES = 5_000;

const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), namespace: z.string() }),
      status: z.object({
        containerStatuses: z
          .array(z.object({ name: z.string(), restartCount: z.int().default(0) }))
          .default([]),
      }),
    }),
  ),
});

const nodeList = z.object({ items: z.array(z.object({ metadata: z.object({ name: z.string() }) })) });

/** Collects states, events and logs of a cluster. What cannot be read is a file with the reason. */
export function collect(cluster: Cluster): {
  readonly files: Collected;
  readonly servers: readonly string[];
} {
  const files: Collected = new Map();
  const read = (path: string, words: readonly string[]): string | undefined => {
    try {
      return cluster.kubectl(words);
    } catch (error) {
      if (!isUserError(error)) throw error;
      files.set(`${path}.error`, `${error.message}\n`);
      return undefined;
    }
  };
  const objects = (path: string, words: readonly string[]): unknown => {
    const text = read(path, [...words, "--output", "json"]);
    if (text === undefined) return { items: [] };
    const value: unknown = JSON.parse(text);
    files.set(path, `${JSON.stringify(withoutSecretVariables(value), undefined, 2)}\n`);
    return value;
  };
  const states = new Map<string, unknown>(
    KINDS.map((kind) => [kind, objects(`states/${kind}.json`, ["get", kind, "--all-namespaces"])]),
  );
  objects("events.json", ["get", "events", "--all-namespaces", "--sort-by=.lastTimestamp"]);
  for (const { metadata, status } of podList.parse(states.get("pods")).items) {
    const { name, namespace } = metadata;
    const words = ["logs", name, "--namespace", namespace, "--all-containers", "--prefix", "--timestamps"];
    const path = `logs/${namespace}/${name}`;
    const add = (file: string, more: readonly string[]) => {
      const text = read(file, [...words, `--tail=${LOG_LINES}`, ...more]);
      if (text) files.set(file, text);
    };
    add(`${path}.log`, [`--since=${LOG_WINDOW}`]);
    if (status.containerStatuses.some(({ restartCount }) => restartCount > 0)) {
      add(`${path}.previous.log`, ["--previous", "--ignore-errors"]);
    }
  }
  const servers = nodeList.parse(states.get("nodes")).items.map(({ metadata }) => metadata.name);
  return { files, servers };
}

const secretList = z.object({
  items: z.array(
    z.looseObject({
      metadata: z.object({ name: z.string(), namespace: z.string() }),
      type: z.string().optional(),
      data: z.record(z.string(), z.string()).nullish(),
    }),
  ),
});

/**
 * The values of all Secrets of a cluster, so that they can be masked in logs and states, and the list of them without
 * values. Needs the administrator's kubeconfig.
 */
export function secretsIn(cluster: Cluster): {
  readonly secrets: readonly KnownSecret[];
  readonly list: string;
} {
  const { items } = secretList.parse(
    JSON.parse(cluster.kubectl(["get", "secrets", "--all-namespaces", "--output", "json"])),
  );
  // A release of Helm is a packed chart, which has no value that logs could repeat.
  const own = items.filter(({ type }) => type !== "helm.sh/release.v1");
  const secrets = own.flatMap(({ metadata: { namespace, name }, data }) =>
    Object.entries(data ?? {}).flatMap(([key, encoded]) => {
      const value = Buffer.from(encoded, "base64").toString("utf8");
      return isName(key, value) ? [] : [{ source: `${namespace}/${name}.${key}`, value }];
    }),
  );
  const lines = items.map(({ metadata: { namespace, name }, type = "", data }) =>
    [`${namespace}/${name}`, type, Object.keys(data ?? {}).join(",")].join("\t"),
  );
  return { secrets, list: `${lines.sort().join("\n")}\n` };
}
