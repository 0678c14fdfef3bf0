import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { alertCatalogue, runbookIndex } from "../../../cli/docs/runbooks";
import { repositoryFile } from "../../../components/shared/repository";
import { alertsIn } from "../../rigs/alerting/declared";
import { pages } from "../../rigs/cli/docs";
import { evaluatePlatform } from "../../rigs/platform/platform";
import { rawSettings, repository } from "../../rigs/platform/stacks";

const catalogue = alertCatalogue();

it("the index of runbooks is the one that `npm run docs` writes", () => {
  expect(readFileSync(join(repository, "docs", "runbooks", "README.md"), "utf8")).toBe(
    runbookIndex(repository),
  );
});

it("every alert has a name of its own, a severity, a sentence and a section that exists", () => {
  const anchorsOf = new Map(pages().map(({ path, anchors }) => [path, anchors]));
  const names = catalogue.map(({ alert }) => alert);
  expect(names.filter((name, index) => names.indexOf(name) < index)).toEqual([]);
  for (const { alert, labels, annotations } of catalogue) {
    expect(labels.severity, alert).toMatch(/^(warning|critical)$/);
    expect(annotations.summary, alert).toMatch(/^(etcd\b|[A-Z{])[^\n]{10,}[^.]$/);
    const { file, section } = repositoryFile(annotations.runbook_url) ?? { file: "", section: "" };
    expect(anchorsOf.get(file) ?? new Set(), `${alert}: ${annotations.runbook_url}`).toContain(section);
  }
});

it("the index has every alert that prod declares", async () => {
  const { resources } = await evaluatePlatform(rawSettings("prod"), "prod");
  const declared = resources.flatMap(({ inputs }) => alertsIn(inputs)).map(({ alert }) => alert);
  const names = catalogue.map(({ alert }) => alert);
  expect(declared.length).toBeGreaterThan(60);
  expect(declared.filter((alert) => !names.includes(alert))).toEqual([]);
});
