import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { raiseEpoch } from "../../../../cli/secrets/raise-epoch";
import { STACKS } from "../../../rigs/platform/stacks";

const FILE = "Pulumi.test.yaml";
const raise = (text: string, path: string) => raiseEpoch(text, path.split("."), FILE);
const stackFile = (stack: string) => readFileSync(`Pulumi.${stack}.yaml`, "utf8");

const added = (before: string, after: string) => {
  const former = before.split("\n");
  const lines = after.split("\n");
  expect(lines.filter((line) => former.includes(line)).length).toBeGreaterThanOrEqual(former.length);
  return lines.filter((line) => !former.includes(line));
};

describe("raising an epoch in a stack file", () => {
  it.each(STACKS)("adds lines to the file of %s and changes none", (stack) => {
    const text = stackFile(stack);
    const { text: raised, from, to } = raise(text, "epochs.certificates");

    expect([from, to]).toEqual([1, 2]);
    expect(added(text, raised)).toEqual(["    epochs:", "      certificates: 2"]);
    expect(raised.split("\n").filter((line) => text.split("\n").includes(line))).toEqual(text.split("\n"));
  });

  it("changes one number of an epoch that the file has, and nothing else", () => {
    const text = stackFile("prod").replace(
      "    images:",
      "    epochs: { certificates: 7 } # after the leak of May\n    images:",
    );

    expect(raise(text, "epochs.certificates").text).toBe(text.replace("certificates: 7", "certificates: 8"));
  });

  it("adds a second epoch beside the first, also in a mapping of one line", () => {
    const text = stackFile("prod").replace("    images:", "    epochs: { certificates: 7 }\n    images:");
    const raised = raise(text, "epochs.kubeconfigs").text;

    expect(raised).toMatch(/epochs: \{ certificates: 7, kubeconfigs: 2 \}/);
    expect(raise(raised, "epochs.kubeconfigs")).toMatchObject({ from: 2, to: 3 });
  });

  it("writes the usual databases out, because a table of one's own replaces them", () => {
    const text = stackFile("prod");

    expect(added(text, raise(text, "postgres.databases.crm.epoch").text)).toEqual([
      "    postgres:",
      "      databases:",
      "        customer_db: {}",
      "        datasurface_merge: {}",
      "        airflow_db: {}",
      "        rain: {}",
      "        crm:",
      "          extensions:",
      "            - pgcrypto",
      "            - pg_trgm",
      "          epoch: 2",
    ]);
  });

  it("refuses a setting that the stack does not use", () => {
    expect(() => raise(stackFile("prod"), "gardenos.keysEpoch")).toThrow(
      "Pulumi.test.yaml: these settings do not use gardenos.keysEpoch, so there is nothing to rotate",
    );
    expect(() => raise(stackFile("prod"), "postgres.databases.other.epoch")).toThrow("do not use");
  });

  it("refuses a file without settings", () => {
    expect(() => raise("config: {}\n", "backup.epoch")).toThrow("has no trellis:settings");
  });
});
