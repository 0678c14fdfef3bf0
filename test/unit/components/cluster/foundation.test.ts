import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { AddOns, Foundation } from "../../../../components/cluster";
import type { WorkloadNamespace } from "../../../../components/shared/workloads";
import { evaluateStack } from "../../../rigs/evaluate";

const SERVERS = ["10.0.1.10", "10.0.2.10", "10.0.3.10"];
const ADD_ONS = {
  environment: "prod",
  domain: "example.com",
  contact: "ops@example.com",
  certManager: true,
  monitoring: true,
  hetzner: { network: "trellis" },
  upgrades: { version: "v1.36.1+k3s1", nodes: 3, startHour: 1, lengthHours: 4 },
  etcd: SERVERS,
  snapshotEveryHours: 6,
  scraped: [{ namespace: "shop", ports: [9100] }],
  servers: { at: SERVERS },
  alerts: { webhook: { severity: "warning" }, acceptNone: false },
  prometheus: { replicas: 2, memoryMib: 4096, requestMib: 1024, volumeGib: 30, retentionDays: 30 },
} as const;

const store: WorkloadNamespace = {
  name: "store",
  podSecurity: "restricted",
  share: { cpu: 1, memoryGib: 1 },
  uses: [],
  exposed: [],
  scraped: [],
  allow: [],
};
const shop = { ...store, name: "shop", uses: [{ namespace: "store", ports: [9000] }], scraped: [9100] };

describe("the foundation", () => {
  it("puts every namespace behind a denial, a quota and limits before it gives out its name", async () => {
    const { resources } = await evaluateStack({
      program: () =>
        new Foundation("foundation", {
          environment: "prod",
          namespaces: { shop, store },
          servers: { at: SERVERS },
        }),
    });

    const kinds = (namespace: string) =>
      resources
        .filter(({ inputs }) => Reflect.get(Object(inputs.metadata), "namespace") === namespace)
        .map(
          ({ type, inputs }) => `${type.split(":").at(-1)} ${Reflect.get(Object(inputs.metadata), "name")}`,
        );
    for (const namespace of ["shop", "store"]) {
      expect(kinds(namespace)).toEqual(
        expect.arrayContaining([
          "NetworkPolicy deny-all",
          "LimitRange defaults",
          "ResourceQuota quota",
          "ServiceAccountPatch default",
        ]),
      );
    }
  });

  it("allows a declared connection in the namespaces on both of its sides", async () => {
    const { resources } = await evaluateStack({
      program: () =>
        new Foundation("foundation", {
          environment: "prod",
          namespaces: { shop, store },
          servers: { at: SERVERS },
        }),
    });

    const policies = resources.map(({ name }) => name).filter((name) => name.includes("-allow-"));
    expect(policies.sort()).toEqual([
      "foundation-shop-allow-from-monitoring-9100",
      "foundation-shop-allow-to-store-9000",
      "foundation-store-allow-from-shop-9000",
    ]);
  });

  it("enforces the restricted profile everywhere", async () => {
    const { resources } = await evaluateStack({
      program: () =>
        new Foundation("foundation", {
          environment: "dev",
          namespaces: { shop, store },
          servers: { at: [] },
        }),
    });

    const namespaces = resources.filter(({ type }) => type === "kubernetes:core/v1:Namespace");
    expect(namespaces).toHaveLength(2);
    for (const { inputs } of namespaces) {
      expect(JSON.stringify(inputs)).toContain('"pod-security.kubernetes.io/enforce":"restricted"');
    }
  });
});

