import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  gardenosScale,
  gardenosSessions,
  parseSettings,
  type Settings,
} from "../../../../../components/settings";
import { loginLimit } from "../../../../../components/shared/pods";
import { autoscaler, programDeployment } from "../../../../../components/systems/gardenos/pods";
import { agents as agentsOf, type ProgramArgs } from "../../../../../components/systems/gardenos/programs";
import {
  ROUTES,
  routeAnnotations,
  routeMiddlewares,
} from "../../../../../components/systems/gardenos/routes";
import { tokenData } from "../../../../../components/systems/gardenos/tokens";
import { nonempty } from "../../../../rigs/nonempty";
import { evaluatePlatform } from "../../../../rigs/platform/platform";
import { rawSettings, withValue } from "../../../../rigs/platform/stacks";
import { type RenderedObject, renderedObjects } from "../../../../rigs/rendered-objects";
import { DOCUMENTED } from "./documented-variables";

const SETTINGS = {
  origins: ["https://app.example.com"],
  api: `ghcr.io/example/crm-api@sha256:${"0123456789abcdef".repeat(4)}`,
  agents: { modelUrl: "https://models.example.com/v1", model: "example/model" },
};

/** Memory for the sessions of several pods of agents. */
const ROOMY = { databases: { crm: {} }, memoryMib: 6144 };

const PROGRAM_ARGS = ({ gardenos, environment }: Settings): ProgramArgs => {
  if (!gardenos) throw new Error("the settings have GardenOS");
  return {
    gardenos,
    environment,
    host: "crm.example.com",
    siteUrl: "https://example.com",
    namespace: "gardenos",
    database: { host: "postgres-primary", name: "crm" },
    users: { agents: "crm_agents_1" },
    store: { endpoint: "https://minio", region: "us-east-1", bucket: "crm-documents", hasOwnCa: true },
    jobsImage: "jobs:test",
  };
};

const MIDDLEWARES = { origins: ["https://app.example.com"], loginsPerMinute: 12 };

const stack = (gardenos: object = SETTINGS) => ({
  ...withValue(rawSettings("prod"), "gardenos", gardenos),
  datasurface: undefined,
  postgres: { databases: { crm: {} } },
});

async function objectsOf(gardenos?: object): Promise<RenderedObject[]> {
  const { resources } = await evaluatePlatform(stack(gardenos), "prod");
  return renderedObjects(resources).filter(({ inputs }) => inputs.metadata.namespace === "gardenos");
}

const containers = (objects: readonly RenderedObject[]) =>
  objects
    .filter(({ kind }) => kind === "Deployment" || kind === "Job")
    .flatMap(({ name, inputs }) =>
      [...(inputs.spec.template.spec.initContainers ?? []), ...inputs.spec.template.spec.containers].map(
        (container) => ({ name, container, pod: inputs.spec.template.spec }),
      ),
    );

