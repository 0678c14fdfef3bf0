import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chooseStack } from "../../../../cli/shared/stack-choice";
import { UsageError } from "../../../../cli/shared/usage-error";

describe("the stack of a command", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-choice-"));
  const [cwd, home] = [join(folder, "project"), join(folder, "home")];
  const none = { PULUMI_HOME: join(folder, "nothing") };
  beforeAll(() => {
    mkdirSync(cwd);
    mkdirSync(join(home, "workspaces"), { recursive: true });
    for (const name of ["Pulumi.dev.yaml", "Pulumi.prod.yaml"]) writeFileSync(join(cwd, name), "");
    writeFileSync(join(cwd, "Pulumi.yaml"), "name: trellis\n");
    const digest = createHash("sha1").update(join(cwd, "Pulumi.yaml")).digest("hex");
    const selected = { stack: "organization/trellis/selected" };
    writeFileSync(join(home, "workspaces", `trellis-${digest}-workspace.json`), JSON.stringify(selected));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is the given one, or that of PULUMI_STACK, or the selected one", () => {
    const environment = { PULUMI_STACK: "of-variable", PULUMI_HOME: home };
    expect(chooseStack({ cwd, words: ["word"], environment })).toBe("word");
    expect(chooseStack({ cwd, flag: "flag", environment })).toBe("flag");
    expect(chooseStack({ cwd, words: ["same"], flag: "same", environment })).toBe("same");
    expect(chooseStack({ cwd, environment })).toBe("of-variable");
    expect(chooseStack({ cwd, environment: { PULUMI_HOME: home } })).toBe("selected");
  });

  it.each([
    [[], undefined, "no stack given: name it by --stack or PULUMI_STACK; here are: dev, prod"],
    [["dev"], "prod", "only one stack at a time; given: dev and --stack prod"],
    [["dev", "prod"], undefined, "only one stack at a time; given also: prod"],
    [["../etc"], undefined, "is not a valid stack name"],
    [[".."], undefined, "is not a valid stack name"],
  ])("is not guessed from %j and --stack %s", (words, flag, message) => {
    const choose = () => chooseStack({ cwd, words, flag, environment: none });
    expect(choose).toThrow(UsageError);
    expect(choose).toThrow(message);
  });

  it("cannot be told in a folder without stacks", () => {
    expect(() => chooseStack({ cwd: folder, environment: none })).toThrow("has no file Pulumi.<stack>.yaml");
  });
});
