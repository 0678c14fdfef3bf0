import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { adviceOn, loadSettings, notesOn, parseSettings } from "../../../../components/settings";
import { today } from "../../../../components/shared/days";
import { evaluateStack } from "../../../rigs/evaluate";
import { rawSettings, withValue } from "../../../rigs/platform/stacks";

const on = (path: string, value: unknown) => parseSettings(withValue(rawSettings("dev"), path, value));
const adviceAbout = (setting: string, path: string, value: unknown) =>
  adviceOn(on(path, value)).filter((each) => each.startsWith(setting));

describe("a preview", () => {
  it("warns of one member of PostgreSQL on several servers", () => {
    const three = [{ location: "fsn1", types: ["cx33"], count: 3 }];

    expect(adviceAbout("postgres", "target.servers", three)).toEqual([
      "postgres.replicas: 1 member on 3 servers: the loss of its server stops every database, whatever the other servers do; set it to 3",
    ]);
    expect(adviceAbout("postgres", "target.protection", false)).toEqual([]);
  });

  it("warns of prices that change nothing", () => {
    expect(adviceAbout("target.prices", "target.prices", { CX33: 8, ccx23: 80, cx33: 9 })).toEqual([
      "target.prices.CX33: nothing in this stack is billed as CX33, so the price changes nothing; did you mean cx33?",
      "target.prices.ccx23: nothing in this stack is billed as ccx23, so the price changes nothing; remove it, or name one of primary-ipv4, cx33, cpx32",
    ]);
  });

  it("says what browsers say to certificates of the staging authority", () => {
    const [warning] = adviceAbout("target.addons.certManager", "target.protection", false);

    expect(warning).toContain("NET::ERR_CERT_AUTHORITY_INVALID");
    expect(adviceAbout("target.addons.certManager", "target.addons", { certManager: false })).toEqual([]);
    expect(adviceOn(parseSettings(rawSettings("prod"))).join()).not.toContain("certManager");
  });

  it("warns of the CRM's keys three months before they end, and after", () => {
    const soon = new Date(today().getTime() + 30 * 86_400_000).toISOString().slice(0, 10);
    const roomy = withValue(rawSettings("dev"), "postgres", { memoryMib: 2048 });
    const about = (keysUntil: string) =>
      adviceOn(parseSettings(withValue(roomy, "gardenos", { keysUntil }))).filter((each) =>
        each.startsWith("gardenos.keysUntil"),
      );

    expect(about(soon)).toEqual([
      expect.stringMatching(
        /^gardenos.keysUntil: in 3[01] days, on .* the services refuse .*; set a later day/,
      ),
    ]);
    expect(about("2020-01-01")).toEqual([expect.stringContaining("since 2020-01-01 the services refuse")]);
    expect(about("2999-12-31")).toEqual([]);
  });

  it("says what a volume's size applies to", () => {
    expect(notesOn(parseSettings(rawSettings("dev")))).toEqual([]);
    expect(notesOn(on("postgres", { volumeGib: 50 }))).toEqual([
      "volumes: postgres.volumeGib 50 applies to new volumes, because those of local-path cannot grow: docs/runbooks/grow-volumes.md",
    ]);
  });

  it("warns of a secret in clear in the stack's file, without showing it", async () => {
    const raw = { ...rawSettings("dev"), airflow: { slackChannel: "#data" } };
    const warned = async (where: "config" | "secrets") => {
      const { outputs } = await evaluateStack({
        program: () => ({ advice: loadSettings(new pulumi.Config("trellis")).advice }),
        config: { settings: raw, ...(where === "config" && { slackToken: "xoxb-in-clear" }) },
        ...(where === "secrets" && { secrets: { slackToken: "xoxb-hidden" } }),
      });
      return outputs.advice;
    };

    expect(await warned("secrets")).toEqual([]);
    expect(await warned("config")).toEqual([
      "trellis:slackToken: in clear in Pulumi.test.yaml, for everybody who can read the repository; set it with `pulumi config set --secret trellis:slackToken`, and replace it at its issuer if the file was committed",
    ]);
  });
});
