import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { monthlyCost } from "../../../components/servers/hetzner/monthly-cost";
import { nodesOf, parseSettings } from "../../../components/settings";
import { rawSettings, repository, STACKS } from "../../rigs/platform/stacks";

it.each(STACKS)("docs/costs.md says what %s costs, where its first server types are to be had", (stack) => {
  const { target } = parseSettings(rawSettings(stack));
  if (target.kind !== "hetzner") throw new Error(`${stack} has no servers of its own`);
  const { euros } = monthlyCost({
    servers: nodesOf(target).map(({ types, location }) => ({ serverType: types[0] ?? "", location })),
    edge: target.edge,
    prices: target.prices,
  });

  const page = readFileSync(`${repository}/docs/costs.md`, "utf8");
  const [, said] = new RegExp(`^\\| \`${stack}\` \\|.*\\| (\\d+) € a month \\|$`, "m").exec(page) ?? [];
  expect(said).toBe(String(Math.round(euros)));
});
