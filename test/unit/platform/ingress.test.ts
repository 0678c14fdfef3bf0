import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Evaluation } from "../../../cli/pulumi-monitor";
import { nonempty } from "../../rigs/nonempty";
import { evaluatePlatform } from "../../rigs/platform/platform";
import { existingCluster, rawSettings, withValue } from "../../rigs/platform/stacks";
import type { Rendered } from "../../rigs/rendered-objects";

const MIDDLEWARES = "traefik.ingress.kubernetes.io/router.middlewares";

interface Entrance {
  readonly host: string;
  readonly paths: readonly string[];
  readonly namespace: string;
  readonly middlewares: readonly string[];
}

/** Every Ingress of the platform, that of Grafana's chart included. */
function entrances({ resources }: Evaluation): Entrance[] {
  const own = resources
    .filter(({ type }) => type.endsWith(":Ingress"))
    .map(({ inputs }): Entrance => {
      const { metadata, spec } = inputs as Rendered;
      return {
        host: spec.rules[0].host,
        paths: spec.rules[0].http.paths.map(({ path }: { path: string }) => path),
        namespace: metadata.namespace,
        middlewares: listed(metadata.annotations),
      };
    });
  const grafana = resources.find(({ name }) => name === "add-ons-kube-prometheus-stack-chart");
  if (!grafana) return own;
  const { ingress } = parse((grafana.inputs as Rendered).spec.valuesContent).grafana;
  return [
    ...own,
    {
      host: ingress.hosts[0],
      paths: ["/"],
      namespace: "monitoring",
      middlewares: listed(ingress.annotations),
    },
  ];
}

const listed = (annotations: Record<string, string>) =>
  (annotations[MIDDLEWARES] ?? "").split(",").filter(Boolean);

/** Traefik's middlewares that the platform declares, by the name under which an Ingress refers to them. */
function declared({ resources }: Evaluation): Map<string, Rendered> {
  const inChart = resources
    .filter(({ name }) => name === "add-ons-ingress-middlewares-chart")
    .flatMap(({ inputs }) => {
      const archive = gunzipSync(Buffer.from((inputs as Rendered).spec.chartContent, "base64")).toString();
      return archive
        .split("\0")
        .filter((part) => part.includes("kind: Middleware"))
        .map((part) => parse(part));
    });
  const direct = resources
    .filter(({ type }) => type.endsWith(":Middleware"))
    .map(({ inputs }) => inputs as Rendered);
  return new Map(
    [...inChart, ...direct].map(({ metadata, spec }) => [
      `${metadata.namespace}-${metadata.name}@kubernetescrd`,
      spec,
    ]),
  );
}

const applied = (evaluation: Evaluation, { middlewares }: Entrance) => {
  const all = declared(evaluation);
  return Object.assign({}, ...middlewares.map((name) => all.get(name) ?? { missing: name }));
};

/** Evaluated once, since it takes seconds. */
let evaluated: Promise<Evaluation> | undefined;
const prod = () => {
  evaluated ??= evaluatePlatform(rawSettings("prod"), "prod");
  return evaluated;
};

const ADMINISTRATIVE = /^(airflow|grafana|minio-console)\./;

describe("every Ingress of the platform", () => {
  it("redirects to HTTPS, sends security headers and refers to no middleware that is missing", async () => {
    for (const evaluation of [await prod(), await evaluatePlatform(rawSettings("dev"), "dev")]) {
      for (const entrance of nonempty(entrances(evaluation))) {
        expect(applied(evaluation, entrance), entrance.host).toMatchObject({
          redirectScheme: { scheme: "https", permanent: true },
          headers: {
            stsSeconds: 31536000,
            contentTypeNosniff: true,
            customFrameOptionsValue: "SAMEORIGIN",
            referrerPolicy: expect.any(String),
          },
        });
        expect(applied(evaluation, entrance)).not.toHaveProperty("missing");
      }
    }
  });

  it("of administrators is closed to all but the ranges of SSH and the API, or those of target.access.web", async () => {
    const of = (evaluation: Evaluation) =>
      entrances(evaluation).map((entrance) => ({
        ...entrance,
        allowed: applied(evaluation, entrance).ipAllowList?.sourceRange,
      }));

    for (const { host, allowed } of nonempty(of(await prod()))) {
      expect(allowed, host).toEqual(ADMINISTRATIVE.test(host) ? ["203.0.113.0/24"] : undefined);
    }
    const wider = withValue(rawSettings("prod"), "target.access.web", ["198.51.100.0/24"]);
    const ranges = of(await evaluatePlatform(wider, "prod")).map(({ allowed }) => String(allowed));
    expect(new Set(ranges)).toEqual(new Set(["198.51.100.0/24", "undefined"]));
  });

  it("slows logins down, and everyone where everyone may come", async () => {
    const evaluation = await prod();
    const limited = entrances(evaluation)
      .map((entrance) => ({ ...entrance, limit: applied(evaluation, entrance).rateLimit }))
      .filter(({ limit }) => limit)
      .map(({ host, paths, limit }) => [host, paths.join(" "), `${limit.average}/${limit.period}`]);

    expect(limited.sort()).toEqual([
      ["airflow.example.com", "/auth/login /auth/token", "20/5m"],
      ["minio-console.example.com", "/api/v1/login", "20/5m"],
      ["rain.example.com", "/", "20/1s"],
    ]);
  });

  it("can have its certificate: Let's Encrypt's request reaches the solver in its namespace", async () => {
    const evaluation = await prod();
    const solved = evaluation.resources
      .filter(({ type }) => type.endsWith(":NetworkPolicy"))
      .map(({ inputs }) => inputs as Rendered)
      .filter(({ spec }) => spec.podSelector.matchLabels?.["acme.cert-manager.io/http01-solver"] === "true")
      .filter(({ spec }) => spec.ingress[0].ports[0].port === 8089)
      .map(({ metadata }) => metadata.namespace);

    for (const { namespace } of nonempty(entrances(evaluation))) expect(solved).toContain(namespace);
  });

  it("reaches its backend: the policy of Traefik's pods names the namespace", async () => {
    const evaluation = await prod();
    const traefik = evaluation.resources.find(({ name }) => name === "kube-system-traefik");
    const open: string[] = (Object(traefik?.inputs) as Rendered).spec.egress.flatMap((rule: Rendered) =>
      rule.to.map((peer: Rendered) => peer.namespaceSelector?.matchLabels["kubernetes.io/metadata.name"]),
    );

    for (const { namespace } of nonempty(entrances(evaluation))) expect(open).toContain(namespace);
  });
});

