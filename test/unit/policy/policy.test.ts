import { beforeAll, describe, expect, it } from "vitest";
import { parseSettings } from "../../../components/settings";
import { EXEMPTIONS, type Exemption } from "../../../policy/exemptions";
import { isClean, judge } from "../../../policy/judge";
import { type PlanArgs, planOf } from "../../../policy/plan";
import { RULES } from "../../../policy/rules";
import { evaluatePlatform } from "../../rigs/platform/platform";
import { rawSettings, STACKS } from "../../rigs/platform/stacks";
import { type Mutation, serverFile, step } from "../../rigs/policy";
import { PLATFORM_MUTANTS } from "../../rigs/policy-mutants-platform";
import { POD_MUTANTS } from "../../rigs/policy-mutants-pods";

const SAMPLES = {
  ...Object.fromEntries(STACKS.map((stack) => [stack, rawSettings(stack)])),
  existing: { ...rawSettings("prod"), target: { kind: "existing", nodes: ["192.0.2.0/24"] } },
};

const recorded = new Map<string, PlanArgs>();
beforeAll(async () => {
  for (const [stack, raw] of Object.entries(SAMPLES)) {
    const { resources, artefacts: rendered } = await evaluatePlatform(raw, stack);
    recorded.set(stack, { settings: parseSettings(raw), resources, rendered });
  }
});

function planFor(stack: string, mutate: Mutation = (args) => args) {
  const args = recorded.get(stack);
  if (!args) throw new Error(`the plan of ${stack} was not recorded`);
  return planOf(mutate(args));
}

const rulesBroken = (mutate: Mutation, exemptions = EXEMPTIONS) => {
  const { violations } = judge(planFor("prod", mutate), { exemptions });
  return [...new Set(violations.map(({ rule }) => rule.name))];
};

describe("the policy pack", () => {
  it.each(Object.keys(SAMPLES))("is clean on the plan of %s", (stack) => {
    const verdict = judge(planFor(stack), { exemptions: EXEMPTIONS });

    expect(verdict.violations.map(({ rule, resource, message }) => [rule.name, resource, message])).toEqual(
      [],
    );
    expect(verdict.unused).toEqual([]);
    expect(isClean(verdict)).toBe(true);
  });

  const mutants = [...POD_MUTANTS, ...PLATFORM_MUTANTS];

  it.each(mutants)("catches by %s alone: %s", (rule, _what, mutate) => {
    expect(rulesBroken(mutate)).toEqual([rule]);
  });

  it("catches at least 80 mutations, with each rule at least one", () => {
    expect(mutants.length).toBeGreaterThanOrEqual(80);
    const tried = new Set(mutants.map(([rule]) => rule));
    // Its violation is exempted until the ingress redirects; the test below tries it.
    expect(RULES.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual(["ingress-redirect"]);
  });

  it("accepts an ingress that redirects, by argument or by value, and no other", () => {
    const withArgument = (argument: string) =>
      serverFile("/trellis-ingress.yaml", (content) =>
        content.replace("      - --accesslog=true", `      - ${argument}\n      - --accesslog=true`),
      );
    const redirect = "--entrypoints.web.http.redirections.entrypoint.to=websecure";
    expect(rulesBroken(withArgument(redirect), [])).not.toContain("ingress-redirect");
    expect(rulesBroken(withArgument("--entrypoints.web.address=:80"), [])).toContain("ingress-redirect");
  });

  it("lets a named loss pass, and every loss outside of prod", () => {
    const loss = step("delete", "kubernetes:core/v1:PersistentVolumeClaim", "rain-archive");
    const named: Mutation = (args) => ({
      ...loss(args),
      settings: { ...args.settings, acceptLoss: ["rain-archive"] },
    });
    expect(rulesBroken(named)).toEqual([]);
    expect(judge(planFor("staging", loss), { exemptions: EXEMPTIONS }).violations).toEqual([]);
  });
});

describe("a rule", () => {
  it("has a name of its own, a reason and a remedy", () => {
    expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length);
    for (const { name, reason, remedy } of RULES) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)+$/);
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

  it("names a rule that exists, has a reason, and ends within a year and a month", () => {
    const names = RULES.map(({ name }) => name);
    for (const { rule, reason, until } of EXEMPTIONS) {
      expect(names).toContain(rule);
      expect(reason.length).toBeGreaterThan(20);
      expect(Date.parse(until) - planFor("prod").day.getTime()).toBeLessThan(396 * 24 * 3600 * 1000);
    }
  });

  it("is used by one of the sample stacks at least", () => {
    const used = new Set(
      Object.keys(SAMPLES).flatMap((stack) =>
        judge(planFor(stack), { exemptions: EXEMPTIONS }).exempted.map(({ exemption }) => exemption),
      ),
    );
    expect(EXEMPTIONS.filter((each) => !used.has(each))).toEqual([]);
  });

  it("exempts nothing once it has ended, and fails the check by itself", () => {
    const plan = { ...planFor("prod"), day: new Date("2099-01-01T00:00:00Z"), pins: {} };
    const verdict = judge(plan, { exemptions: EXEMPTIONS });
    expect(verdict.ended).toEqual(EXEMPTIONS);
    expect(verdict.exempted).toEqual([]);
    expect(verdict.violations.length).toBeGreaterThan(10);
    expect(isClean(verdict)).toBe(false);
  });

  it("fails the check if its resource is planned and violates nothing, and not if there is no such resource", () => {
    const needless = of({});
    const elsewhere = of({ resource: "Deployment rain-tracker/gone" });
    const { unused } = judge(planFor("prod"), { exemptions: [...EXEMPTIONS, needless, elsewhere] });
    expect(unused).toEqual([needless]);
  });
});
