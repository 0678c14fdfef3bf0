import { z } from "zod";
import { type Pin, versions } from "../../components/shared/versions";
import type { Cluster } from "../shared/cluster-access";
import { type PinName, type Source, WAYS } from "./ways";

/** The versions of each pin that run, each once. A pin that is not in the cluster has none. */
export type Running = Readonly<Record<PinName, readonly string[]>>;

const nodeList = z.object({
  items: z.array(
    z.object({
      status: z.object({ nodeInfo: z.object({ kubeletVersion: z.string(), osImage: z.string() }) }),
    }),
  ),
});

const chartList = z.object({
  items: z.array(
    z.object({ spec: z.object({ chart: z.string().optional(), version: z.string().optional() }) }),
  ),
});

const container = z.object({
  name: z.string(),
  image: z.string(),
  ports: z.array(z.object({ name: z.string().optional() })).default([]),
});
const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), namespace: z.string() }),
      spec: z.object({ containers: z.array(container), initContainers: z.array(container).default([]) }),
      status: z.object({ phase: z.string() }),
    }),
  ),
});

/** Kinds that nobody but K3s has: an API without them lists none. */
const CHARTS = "helmcharts.helm.cattle.io";

/** Reads the versions that run in a cluster. */
export function runningIn(cluster: Cluster): Running {
  const get = (...words: string[]): unknown =>
    JSON.parse(cluster.kubectl(["get", ...words, "--output", "json"]));
  const nodes = nodeList.parse(get("nodes")).items;
  const pods = podList.parse(get("pods", "--all-namespaces")).items;
  const hasCharts = cluster.kubectl(["api-resources", "--output", "name"]).split("\n").includes(CHARTS);
  const charts = hasCharts ? chartList.parse(get(CHARTS, "--all-namespaces")).items : [];
  const images = pods.flatMap(({ spec }) =>
    [...spec.initContainers, ...spec.containers].map((each) => each.image),
  );
  const members = pods.filter(
    ({ status, spec }) =>
      status.phase === "Running" &&
      spec.containers.some(({ ports }) => ports.some(({ name }) => name === "patroni")),
  );

  const read = (pin: Pin, source: Source): string[] => {
    switch (source.from) {
      case "node":
        return nodes
          .map(({ status: { nodeInfo } }) => nodeInfo[source.field])
          .map(
            // "Ubuntu 24.04.3 LTS": the release is the first two parts.
            (value) =>
              source.field === "osImage" ? (/^Ubuntu (\d+\.\d+)/.exec(value)?.[1] ?? value) : value,
          );
      case "chart":
        return charts.flatMap(({ spec }) =>
          nameOfChart(spec.chart) === source.chart && spec.version !== undefined ? [spec.version] : [],
        );
      case "image":
        return images.flatMap((each) => versionOfImage(pin, each) ?? []);
      case "member":
        return members.flatMap(({ metadata: { name, namespace } }) => {
          const words = ["exec", name, "--namespace", namespace, "--container", "postgres", "--"];
          return versionIn(cluster.kubectl([...words, ...source.words])) ?? [];
        });
    }
  };
  const versionsOf = (name: PinName) => {
    const found = WAYS[name].sources
      .map((source) => read(versions[name], source))
      .find(({ length }) => length > 0);
    return [...new Set(found)].sort();
  };
  // Safe: the keys are those of `versions`.
  const names = Object.keys(versions) as PinName[];
  // Safe: it has an entry for each of these names.
  return Object.fromEntries(names.map((name) => [name, versionsOf(name)])) as unknown as Running;
}

/** The version in the tag of an image, if it is one of the pin's; the digest behind the tag does not matter. */
export function versionOfImage({ image }: Pin, given: string): string | undefined {
  const [before, after] = image?.split("{version}") ?? [];
  const [tagged = ""] = given.split("@");
  return before !== undefined && after !== undefined && tagged.startsWith(before) && tagged.endsWith(after)
    ? tagged.slice(before.length, tagged.length - after.length) || undefined
    : undefined;
}

/** The version in what a program prints about itself: "postgres (PostgreSQL) 17.11 (Debian ...)". */
export const versionIn = (printed: string): string | undefined => /\d+(?:\.\d+)+/.exec(printed)?.[0];

/** The name of a chart, also of one that is named by its registry and digest. */
const nameOfChart = (chart = ""): string => chart.replace(/@.*$/, "").replace(/^.*\//, "");
