import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { objectsIn } from "../../rigs/alerting/declared";
import { evaluatePlatform } from "../../rigs/platform/platform";
import { rawSettings } from "../../rigs/platform/stacks";

const { resources } = await evaluatePlatform(rawSettings("prod"), "prod");
const inputs = resources.map((resource) => resource.inputs);
const objects = inputs.flatMap((each) => [each, ...objectsIn(each)]).map((each) => Object(each));
const chart = objects.find(({ metadata }) => metadata?.name === "kube-prometheus-stack");
const values = parse(String(chart?.spec.valuesContent));

interface Port {
  readonly namespace: string;
  readonly port: number;
}

interface Pods {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
}

/** The pods of Deployments, StatefulSets and DaemonSets. */
const pods: readonly Pods[] = objects
  .filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet" || kind === "DaemonSet")
  .map(({ metadata, spec: { template } }) => ({
    namespace: metadata.namespace,
    labels: template.metadata.labels,
    ports: template.spec.containers.flatMap((each: { ports?: unknown[] }) => each.ports ?? []),
  }));

const matches = (labels: object, wanted: object) =>
  Object.entries(wanted).every(([key, value]) => Reflect.get(labels, key) === value);

const text = ({ namespace, port }: Port) => `${namespace}:${port}`;

/** The ports that a monitor of ours leads Prometheus to. */
const scraped: readonly Port[] = objects
  .filter(({ kind }) => kind === "PodMonitor" || kind === "ServiceMonitor")
  .flatMap(({ kind, metadata: { namespace, name }, spec }) => {
    const wanted = spec.selector.matchLabels;
    const endpoints: { port: string }[] = spec.podMetricsEndpoints ?? spec.endpoints;
    const services = objects.filter(
      (each) =>
        each.kind === "Service" &&
        each.metadata.namespace === namespace &&
        matches(each.metadata.labels ?? {}, wanted),
    );
    const selectors = kind === "PodMonitor" ? [wanted] : services.map((each) => each.spec.selector);
    const found = endpoints.flatMap(({ port }) =>
      selectors.flatMap((selector) => {
        const target = services
          .flatMap((each) => each.spec.ports)
          .find((each) => each.name === port)?.targetPort;
        const named = kind === "PodMonitor" ? port : (target ?? port);
        return pods
          .filter((pod) => pod.namespace === namespace && matches(pod.labels, selector))
          .flatMap((pod) => pod.ports.filter((each) => each.name === named || each.containerPort === named))
          .map(({ containerPort }) => ({ namespace, port: containerPort }));
      }),
    );
    expect(found.length, `${kind} ${namespace}/${name} leads to a port of a pod`).toBeGreaterThan(0);
    return found;
  });

/** Whether the policies of a namespace allow connections of the other one at a port. */
function allowed(direction: "ingress" | "egress", home: string, other: string, port: number): boolean {
  const [rules, peers] =
    direction === "ingress" ? (["ingress", "from"] as const) : (["egress", "to"] as const);
  return objects
    .filter(({ kind, metadata }) => kind === "NetworkPolicy" && metadata.namespace === home)
    .flatMap(({ spec }) => spec[rules] ?? [])
    .some(
      (rule) =>
        rule.ports?.some((each: { port: number }) => each.port === port) &&
        rule[peers]?.some(
          (peer: { namespaceSelector?: { matchLabels?: Record<string, string> } }) =>
            peer.namespaceSelector?.matchLabels?.["kubernetes.io/metadata.name"] === other,
        ),
    );
}

describe("prod's metrics", () => {
  it("are scraped wherever a pod has a port for them", () => {
    const offered = pods.flatMap(({ namespace, ports }) =>
      ports
        .filter(({ name }) => name === "metrics" || name === "patroni")
        .map(({ containerPort }) => text({ namespace, port: containerPort })),
    );
    expect(new Set(offered).size).toBeGreaterThan(4);
    expect(scraped.map(text)).toEqual(expect.arrayContaining(offered));
  });

  it("can be reached by Prometheus: policies on both sides allow it", () => {
    for (const { namespace, port } of scraped) {
      const place = text({ namespace, port });
      expect(allowed("ingress", namespace, "monitoring", port), `into ${place}`).toBe(true);
      expect(allowed("egress", "monitoring", namespace, port), `to ${place}`).toBe(true);
    }
  });

  it("are scraped wherever a policy lets Prometheus in", () => {
    const open = objects
      .filter(({ kind, metadata }) => kind === "NetworkPolicy" && metadata.namespace === "monitoring")
      .flatMap(({ spec }) => spec.egress ?? [])
      .flatMap(({ to = [], ports = [] }) =>
        to.flatMap((peer: { namespaceSelector?: { matchLabels?: Record<string, string> } }) => {
          const namespace = peer.namespaceSelector?.matchLabels?.["kubernetes.io/metadata.name"];
          return namespace ? ports.map(({ port }: { port: number }) => text({ namespace, port })) : [];
        }),
      )
      .filter((place: string) => !/^(monitoring|kube-system|cert-manager):/.test(place)); // charts' own pods
    expect(open.length).toBeGreaterThan(4);
    expect(scraped.map(text)).toEqual(expect.arrayContaining(open));
  });

  it("of Traefik, cert-manager and HAProxy are scraped too", () => {
    const { additionalPodMonitors, prometheusSpec } = values.prometheus;
    expect(additionalPodMonitors.map(({ name }: { name: string }) => name)).toEqual([
      "traefik",
      "cert-manager",
    ]);
    for (const port of [9100, 9153]) {
      expect(allowed("egress", "monitoring", "kube-system", port)).toBe(true);
      expect(allowed("ingress", "kube-system", "monitoring", port)).toBe(true);
    }
    expect(allowed("egress", "monitoring", "cert-manager", 9402)).toBe(true);
    expect(prometheusSpec.additionalScrapeConfigs[0].relabel_configs[0].replacement).toBe("$1:8404");
  });
});

describe("prod's Prometheus", () => {
  it("has memory of its own, and deletes metrics before its volume is full", () => {
    const { resources: asked, retentionSize, storageSpec } = values.prometheus.prometheusSpec;
    expect(asked).toEqual({ requests: { cpu: "200m", memory: "1024Mi" }, limits: { memory: "4096Mi" } });
    expect(retentionSize).toBe("13056MiB");
    expect(storageSpec.volumeClaimTemplate.spec.resources.requests.storage).toBe("15Gi");
  });
});
