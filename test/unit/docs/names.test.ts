import { basename } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Evaluation } from "../../../cli/pulumi-monitor";
import { settingsSchema } from "../../../components/settings";
import { namedSettings } from "../../../components/settings/schema-at";
import { CHECKS } from "../../../jobs/operations/checks";
import { type Page, pages } from "../../rigs/cli/docs";
import { inventoryOf } from "../../rigs/docs/inventory";
import { judgeKubectl } from "../../rigs/docs/kubectl";
import { evaluatePlatform } from "../../rigs/platform/platform";
import { rawSettings } from "../../rigs/platform/stacks";

const IN_TEXT = /`((?:k3s )?(?:kubectl|trellis-[a-z-]+)\b[^`]*)`/g;

/** Every command of a page, of fenced blocks and within sentences. */
function commandsOf({ blocks, prose }: Pick<Page, "blocks" | "prose">): string[] {
  const fenced = blocks
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) => text.replaceAll("\\\n", " ").split("\n"))
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .flatMap((line) => line.split(/ (?:&&|\|\|?) /));
  const inText = [...prose.matchAll(IN_TEXT)].map(([, command = ""]) => command.replaceAll(/\s+/g, " "));
  return [...fenced, ...inText].map((each) => each.trim()).filter(Boolean);
}

/** The Jobs that a page makes, and names later. */
const madeOn = (commands: readonly string[]) =>
  new Set(
    commands
      .filter((each) => each.includes("create job"))
      .flatMap((each) => each.split(/\s+/).filter((word) => /^[a-z][a-z-]*-\d+$/.test(word))),
  );

const manual = pages().filter(({ path }) => path !== "CHANGELOG.md");

describe("what the documentation's commands name", () => {
  let plans: Evaluation[];
  beforeAll(async () => {
    const prod = rawSettings("prod");
    plans = [
      // While a major release of PostgreSQL is upgraded, there are further Jobs; poolers and the page are off unless set.
      await evaluatePlatform(
        { ...prod, postgres: { upgradeFrom: 16, pooling: true }, operations: { page: true } },
        "prod",
      ),
      await evaluatePlatform(
        {
          ...prod,
          gardenos: {},
          datasurface: false,
          airflow: false,
          rain: false,
          target: { kind: "existing", nodes: ["192.0.2.0/24"] },
        },
        "existing",
      ),
    ];
  });

  it("is in the plans: namespaces, objects, containers and labels", () => {
    const inventory = inventoryOf(plans);
    const judged = manual.map((page) => {
      const commands = commandsOf(page);
      const made = madeOn(commands);
      const verdicts = commands
        .filter((each) => /\bkubectl\b/.test(each))
        .map((each) => judgeKubectl(each.split(/\s+/), inventory, made));
      return {
        problems: verdicts.flatMap(({ problems }) => problems.map((each) => `${page.path}: ${each}`)),
        found: verdicts.reduce((sum, { found }) => sum + found, 0),
      };
    });

    expect(judged.flatMap(({ problems }) => problems)).toEqual([]);
    expect(judged.reduce((sum, { found }) => sum + found, 0)).toBeGreaterThan(120);
  });

  it("is the whole list of outputs", () => {
    const page = manual.find(({ path }) => path === "docs/outputs.md");
    const described = [...(page?.prose.matchAll(/^\| `(\w+)` \|/gm) ?? [])].map(([, name]) => name);
    const given = new Set(plans.flatMap(({ outputs }) => Object.keys(outputs)));
    expect(described.sort()).toEqual([...given].sort());
  });

  it("is on the servers: our own programs", () => {
    const programs = new Set(plans.flatMap(({ artefacts }) => artefacts.map(({ path }) => basename(path))));
    const named = manual.flatMap((page) =>
      commandsOf({ ...page, prose: "" })
        .map((each) => each.split(/\s+/)[0] ?? "")
        .filter((word) => word.startsWith("trellis-"))
        .map((word) => [page.path, word] as const),
    );

    expect(named.length).toBeGreaterThan(5);
    expect(named.filter(([, program]) => !programs.has(program))).toEqual([]);
  });

  it("is checked, or the command is typed by a test, or marked with the place where it is typed", () => {
    const inventory = inventoryOf(plans);
    const lines = manual
      .flatMap(({ blocks }) => blocks.filter(({ language }) => language === "sh"))
      .flatMap((block) =>
        commandsOf({ blocks: [block], prose: "" }).map((command) => ({ command, place: block.place })),
      );
    const isChecked = (command: string) =>
      /^(jobs|npm run|trellis-)/.test(command) ||
      judgeKubectl(command.split(/\s+/), inventory, new Set()).found > 0;
    const [run, others] = [
      lines.filter(({ place }) => place === ""),
      lines.filter(({ place }) => place !== ""),
    ];
    const checked = others.filter(({ command }) => isChecked(command)).length;

    console.info(
      `commands in pages: ${run.length} run, ${checked} checked, ${others.length - checked} marked`,
    );
    expect(run.length).toBeGreaterThanOrEqual(10);
    expect(checked).toBeGreaterThanOrEqual(60);
  });
});

describe("the settings that pages name", () => {
  const all = namedSettings(settingsSchema).map(({ name, path }) =>
    [...path, name].map((part) => part.replace(/\[\]$/, "")),
  );
  const blocks = new Set(all.filter((path) => path.length > 1).flatMap((path) => path.slice(0, -1)));
  const leaves = new Set(all.map((path) => path.at(-1) ?? ""));

  /** Whether a written path is one of the settings, where names that people choose match anything. */
  const isSetting = (written: readonly string[]) =>
    all.some(
      (path) =>
        path.length === written.length &&
        path.every((part, index) => part === "<name>" || part === written[index]?.replace(/\[\d*\]$/, "")),
    );

  it("are in the schema, by their whole path", () => {
    const checks = new Set<string>(CHECKS.map(({ id }) => id)); // some read like settings
    const named = manual.flatMap(({ path, prose }) =>
      [...prose.matchAll(/`((?:[a-z][A-Za-z]*)(?:\.[A-Za-z_<>[\]-]+)+)(?:: [^`]*)?`/g)]
        .map(([, written = ""]) => written)
        .filter((written) => {
          const parts = written.split(".");
          return !checks.has(written) && blocks.has(parts[0] ?? "") && leaves.has(parts.at(-1) ?? "");
        })
        .map((written) => `${path}: ${written}`),
    );

    expect(named.length).toBeGreaterThan(40);
    expect(named.filter((each) => !isSetting(each.replace(/^.*: /, "").split(".")))).toEqual([]);
  });
});