describe("GardenOS in the cluster", () => {
  it("is absent without the setting, and refuses a stack without its database or bucket", async () => {
    const { resources } = await evaluatePlatform(rawSettings("prod"), "prod");
    expect(resources.filter(({ type }) => type.startsWith("trellis:gardenos"))).toEqual([]);
    expect(() =>
      parseSettings({
        ...stack(),
        postgres: { databases: { rain: {} } },
      }),
    ).toThrow(/a list with `crm`/);
    expect(() => parseSettings({ ...stack(), postgres: { databases: { crm: {}, rain: {} } } })).toThrow(
      /postgres.memoryMib/,
    );
  });

  it("runs each program with its port, replicas, probes and budget", async () => {
    const objects = await objectsOf();
    const deployments = containers(objects).filter(({ container }) => container.ports);
    expect(
      Object.fromEntries(
        deployments.map(({ name, container }) => [
          name,
          [container.ports[0].containerPort, container.readinessProbe.httpGet.path],
        ]),
      ),
    ).toEqual({
      auth: [9999, "/health"],
      rest: [3000, "/ready"],
      storage: [5000, "/status"],
      api: [8000, "/health"],
      agents: [8001, "/health"],
      "agent-workers": [8002, "/health"],
    });
    for (const name of ["auth", "rest"]) {
      const scaler = objects.find((each) => each.kind === "HorizontalPodAutoscaler" && each.name === name);
      expect(scaler?.inputs.spec).toMatchObject({ minReplicas: 2, maxReplicas: 10 });
      expect(scaler?.inputs.spec.metrics[0].resource.target.averageUtilization).toBe(70);
      expect(objects.some((each) => each.kind === "PodDisruptionBudget" && each.name === name)).toBe(true);
    }
    for (const { pod } of nonempty(containers(objects))) {
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.securityContext.runAsNonRoot).toBe(true);
    }
  });

  it("lets the pods of agents follow the tasks that wait, where there may be several", () => {
    const rendered = (mostWorkers: number) => {
      const agents = { ...SETTINGS.agents, mostWorkers };
      const settings = parseSettings({ ...stack({ ...SETTINGS, agents }), postgres: ROOMY });
      const scale = gardenosScale(settings).agents;
      if (!settings.gardenos?.agents || !scale) throw new Error("the settings have agents");
      const [, workers] = agentsOf(PROGRAM_ARGS(settings), scale, settings.gardenos.agents);
      if (!workers) throw new Error("there are no workers");
      return { deployment: programDeployment(workers, "digest"), scaler: autoscaler(workers) };
    };

    expect(rendered(1).deployment).toMatchObject({ replicas: 1 });
    const { deployment, scaler } = rendered(4);
    expect(deployment).not.toHaveProperty("replicas");
    expect(scaler).toMatchObject({
      minReplicas: 1,
      maxReplicas: 4,
      metrics: [{ external: { metric: { name: "agents_queue_depth" }, target: { averageValue: "50" } } }],
    });
    const sessions = (mostWorkers: number) =>
      gardenosSessions({
        environment: "prod",
        gardenos: parseSettings({
          ...stack({ ...SETTINGS, agents: { ...SETTINGS.agents, mostWorkers } }),
          postgres: ROOMY,
        }).gardenos,
      }).agents ?? 0;
    expect(sessions(4) - sessions(1)).toBe(3 * 3);
  });

  it("sets only variables that the pinned releases document", async () => {
    for (const { name, container } of nonempty(containers(await objectsOf()))) {
      const documented = DOCUMENTED[name as keyof typeof DOCUMENTED];
      if (!documented) continue; // images of the user's own, and the jobs, whose variables their own tests check
      const unknown = container.env
        .map((each: { name: string }) => each.name)
        .filter((variable: string) => !new Set<string>(documented.variables).has(variable));
      expect(unknown, `${name}; see ${documented.source}`).toEqual([]);
      for (const needed of documented.required) {
        expect(
          container.env.map((each: { name: string }) => each.name),
          name,
        ).toContain(needed);
      }
    }
  });

  it("connects to the leader with verify-full, and has no password in a manifest's URL", async () => {
    const urls = containers(await objectsOf()).flatMap(({ container }) =>
      container.env
        .filter((each: { value?: unknown }) => String(each.value ?? "").startsWith("postgres://"))
        .map((each: { value: string }) => each.value),
    );
    expect(urls.length).toBeGreaterThanOrEqual(4);
    for (const url of urls) {
      expect(url).toContain(
        "@postgres-primary.postgres.svc.cluster.local:5432/crm?sslmode=verify-full&sslrootcert=/",
      );
      expect(url).toMatch(/^postgres:\/\/[a-z_]+_\d+(:\$\([A-Z_]+\))?@/);
    }
    for (const { container } of containers(await objectsOf())) {
      const names = container.env.map((each: { name: string }) => each.name);
      expect(new Set(names).size).toBe(names.length);
      for (const [index, { value }] of container.env.entries()) {
        for (const [, used] of String(value ?? "").matchAll(/\$\((\w+)\)/g))
          expect(names.slice(0, index)).toContain(used); // Kubernetes expands only what comes before
      }
    }
  });

  it("migrates before any program that needs the tables starts", async () => {
    const { resources } = await evaluatePlatform(stack(), "prod");
    const own = resources.filter(({ inputs }) => Object(inputs).metadata?.namespace === "gardenos");
    const migration = own.find(({ type }) => type.endsWith(":Job"));
    const job = Object(migration?.inputs).spec.template.spec;
    expect([...job.initContainers, ...job.containers].map(({ args }) => args.join(" "))).toEqual([
      "postgres migrate up crm",
      "agents migrate",
    ]);
    for (const { env } of [...job.initContainers, ...job.containers]) {
      expect(env[0].valueFrom.secretKeyRef).toEqual({ name: "gardenos-database", key: "migrate-url" });
    }
    for (const { dependencies } of nonempty(own.filter(({ type }) => type.endsWith(":Deployment")))) {
      expect(dependencies).toContain(migration?.urn);
    }
  });

  it("strips the prefixes that Supabase's services do not know, and keeps those of the API and the agents", () => {
    const stripped = routeMiddlewares("gardenos", MIDDLEWARES).flatMap(({ metadata, spec }) =>
      "stripPrefix" in spec ? [[metadata.name, Object(spec.stripPrefix).prefixes]] : [],
    );
    expect(stripped).toEqual([
      ["gardenos-strip-auth", ["/auth/v1"]],
      ["gardenos-strip-rest", ["/rest/v1"]],
      ["gardenos-strip-storage", ["/storage/v1"]],
    ]);
    const key = "traefik.ingress.kubernetes.io/router.middlewares";
    for (const route of ROUTES) {
      const applied = routeAnnotations(route, "gardenos", { [key]: "gardenos-trellis-https@kubernetescrd" })[
        key
      ];
      expect(applied?.includes("gardenos-gardenos-strip-")).toBe(route.strip);
      expect(applied).toMatch(/^gardenos-trellis-https@kubernetescrd,gardenos-gardenos-cors@kubernetescrd/);
    }
  });

  it("limits the requests that check a password or a code, and no others", () => {
    const limit = routeMiddlewares("gardenos", MIDDLEWARES).find(
      ({ metadata }) => metadata.name === "gardenos-logins",
    );
    expect(limit?.spec).toEqual(loginLimit(12));
    const key = "traefik.ingress.kubernetes.io/router.middlewares";
    const limited = ROUTES.filter((route) =>
      routeAnnotations(route, "gardenos", { [key]: "x" })[key]?.includes("gardenos-gardenos-logins@"),
    );
    expect(limited.map(({ name }) => name)).toEqual(["auth-logins"]);
    expect(limited[0]?.paths).toEqual(
      expect.arrayContaining(["/auth/v1/token", "/auth/v1/signup", "/auth/v1/verify", "/auth/v1/factors"]),
    );
  });

  it("gives each program a policy that names its peers, and nothing reaches the internet but API and workers", async () => {
    const policies = (await objectsOf()).filter(
      ({ kind, name }) => kind === "NetworkPolicy" && !name.includes("deny"),
    );
    const reaching = policies
      .filter(({ inputs }) => JSON.stringify(inputs.spec.egress ?? []).includes("0.0.0.0/0"))
      .map(({ name }) => name);
    expect(reaching.sort()).toEqual(["agent-workers", "api"]);
    const names = policies.map(({ name }) => name);
    for (const name of ["auth", "rest", "storage", "agents", "crm-migration"]) expect(names).toContain(name);
  });
});