describe("the add-ons", () => {
  it("are charts that the cluster installs, pinned, each after the namespace that it lives in", async () => {
    const { resources } = await evaluateStack({ program: () => new AddOns("add-ons", ADD_ONS) });

    const charts = resources.filter(({ type }) => type.endsWith(":HelmChart"));
    expect(charts.map(({ name }) => name).sort()).toEqual([
      "add-ons-cert-manager-chart",
      "add-ons-cluster-issuer-chart",
      "add-ons-hcloud-cloud-controller-manager-chart",
      "add-ons-hcloud-csi-chart",
      "add-ons-kube-prometheus-stack-chart",
      "add-ons-system-upgrade-chart",
    ]);
    for (const { inputs } of charts) {
      const { repo, version, chartContent } = Object(inputs.spec);
      expect(repo ? version : chartContent).toEqual(expect.any(String));
    }
    const certManager = charts.find(({ name }) => name.includes("cert-manager"));
    expect(certManager?.dependencies.join()).toContain("add-ons-cert-manager");
  });

  it("collect etcd's metrics from its members and tell people what they must hear of it", async () => {
    const { resources } = await evaluateStack({ program: () => new AddOns("add-ons", ADD_ONS) });

    const chart = resources.find(({ name }) => name === "add-ons-kube-prometheus-stack-chart");
    const values = parse(String(Object(chart?.inputs.spec).valuesContent));
    expect(values.kubeEtcd.endpoints).toEqual(SERVERS);
    // Through etcd's client port, with a certificate: its metrics in clear are on loopback.
    expect(values.kubeEtcd).toMatchObject({
      service: { port: 2379, targetPort: 2379 },
      serviceMonitor: { scheme: "https", caFile: "/etc/prometheus/secrets/etcd-metrics-client/ca.crt" },
    });
    expect(values.prometheus.prometheusSpec.secrets).toEqual(["etcd-metrics-client"]);
    const alerts = values.additionalPrometheusRulesMap.etcd.groups[0].rules;
    expect(alerts.map(({ alert }: { alert: string }) => alert)).toContain("EtcdNoLeader");
  });

  it("read the metrics of the servers over TLS where these travel over public addresses", async () => {
    const { resources } = await evaluateStack({
      program: () => new AddOns("add-ons", { ...ADD_ONS, serverMetrics: { cert: "CERT", key: "KEY" } }),
    });

    const chart = resources.find(({ name }) => name === "add-ons-kube-prometheus-stack-chart");
    const values = parse(String(Object(chart?.inputs.spec).valuesContent));
    const caFile = "/etc/prometheus/secrets/etcd-metrics-client/ca.crt";
    const exporter = values["prometheus-node-exporter"];
    expect(exporter.prometheus.monitor).toMatchObject({
      scheme: "https",
      tlsConfig: { caFile, serverName: "server-metrics" },
    });
    expect(exporter.livenessProbe.httpGet.scheme).toBe("https");
    expect(values.prometheus.prometheusSpec.additionalScrapeConfigs[0]).toMatchObject({
      scheme: "https",
      tls_config: { ca_file: caFile, server_name: "server-metrics" },
    });
    const [mount] = exporter.secrets;
    expect(exporter.extraArgs).toContain(`--web.config.file=${mount.mountPath}/web.yml`);
    const secret = resources.find(({ name }) => name === `add-ons-${mount.name}`);
    expect(Object.keys(Object(secret?.inputs.stringData)).sort()).toEqual(["tls.crt", "tls.key", "web.yml"]);
  });

  it("keep every secret out of the charts' values", async () => {
    const { resources } = await evaluateStack({ program: () => new AddOns("add-ons", ADD_ONS) });

    const charts = resources.filter(({ type }) => type.endsWith(":HelmChart"));
    expect(JSON.stringify(charts.map(({ inputs }) => inputs))).not.toContain("<secret");
  });

  it("are none where none is chosen", async () => {
    const choices = {
      ...ADD_ONS,
      certManager: false,
      monitoring: false,
      hetzner: undefined,
      upgrades: undefined,
    };

    const { resources } = await evaluateStack({ program: () => new AddOns("add-ons", choices) });
    expect(resources.filter(({ type }) => type.startsWith("kubernetes:"))).toEqual([]);
  });
});
