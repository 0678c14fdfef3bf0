import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { picturesOf } from "../../../cli/topology";
import { evaluatePlatform } from "../../rigs/platform/platform";
import { rawSettings, repository } from "../../rigs/platform/stacks";

it("the pictures in docs are those of prod's plan: `npm run docs` would change nothing", async () => {
  const evaluation = await evaluatePlatform(rawSettings("prod"), "prod");
  const pictures = picturesOf(evaluation, { project: "trellis", stack: "prod" });
  expect(pictures.size).toBe(2);
  for (const [name, drawn] of pictures)
    expect(readFileSync(join(repository, "docs", name), "utf8"), name).toBe(drawn);
});