describe("the keys of the API", () => {
  const secrets = [
    { epoch: 2, value: "n".repeat(64) },
    { epoch: 1, value: "o".repeat(64) },
  ];
  const data = tokenData({ secrets, until: "2031-12-31" });

  it("are signed with the newest secret, expire, and name their key", () => {
    for (const [key, role] of [
      ["anon-key", "anon"],
      ["service-key", "service_role"],
    ] as const) {
      const [head = "", body = "", signature] = (data[key] ?? "").split(".");
      expect(JSON.parse(Buffer.from(head, "base64url").toString())).toMatchObject({
        alg: "HS256",
        kid: "trellis-2",
      });
      expect(JSON.parse(Buffer.from(body, "base64url").toString())).toMatchObject({
        role,
        exp: Date.UTC(2031, 11, 31, 23, 59, 59) / 1000,
      });
      expect(createHmac("sha256", "n".repeat(64)).update(`${head}.${body}`).digest("base64url")).toBe(
        signature,
      );
    }
  });

  it("stay valid through the next epoch: every verifier has both secrets, and one alone signs", () => {
    expect(JSON.parse(data["key-set"] ?? "").keys.map(({ kid }: { kid: string }) => kid)).toEqual([
      "trellis-2",
      "trellis-1",
    ]);
    const signing = JSON.parse(data["auth-keys"] ?? "").filter(({ key_ops }: { key_ops: string[] }) =>
      key_ops.includes("sign"),
    );
    expect(signing.map(({ kid }: { kid: string }) => kid)).toEqual(["trellis-2"]);
    expect(data.secrets).toBe(`${"n".repeat(64)},${"o".repeat(64)}`);
  });
});
