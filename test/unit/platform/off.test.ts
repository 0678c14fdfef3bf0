import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Evaluation } from "../../../cli/pulumi-monitor";
import { parseSettings, SettingsError } from "../../../components/settings";
import { EXEMPTIONS } from "../../../policy/exemptions";
import { isClean, judge } from "../../../policy/judge";
import { planOf } from "../../../policy/plan";
import { countOf } from "../../rigs/counts";
import { evaluatePlatform } from "../../rigs/platform/platform";
import { rawSettings, withValue } from "../../rigs/platform/stacks";

/** What no resource and no output of a stack may name when a system is off. */
const NAMES = {
  airflow: /airflow/i,
  rain: /\brain\b|rain-|rain_/i,
  datasurface: /datasurface/i,
} as const;
type System = keyof typeof NAMES;
const SYSTEMS = ["airflow", "rain", "datasurface"] as const satisfies readonly System[];

/** Texts about the platform as a whole, which name systems as examples. */
const IN_GENERAL = [
  ...[/^PriorityClass /, /^Secret grafana/, /^ConfigMap .*helm/],
  /^ValidatingAdmissionPolicy image-policy/, // it admits every image that the program pins
];

/** The combinations that make sense: Airflow runs DataSurface's jobs. */
const COMBINATIONS: readonly (readonly System[])[] = [
  ["rain"],
  ["datasurface"],
  ["airflow", "datasurface"],
  ["rain", "datasurface"],
  ["airflow", "rain", "datasurface"],
];

const without = (off: readonly System[], raw: Record<string, unknown>) =>
  off.reduce((settings, system) => withValue(settings, system, false), raw);

function mentions({ resources, outputs }: Evaluation, name: RegExp): string[] {
  const texts = resources.map(({ type, name: resource, inputs }) => ({
    title: `${type.split(":").at(-1)} ${resource}`,
    text: JSON.stringify([resource, inputs]),
  }));
  return [...texts, { title: "the outputs", text: JSON.stringify(outputs) }]
    .filter(({ title }) => !IN_GENERAL.some((each) => each.test(title)))
    .filter(({ text }) => name.test(text))
    .map(
      ({ title, text }) =>
        `${title}: ...${text.slice(Math.max(0, text.search(name) - 60), text.search(name) + 60)}`,
    );
}

/** Each takes seconds. */
const RUNS = countOf({ usual: 2, full: 40 });

describe("systems that are off", () => {
  it("leave nothing behind, and a stack that the policies pass", async () => {
    const combination = fc.constantFrom(...COMBINATIONS);
    const options = fc.record({
      monitoring: fc.boolean(),
      offsite: fc.boolean(),
      pooling: fc.boolean(),
      external: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(combination, options, async (off, { monitoring, offsite, pooling, external }) => {
        // A server that carries everything, so that the capacity refuses no combination.
        const large = withValue(rawSettings("dev"), "target.servers.0.types", ["cx43"]);
        const base = withValue(large, "target.addons.monitoring", monitoring);
        const raw = {
          ...without(off, base),
          postgres: { pooling },
          ...(offsite && { offsite: rawSettings("prod").offsite }),
          ...(external && {
            minio: { kind: "external", endpoint: "https://s3.example.com", region: "fsn1" },
          }),
        };
        const evaluation = await evaluatePlatform(raw, "dev");

        for (const system of SYSTEMS) {
          const found = mentions(evaluation, NAMES[system]);
          if (off.includes(system)) expect(found).toEqual([]);
          else expect(found.length).toBeGreaterThan(5);
        }
        const { resources, artefacts: rendered } = evaluation;
        const settings = parseSettings(raw);
        const verdict = judge(planOf({ settings, resources, rendered }), { exemptions: EXEMPTIONS });
        expect(verdict.violations.map(({ rule, resource }) => [rule.name, resource])).toEqual([]);
        expect(isClean(verdict)).toBe(true);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  });

  it("keep the databases and buckets that the settings name", () => {
    const raw = {
      ...without(["rain"], rawSettings("dev")),
      postgres: { databases: { rain: {}, airflow_db: {}, customer_db: {}, datasurface_merge: {} } },
    };
    const { postgres, minio } = parseSettings(raw);

    expect(Object.keys(postgres.databases)).toContain("rain");
    expect(Object.keys(minio.buckets)).not.toContain("rain-files");
  });

  it("rain keeps its files on its volume alone where the settings give it no bucket", async () => {
    const usual = rawSettings("dev");
    const { rain, ...applications } = parseSettings(usual).minio.applications;
    expect(rain?.buckets).toEqual(["rain-files"]);
    const withBucket = await evaluatePlatform(usual, "dev");
    const withoutBucket = await evaluatePlatform(withValue(usual, "minio", { applications }), "dev");
    const openings = ({ resources }: Evaluation) =>
      resources.filter(({ name, inputs }) => {
        const text = JSON.stringify(inputs);
        return name === "rain-files" || (name.startsWith("rain-") && /RAIN_FILES|"port":9000/.test(text));
      });

    expect(openings(withBucket).map(({ name }) => name)).toEqual(
      expect.arrayContaining(["rain-files", "rain-allow-rain-import", "rain-rain-import-current-year"]),
    );
    expect(openings(withoutBucket)).toEqual([]);
  });

  it("cannot be off where another system needs them", () => {
    expect(() => parseSettings(without(["airflow"], rawSettings("dev")))).toThrow(SettingsError);
    expect(() => parseSettings(without(["airflow"], rawSettings("dev")))).toThrow(
      "airflow: given false; allowed: a block of settings with `datasurface`: Airflow runs DataSurface's jobs; remove it, or write `datasurface: false` too",
    );
  });

  it("can be on in words", () => {
    const { airflow } = parseSettings({ ...rawSettings("dev"), airflow: true });
    expect(airflow).toEqual(parseSettings(rawSettings("dev")).airflow);
  });
});
