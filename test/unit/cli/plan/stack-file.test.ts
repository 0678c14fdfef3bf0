import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readProject, readStack, stackConfig } from "../../../../cli/plan/stack-file";
import { UserError } from "../../../../components/shared/user-error";

function projectWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "trellis-stack-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

describe("the settings of a stack", () => {
  it("belong to the project when their key has no namespace", () => {
    const { config } = stackConfig("trellis", {
      domain: "a.example",
      "hcloud:endpoint": "x",
      "k8s:config:y": "z",
    });

    expect(config).toEqual({ "trellis:domain": "a.example", "hcloud:endpoint": "x", "k8s:y": "z" });
  });

  it("reach the program as the CLI hands them over: texts, and JSON for what has structure", () => {
    const { config, secretKeys } = stackConfig("t", {
      n: 3,
      yes: true,
      list: [1, "a"],
      map: { a: { b: null } },
      nothing: null,
    });

    expect(config).toEqual({ "t:n": "3", "t:yes": "true", "t:list": '[1,"a"]', "t:map": '{"a":{"b":null}}' });
    expect(secretKeys).toEqual([]);
  });

  it("are placeholders where they are encrypted, at the top and inside, and the key counts as secret", () => {
    const { config, secretKeys } = stackConfig("t", {
      token: { secure: "v1:abc" },
      map: { user: "u", keys: [{ secure: "v1:def" }] },
      open: { secure: "v1:ghi", and: "more" },
    });

    expect(config["t:token"]).toBe("<secret:t:token>");
    expect(config["t:map"]).toBe('{"user":"u","keys":["<secret:t:map.keys[0]>"]}');
    expect(config["t:open"]).toBe('{"secure":"v1:ghi","and":"more"}'); // not the form of an encrypted value
    expect(secretKeys).toEqual(["t:token", "t:map"]);
  });

  it("come from the stack's own file, or from the one that is named", () => {
    const folder = projectWith({ "Pulumi.dev.yaml": "config:\n  a: 1\n", "other.yaml": "config:\n  a: 2\n" });

    expect(readStack(folder, "t", "dev").config).toEqual({ "t:a": "1" });
    expect(readStack(folder, "t", "dev", "other.yaml").config).toEqual({ "t:a": "2" });
  });

  it.each([
    ["a file that is no YAML", "config:\n  a: [b\n", /Pulumi\.dev\.yaml is not valid YAML: .*line/],
    [
      "a config that is no mapping",
      "config: text\n",
      /config: expected a mapping of keys to values, given "text"/,
    ],
    ["a file that is no mapping", "- a\n", /expected a mapping of keys to values/],
    ["a key with too many colons", "config:\n  a:b:c:d: 1\n", /"a:b:c:d" is not a valid key/],
  ])("refuse %s", (_, text, message) => {
    const read = () => readStack(projectWith({ "Pulumi.dev.yaml": text }), "t", "dev");

    expect(read).toThrow(UserError);
    expect(read).toThrow(message);
  });

  it("name the stacks that there are when one does not exist", () => {
    const folder = projectWith({ "Pulumi.yaml": "", "Pulumi.prod.yaml": "", "Pulumi.dev.yaml": "" });

    expect(() => readStack(folder, "t", "test")).toThrow(/no stack test: .*; existing stacks: dev, prod$/);
    expect(() => readStack(projectWith({}), "t", "test")).toThrow(/no stack exists yet$/);
  });
});

describe("a project", () => {
  it("has its entry where Pulumi.yaml says, or at index.ts", () => {
    const folder = projectWith({ "Pulumi.yaml": "name: p\n" });
    const elsewhere = projectWith({ "Pulumi.yaml": "name: p\nmain: src/main.ts\n" });

    expect(readProject(folder)).toEqual({ name: "p", main: join(folder, "index.ts") });
    expect(readProject(elsewhere).main).toBe(join(elsewhere, "src/main.ts"));
  });

  it("is missed where there is none", () => {
    expect(() => readProject(projectWith({}))).toThrow(/no Pulumi project in/);
  });
});
