import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
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

  it("is one of many", () => {
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBeGreaterThan(15);
  });

  it.each([...new Map(alerts.map((rule) => [rule.alert, rule]))])(
    "%s names a section of a runbook that exists",
    (_, { annotations }) => {
      const [page = "", section = ""] = String(annotations?.runbook).split("#");
      expect(anchorsOf.get(page) ?? new Set(), `${page} is a page`).toContain(section);
    },
  );
});

interface Rule {
  readonly alert: string;
  readonly annotations?: { readonly runbook?: string };
}

/** All rules in a value, however deep, in texts that hold YAML, and in packed charts. */
function alertsIn(value: unknown): Rule[] {
  if (typeof value === "string") {
    if (value.startsWith(GZIP_IN_BASE64)) return alertsIn(filesOfArchive(value).join("\n---\n"));
    if (!/\balert: /.test(value)) return [];
    return parseAllDocuments(value).flatMap((document) => alertsIn(document.toJS()));
  }
  if (Array.isArray(value)) return value.flatMap(alertsIn);
  if (typeof value !== "object" || value === null) return [];
  if ("alert" in value && "expr" in value) return [value as Rule]; // Prometheus' own shape of a rule
  return Object.values(value).flatMap(alertsIn);
}

const GZIP_IN_BASE64 = "H4sI";

/** The texts in a packed chart: a tar whose members begin at blocks of 512 bytes. */
function filesOfArchive(packed: string): string[] {
  const archive = gunzipSync(Buffer.from(packed, "base64"));
  const files: string[] = [];
  for (let at = 0; at < archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(archive.toString("latin1", at + 124, at + 136), 8);
    files.push(archive.toString("utf8", at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
