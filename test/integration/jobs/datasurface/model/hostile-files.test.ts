import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadModel } from "../../../../../jobs/datasurface/model";
import { JobError } from "../../../../../jobs/shared";

const SECRET = "hunter2-in-another-file";

let folder: string;
const model = () => join(folder, "model.yaml");
const refusal = (): string => {
  try {
    loadModel(folder);
  } catch (error) {
    expect(error).toBeInstanceOf(JobError);
    return (error as JobError).message;
  }
  throw new Error("the model was taken");
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trellis-model-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const exampleInto = (place: string) => {
  for (const name of ["model.yaml", "dsg_platform_mapping.json"]) {
    copyFileSync(join("examples/model", name), join(place, name));
  }
};

describe("a model that is not a file", () => {
  it.each(["/proc/self/environ", "/etc/passwd", "/nowhere", "other.yaml"])(
    "is refused as a link: %s",
    (target) => {
      writeFileSync(join(folder, "other.yaml"), SECRET);
      symlinkSync(target, model());
      expect(refusal()).toMatch(/model\.yaml is a symbolic link/);
    },
  );

  it("is refused as a link beside a good one: the assignments", () => {
    exampleInto(folder);
    rmSync(join(folder, "dsg_platform_mapping.json"));
    symlinkSync("/proc/self/environ", join(folder, "dsg_platform_mapping.json"));
    expect(refusal()).toMatch(/dsg_platform_mapping\.json is a symbolic link/);
  });

  it("is taken as kubelet mounts a ConfigMap, and only within the mounted folder", () => {
    const version = join(folder, "..2026_11_28_10_00_00.123");
    mkdirSync(version);
    exampleInto(version);
    symlinkSync("..2026_11_28_10_00_00.123", join(folder, "..data"));
    for (const name of ["model.yaml", "dsg_platform_mapping.json"]) {
      symlinkSync(join("..data", name), join(folder, name));
    }
    expect(loadModel(folder).ecosystem.ecosystem).toBe("Test");

    rmSync(join(version, "model.yaml"));
    symlinkSync("/proc/self/environ", join(version, "model.yaml"));
    expect(refusal()).toMatch(/is a symbolic link/);

    const outside = `${folder}-outside`;
    renameSync(version, outside);
    try {
      rmSync(join(folder, "..data"));
      symlinkSync(outside, join(folder, "..data"));
      expect(refusal()).toMatch(/is a symbolic link/);
    } finally {
      rmSync(outside, { recursive: true });
    }
  });

  it("is refused as a folder and as a pipe, without waiting for who writes into it", () => {
    mkdirSync(model());
    expect(refusal()).toMatch(/is not a regular file/);
    rmSync(model(), { recursive: true });
    execFileSync("mkfifo", [model()]);
    expect(refusal()).toMatch(/is not a regular file/);
  });

  it("is refused beyond a megabyte, before it is read whole", () => {
    writeFileSync(model(), "");
    truncateSync(model(), 2 ** 40); // a hole: it takes no room
    expect(refusal()).toMatch(/too large; allowed: 1048576 bytes/);
  });
});

describe("a file that is no model", () => {
  const OTHERS: readonly (readonly [string, string])[] = [
    ["an environment", `HOME=/root\0TOKEN=${SECRET}\0`],
    ["one line", SECRET],
    ["YAML of something else", `password: ${SECRET}\n${SECRET}: 1\n`],
    ["a key twice", `? ${SECRET}\n? ${SECRET}\n`],
    ["an unknown alias", `a: *${SECRET}\n`],
    ["an unknown tag", `a: !${SECRET} x\nb: [`],
    ["an unclosed quote", `a: "${SECRET}\n`],
    ["a tab for an indent", `a:\n\t${SECRET}: 1\n  b: 2\n`],
    ["two documents", `a: 1\n---\n${SECRET}\n`],
    ["a list", `- ${SECRET}\n`],
    ["a private key", `-----BEGIN KEY-----\n${SECRET}\n-----END KEY-----\n`],
  ];
  it.each(OTHERS)("is quoted in no error: %s", (_, text) => {
    writeFileSync(model(), text);
    const said = refusal();
    expect(said).not.toContain(SECRET);
    expect(said).toContain("model.yaml");

    exampleInto(folder);
    writeFileSync(join(folder, "dsg_platform_mapping.json"), text);
    const assigned = refusal();
    expect(assigned).not.toContain(SECRET);
    expect(assigned).toContain("dsg_platform_mapping.json");
  });

  it("names the place of what cannot be parsed", () => {
    writeFileSync(model(), "ecosystem: A\nstores:\n  - [\n");
    expect(refusal()).toMatch(/not readable as YAML: line \d+, column \d+/);
    writeFileSync(model(), "ecosystem: A\necosystem: B\n");
    expect(refusal()).toMatch(/line 2, column 1: a key occurs twice/);
  });
});

describe("a model that was made to be slow", () => {
  const MOST = 2 ** 20;
  const filled = (text: string) => text.repeat(Math.floor(MOST / text.length));
  const counted = (line: (index: number) => string) => {
    const lines: string[] = [];
    for (let length = 0; ; ) {
      const next = line(lines.length);
      length += next.length;
      if (length > MOST) return lines.join("");
      lines.push(next);
    }
  };
  const SLOW: readonly (readonly [string, string])[] = [
    ["keys", counted((index) => `k${index}: 1\n`)],
    ["keys in one line", `{${counted((index) => `k${index},`).slice(2)}}`],
    ["brackets", filled("[")],
    ["brackets too many", filled("]\n")],
    ["hyphens", filled("- ")],
    ["numbers", `stores: [${filled("1,").slice(20)}]`],
    ["comments", filled("#\n")],
    ["anchors", counted((index) => `- &a${index} x\n`)],
    ["aliases", `- &a x\n${filled("- *a\n").slice(10)}`],
    [
      "aliases of aliases",
      `a: &a [x, x, x, x, x, x, x, x, x]\n${[..."bcdefghi"]
        .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefghi"[index]}`).join(", ")}]\n`)
        .join("")}`,
    ],
  ];
  it.each(SLOW)("is refused within seconds: %s", (_, text) => {
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MOST);
    writeFileSync(model(), text);
    const before = process.cpuUsage();
    expect(refusal().length).toBeLessThan(20_000);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e6).toBeLessThan(20);
  });
});
