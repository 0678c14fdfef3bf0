import { describe, expect, it } from "vitest";
import { parseSettings } from "../../../components/settings";
import { EXEMPTIONS, type Exemption } from "../../../policy/exemptions";
import { isClean, judge } from "../../../policy/judge";
import { type PlanArgs, planOf } from "../../../policy/plan";
import { RULES } from "../../../policy/rules";
import { evaluatePlatform } from "../../rigs/platform/platform";
import { existingCluster, rawSettings, STACKS, withValue } from "../../rigs/platform/stacks";
import { type Mutation, step } from "../../rigs/policy/mutation";
import { PLATFORM_MUTANTS } from "../../rigs/policy/platform-mutants";
import { POD_MUTANTS } from "../../rigs/policy/pod-mutants";

const GARDENOS = {
  signup: true,
  api: `ghcr.io/example/crm-api@sha256:${"0123456789abcdef".repeat(4)}`,
  agents: { modelUrl: "https://models.example.com/v1", model: "example/model" },
};

const SAMPLES: Readonly<Record<string, Record<string, unknown>>> = {
  ...Object.fromEntries(STACKS.map((stack) => [stack, rawSettings(stack)])),
  gardenos: {
    ...withValue(
      withValue(rawSettings("prod"), "gardenos", GARDENOS),
      "target.kubernetes",
      // Its group is the only one besides the kubeconfig's that may administer the cluster.
      { oidc: { issuer: "https://login.example.com", clientId: "trellis", administrators: ["platform"] } },
    ),
    datasurface: undefined,
    postgres: { databases: { crm: {} } },
  },
  existing: existingCluster(),
};

/** Each plan is evaluated once, when the first test asks for it. */
const recorded = new Map<string, Promise<PlanArgs>>();

function record(stack: string): Promise<PlanArgs> {
  const raw = SAMPLES[stack];
  if (!raw) throw new Error(`there is no sample ${stack}`);
  const plan = recorded.get(stack) ?? evaluated(stack, raw);
  recorded.set(stack, plan);
  return plan;
}

async function evaluated(stack: string, raw: Record<string, unknown>): Promise<PlanArgs> {
  const { resources, artefacts: rendered } = await evaluatePlatform(
    raw,
    stack === "existing" ? "prod" : stack,
  );
  return { settings: parseSettings(raw), resources, rendered };
}

const planFor = async (stack: string, mutate: Mutation = (args) => args) =>
  planOf(mutate(await record(stack)));

const rulesBroken = async (mutate: Mutation, exemptions = EXEMPTIONS) => {
  const { violations } = judge(await planFor("prod", mutate), { exemptions });
  return [...new Set(violations.map(({ rule }) => rule.name))];
};

describe("the policy pack", () => {
  it.each(Object.keys(SAMPLES))("is clean on the plan of %s", async (stack) => {
    const verdict = judge(await planFor(stack), { exemptions: EXEMPTIONS });

    expect(verdict.violations.map(({ rule, resource, message }) => [rule.name, resource, message])).toEqual(
      [],
    );
    expect(verdict.unused).toEqual([]);
    expect(isClean(verdict)).toBe(true);
  });

  const mutants = [...POD_MUTANTS, ...PLATFORM_MUTANTS];

  it.each(mutants)("catches by %s alone: %s", async (rule, _what, mutate) => {
    expect(await rulesBroken(mutate)).toEqual([rule]);
  });

  it("catches at least 80 mutations, with each rule at least one", () => {
    expect(mutants.length).toBeGreaterThanOrEqual(80);
    const tried = new Set(mutants.map(([rule]) => rule));
    expect(RULES.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual([]);
  });

  it("lets a named loss pass, and every loss outside of prod", async () => {
    const loss = step("delete", "kubernetes:core/v1:PersistentVolumeClaim", "rain-archive");
    const named: Mutation = (args) => ({
      ...loss(args),
      settings: { ...args.settings, acceptLoss: ["rain-archive"] },
    });
    expect(await rulesBroken(named)).toEqual([]);
    expect(judge(await planFor("staging", loss), { exemptions: EXEMPTIONS }).violations).toEqual([]);
  });
});

describe("a rule", () => {
  it("has a name of its own, a reason and a remedy", () => {
    expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length);
    for (const { name, reason, remedy } of RULES) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
      for (const sentence of [reason, remedy]) expect(sentence, name).toMatch(/^[A-Z].{20,}\.$/);
    }
  });
});

describe("an exemption", () => {
  const of = (changes: Partial<Exemption>): Exemption => ({
    rule: "limits",
    resource: "Deployment rain-tracker/rain-api",
    reason: "a test",
    until: "2099-12-31",
    ...changes,
  });

  it("names a rule that exists, has a reason, and ends within a year and a month", async () => {
    const names = RULES.map(({ name }) => name);
    const { day } = await planFor("prod");
    for (const { rule, reason, until } of EXEMPTIONS) {
      expect(names).toContain(rule);
      expect(reason.length).toBeGreaterThan(20);
      expect(Date.parse(until) - day.getTime()).toBeLessThan(396 * 24 * 3600 * 1000);
    }
  });

  it("is used by one of the sample stacks at least", async () => {
    const plans = await Promise.all(Object.keys(SAMPLES).map((stack) => planFor(stack)));
    const exempted = plans.flatMap((plan) => judge(plan, { exemptions: EXEMPTIONS }).exempted);
    const used = new Set(exempted.map(({ exemption }) => exemption));
    expect(EXEMPTIONS.filter((each) => !used.has(each))).toEqual([]);
  });

  it("exempts nothing once it has ended, and fails the check by itself", async () => {
    const plan = { ...(await planFor("prod")), day: new Date("2099-01-01T00:00:00Z"), pins: {} };
    const verdict = judge(plan, { exemptions: EXEMPTIONS });
    expect(verdict.ended).toEqual(EXEMPTIONS);
    expect(verdict.exempted).toEqual([]);
    expect(verdict.violations.length).toBeGreaterThan(10);
    expect(isClean(verdict)).toBe(false);
  });

  it("fails the check if its resource is planned and violates nothing, and not if there is no such resource", async () => {
    const needless = of({});
    const elsewhere = of({ resource: "Deployment rain-tracker/gone" });
    const { unused } = judge(await planFor("prod"), { exemptions: [...EXEMPTIONS, needless, elsewhere] });
    expect(unused).toEqual([needless]);
  });
});
