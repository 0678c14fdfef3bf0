import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { repositoryFile } from "../../../components/shared/repository";
import { alertsIn } from "../../rigs/alerting/declared";
import { pages } from "../../rigs/cli/docs";
import { evaluatePlatform } from "../../rigs/platform/platform";
import { rawSettings, repository } from "../../rigs/platform/stacks";

const all = pages();
const anchorsOf = new Map(all.map(({ path, anchors }) => [path, anchors]));

describe.each(all.map((page) => [page.path, page] as const))("%s", (path, { prose }) => {
  const targets = [...prose.matchAll(/\]\(<?([^)\s>]+)>?\)/g)].map(([, target]) => target ?? "");

  it("links to files and headings that exist", () => {
    const broken = targets
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [file, anchor] = target.split("#");
        const place = file ? join(dirname(path), file) : path;
        if (!existsSync(join(repository, place))) return true;
        return anchor !== undefined && !anchorsOf.get(place)?.has(anchor);
      });
    expect(broken).toEqual([]);
  });

  it("links to the world by https", () => {
    expect(targets.filter((target) => /^[a-z]+:/.test(target) && !/^(https|mailto):/.test(target))).toEqual(
      [],
    );
  });
});

describe("an alert of prod", async () => {
  const { resources } = await evaluatePlatform(rawSettings("prod"), "prod");
  const alerts = resources.flatMap(({ inputs }) => alertsIn(inputs));

  it("is one of many, each with a name of its own", () => {
    const names = alerts.map(({ alert }) => alert);
    expect(names.length).toBeGreaterThan(50);
    expect(names.filter((name, index) => names.indexOf(name) < index)).toEqual([]);
  });

  it.each([...new Map(alerts.map((rule) => [rule.alert, rule]))])(
    "%s names a section of a runbook that exists",
    (_, { annotations }) => {
      const { file, section } = repositoryFile(annotations.runbook_url) ?? { file: "", section: "" };
      expect(anchorsOf.get(file) ?? new Set(), `${annotations.runbook_url} is a page`).toContain(section);
    },
  );
});
