import { expect, it } from "vitest";
import { agents } from "../../../../../jobs/agents";
import { postgres } from "../../../../../jobs/postgres";
import { parseCommandLine, prepare } from "../../../../../jobs/shared";
import { evaluatePlatform } from "../../../../rigs/platform/platform";
import { rawSettings, withValue } from "../../../../rigs/platform/stacks";

const DOMAINS = [
  { name: "agents", summary: agents.summary, load: async () => agents },
  { name: "postgres", summary: postgres.summary, load: async () => postgres },
];

/** What a variable holds in the pod, as far as it is not in the manifest: Secrets and mounted files. */
function inThePod({ name, value }: { readonly name: string; readonly value?: string }): string {
  if (value?.startsWith("/")) return import.meta.filename;
  return (
    value ??
    (name.endsWith("_URL") ? "postgres://user:password@host:5432/crm" : "forty".padEnd(40, "-secret"))
  );
}

interface Container {
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: ReadonlyArray<{ readonly name: string; readonly value?: string }>;
}

it("starts each verb of the jobs image with settings that it takes", async () => {
  const { resources } = await evaluatePlatform(
    {
      ...withValue(rawSettings("prod"), "gardenos", {
        origins: ["https://app.example.com"],
        agents: { modelUrl: "https://models.example.com/v1", model: "example/model" },
      }),
      datasurface: undefined,
      postgres: { databases: { crm: {} } },
    },
    "prod",
  );
  const containers = resources
    .map(({ inputs }) => Object(inputs))
    .filter(({ metadata, spec }) => metadata?.namespace === "gardenos" && spec?.template)
    .flatMap(({ spec }): Container[] => [
      ...(spec.template.spec.initContainers ?? []),
      ...spec.template.spec.containers,
    ]);
  const verbs = containers.flatMap(({ args = [], command = [], env = [] }) => {
    const words = [...command, ...args];
    const [domain] = words.filter((word) => DOMAINS.some(({ name }) => name === word));
    return domain === undefined ? [] : [{ words: words.slice(words.indexOf(domain)), env }];
  });

  expect(verbs.map(({ words }) => words.slice(0, 2).join(" ")).sort()).toEqual([
    "agents migrate",
    "agents serve",
    "agents work",
    "postgres migrate",
  ]);
  for (const { words, env } of verbs) {
    const environment = Object.fromEntries(env.map((each) => [each.name, inThePod(each)]));
    prepare(await parseCommandLine(words, DOMAINS, environment));
  }
});
