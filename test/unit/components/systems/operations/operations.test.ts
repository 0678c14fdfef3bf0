import { describe, expect, it } from "vitest";
import { DATA_NAMESPACES } from "../../../../../components/data";
import { SYSTEM_NAMESPACES } from "../../../../../components/systems";
import { platformSchema } from "../../../../../jobs/operations";
import { CHECKS } from "../../../../../jobs/operations/checks";
import { evaluatePlatform } from "../../../../rigs/platform/platform";
import { rawSettings, STACKS, withValue } from "../../../../rigs/platform/stacks";

describe.each(STACKS)("the checks of %s", async (stack) => {
  const { resources } = await evaluatePlatform(rawSettings(stack), stack);
  const named = (kind: string, name: string) =>
    resources.find(({ type, inputs }) => type.endsWith(`:${kind}`) && Object(inputs.metadata).name === name);

  it("are told what the stack has, in a form that they accept", () => {
    const { data } = Object(named("ConfigMap", "operations-platform")?.inputs);
    const platform = platformSchema.parse(JSON.parse(data["platform.json"]));
    const namespaces = [...Object.values(DATA_NAMESPACES), ...Object.values(SYSTEM_NAMESPACES)];
    expect(platform.kubernetes.namespaces).toEqual(namespaces.map(({ name }) => name));
    expect(platform.etcd.members.length).toBeGreaterThan(0);
    expect(platform.pins.length).toBeGreaterThan(1);
    expect(data["ca.crt"]).toBeDefined();
  });

  it("read named kinds, and no Secret or ConfigMap but their history", () => {
    const rules = ["ClusterRole", "Role"]
      .flatMap((kind) => [named(kind, "operations-reader"), named(kind, "operations-history")])
      .flatMap((role) => Object(role?.inputs).rules ?? []);
    expect(rules.length).toBeGreaterThan(5);
    for (const { resources: kinds = [], resourceNames, verbs } of rules) {
      expect(kinds).not.toContain("secrets");
      if (kinds.includes("configmaps")) expect(resourceNames).toEqual(["operations-history"]);
      else expect(verbs.every((verb: string) => verb === "get" || verb === "list")).toBe(true);
    }
  });

  it("run at the time of the setting", async () => {
    const { schedule } = Object(named("CronJob", "operations-health")?.inputs.spec);
    expect(schedule).toBe(stack === "dev" ? "7 6 * * *" : "7 * * * *");
  });
});

describe("the checks of prod", async () => {
  const settings = withValue(rawSettings("prod"), "operations", { healthEvery: "15m" });
  const { resources } = await evaluatePlatform(settings, "prod");
  const cronJobs = resources
    .filter(({ type }) => type.endsWith(":CronJob"))
    .map(({ inputs }) => `${Object(inputs.metadata).namespace} ${Object(inputs.metadata).name}`);

  it("run as often as the setting says", () => {
    const health = resources.find(({ inputs }) => Object(inputs.metadata).name === "operations-health");
    expect(Object(health?.inputs.spec).schedule).toBe("7-59/15 * * * *");
  });

  it("name only schedules that exist in what an operator types next", () => {
    const typed = CHECKS.flatMap(({ next }) => {
      const [, namespace, name] = /-n (\S+) create job --from=cronjob\/(\S+)/.exec(next) ?? [];
      return name ? [`${namespace} ${name}`] : [];
    });
    expect(typed.length).toBeGreaterThan(3);
    expect(typed.filter((each) => !cronJobs.includes(each))).toEqual([]);
  });
});

describe("the status page of prod", async () => {
  const evaluationOf = (page: boolean) =>
    evaluatePlatform(withValue(rawSettings("prod"), "operations", { page }), "prod");
  const { resources, outputs } = await evaluationOf(true);
  const named = (kind: string, name: string) =>
    Object(
      resources.find(({ type, inputs }) => type.endsWith(`:${kind}`) && Object(inputs.metadata).name === name)
        ?.inputs,
    );

  it("is behind the list of addresses, and an output names it", () => {
    const { metadata, spec } = named("Ingress", "operations-page");
    expect(metadata.annotations["traefik.ingress.kubernetes.io/router.middlewares"]).toContain(
      "operations-trellis-administrators@kubernetescrd",
    );
    expect(spec.rules[0].host).toBe("status.example.com");
    expect(Object(outputs.endpoints).status).toBe("https://status.example.com");
  });

  it("reads the history and nothing else", () => {
    const pod = named("Deployment", "operations-page").spec.template.spec;
    expect(pod.serviceAccountName).toBe("operations-page");
    expect(pod.volumes.filter((volume: object) => "secret" in volume)).toEqual([]);
    expect(named("Role", "operations-page-history").rules).toEqual([
      {
        apiGroups: [""],
        resources: ["configmaps"],
        resourceNames: ["operations-history"],
        verbs: ["get"],
      },
    ]);
    const bound = resources.filter(({ inputs }) =>
      JSON.stringify(Object(inputs).subjects ?? []).includes('"operations-page"'),
    );
    expect(bound.map(({ inputs }) => Object(inputs).roleRef.name)).toEqual(["operations-page-history"]);
  });

  it("does not exist unless the settings have it", async () => {
    const without = await evaluationOf(false);
    expect(without.resources.filter(({ name }) => name.includes("operations-page"))).toEqual([]);
    const { spec } = Object(without.resources.find(({ name }) => name === "kube-system-traefik")?.inputs);
    expect(JSON.stringify(spec)).not.toContain('"operations"');
  });
});
