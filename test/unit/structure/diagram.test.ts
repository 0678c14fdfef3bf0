import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { architecturePage, structureDiagram } from "../../../cli/docs/structure";
import { repository } from "../../rigs/platform/stacks";

const page = readFileSync(join(repository, "docs/architecture.md"), "utf8");

describe("the diagram of the program's folders", () => {
  it("is up to date: `npm run docs` would change nothing", () => {
    expect(architecturePage(page, repository)).toBe(page);
  });

  it("shows every layer with its folders, and one chain from index.ts down to shared", () => {
    expect(page).toContain("<b>components/servers</b><br/>certificates, edge, etcd, hetzner, k3s, machine");
    const chain = ["index", "systems", "data", "cluster", "servers", "settings", "shared"];
    chain.slice(1).forEach((layer, index) => {
      expect(page).toContain(`  ${chain[index]} --> ${layer}\n`);
    });
  });

  it("draws an import that skips a layer only where no other way leads there", () => {
    const drawn = structureDiagram(repository, [
      { from: "index.ts", to: "components/systems/index.ts" },
      { from: "components/systems/rain/index.ts", to: "components/data/index.ts" },
      { from: "index.ts", to: "components/data/index.ts" },
      { from: "index.ts", to: "components/settings/index.ts" },
    ]);
    expect(drawn).toContain("index --> systems");
    expect(drawn).toContain("index --> settings");
    expect(drawn).not.toContain("index --> data");
  });

  it("is refused a page without its marks", () => {
    expect(() => architecturePage("# Architecture", repository)).toThrow(/no marks/);
  });
});