describe("Traefik's rights", () => {
  const rightsIn = ({ resources }: Evaluation) =>
    resources
      .filter(({ type, name }) => type.endsWith(":RoleBinding") && name.startsWith("ingress-rights-"))
      .map(({ inputs }) => (inputs as Rendered).metadata.namespace)
      .sort();
  const valuesIn = ({ resources }: Evaluation) => {
    const found = resources.find(({ name }) => name === "ingress-rights-values");
    if (!found) throw new Error("there are no values for Traefik's chart");
    return { secret: found, ...parse((found.inputs as Rendered).stringData["values.yaml"]) };
  };

  it("are for the namespaces with an Ingress, which it watches and no other", async () => {
    for (const evaluation of [await prod(), await evaluatePlatform(rawSettings("dev"), "dev")]) {
      const exposed = [...new Set(entrances(evaluation).map(({ namespace }) => namespace))].sort();
      const { rbac, providers } = valuesIn(evaluation);

      expect(rightsIn(evaluation)).toEqual(expect.arrayContaining([...nonempty(exposed)]));
      expect(rightsIn(evaluation)).not.toContain("kube-system");
      expect(rightsIn(evaluation)).not.toContain("postgres");
      expect(rbac).toEqual({ enabled: false });
      for (const { namespaces } of [providers.kubernetesCRD, providers.kubernetesIngress])
        expect([...namespaces].sort()).toEqual(rightsIn(evaluation));
    }
  });

  it("exist before Traefik is told to watch another namespace: it answers nothing until it can read all", async () => {
    const evaluation = await prod();
    const bindings = evaluation.resources.filter(
      ({ type, name }) => type.endsWith("RoleBinding") && name.startsWith("ingress-rights-"),
    );

    for (const { urn } of nonempty(bindings)) expect(valuesIn(evaluation).secret.dependencies).toContain(urn);
  });

  it("include the namespaces that the settings name, at whose pods it may knock", async () => {
    const raw = withValue(rawSettings("prod"), "target.kubernetes", { ingressNamespaces: ["shop"] });
    const evaluation = await evaluatePlatform(raw, "prod");

    expect(rightsIn(evaluation)).toContain("shop");
    expect(valuesIn(evaluation).providers.kubernetesIngress.namespaces).toContain("shop");
    const policy = evaluation.resources.find(({ name }) => name === "kube-system-traefik");
    expect((Object(policy?.inputs) as Rendered).spec.egress).toContainEqual({
      to: [
        { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "shop" } }, podSelector: {} },
      ],
      ports: [],
    });
  });
});

describe("on an existing cluster", () => {
  it("has the same middlewares where its ingress is Traefik", async () => {
    const evaluation = await evaluatePlatform(
      existingCluster({ traefik: { web: ["198.51.100.0/24"] } }),
      "prod",
    );

    const found = nonempty(entrances(evaluation));
    for (const entrance of found) expect(applied(evaluation, entrance)).not.toHaveProperty("missing");
    const allowed = found.map((entrance) => [
      entrance.host,
      applied(evaluation, entrance).ipAllowList?.sourceRange,
    ]);
    expect(Object.fromEntries(allowed)).toEqual({
      "airflow.example.com": ["198.51.100.0/24"],
      "rain.example.com": undefined,
    });
  });

  it("has none where it may be anything else, and the preview says so", async () => {
    const evaluation = await evaluatePlatform(existingCluster(), "prod");

    expect(nonempty(entrances(evaluation)).flatMap(({ middlewares }) => middlewares)).toEqual([]);
    expect(declared(evaluation).size).toBe(0);
    expect(evaluation.logs.map(({ message }) => message).join()).toContain("target.traefik: missing");
  });
});
