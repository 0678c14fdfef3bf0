import { generateKeyPairSync } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { pack, unpack } from "../../../../cli/configuration/archive";
import { configurationFlags } from "../../../../cli/configuration/flags";
import { publicHalf } from "../../../../cli/configuration/public-half";
import { UsageError } from "../../../../cli/shared/usage-error";
import { UserError } from "../../../../components/shared/user-error";
import { opensshKeyPair } from "../../../rigs/engine/stand-ins/openssh";

describe("the command line of a configuration's backup", () => {
  it("saves a stack or opens a file", () => {
    expect(configurationFlags({ words: [], flags: { stack: "prod" } })).toEqual({
      stack: "prod",
      cwd: process.cwd(),
    });
    const saving = { stack: "prod", out: "o", recipient: "r", cwd: "c" };
    expect(configurationFlags({ words: [], flags: saving })).toEqual(saving);
    const opening = { open: "f", identity: "k", into: "d" };
    expect(configurationFlags({ words: [], flags: opening })).toEqual(opening);
  });

  it.each([
    [{ stack: "../etc" }, /is not a valid stack name/],
    [{ stack: "prod", into: "d" }, /need --open/],
    [{ open: "f", into: "d" }, /needs --identity/],
    [{ open: "f", identity: "k", into: "d", stack: "prod", out: "o" }, /combined with --stack, --out/],
  ])("is refused when it is %j", (flags, message) => {
    expect(() => configurationFlags({ words: [], flags })).toThrow(UsageError);
    expect(() => configurationFlags({ words: [], flags })).toThrow(message);
  });
});

describe("the archive of a configuration", () => {
  const files = new Map([
    ["state.json", `{"ü": "${"x".repeat(512)}"}`],
    ["Pulumi.prod.yaml", ""],
  ]);
  const circumstances = {
    stack: "prod",
    time: "2026-11-21T12:00:00.000Z",
    commit: null,
    dirty: false,
    pulumi: "v3",
  };
  const archive = gunzipSync(pack(files, circumstances));

  it("gives back what went in, and what it was", () => {
    const { manifest, files: back } = unpack(gzipSync(archive));
    expect(manifest).toMatchObject(circumstances);
    expect([...back].slice(1)).toEqual([...files]);
  });

  it("is refused where a file is changed, missing, surplus or cut", () => {
    const changed = Buffer.from(archive);
    changed.write("y", archive.indexOf("xxx"));
    const renamed = Buffer.from(archive);
    renamed.write("Z", archive.lastIndexOf("Pulumi.prod.yaml"));
    for (const [damaged, message] of [
      [changed, /state\.json does not match the checksum/],
      [renamed, /Pulumi\.prod\.yaml does not match/],
      [archive.subarray(0, archive.indexOf("xxx")), /truncated in state\.json/],
    ] as const) {
      expect(() => unpack(gzipSync(damaged))).toThrow(UserError);
      expect(() => unpack(gzipSync(damaged))).toThrow(message);
    }
    expect(() => unpack(archive)).toThrow(UserError);
  });
});

describe("the public half of a private key", () => {
  it("is the one that it was made with", () => {
    const { privateKeyOpenssh, publicKeyOpenssh } = opensshKeyPair(generateKeyPairSync("ed25519").privateKey);
    expect(publicHalf(privateKeyOpenssh)).toBe(publicKeyOpenssh.trim());
  });

  it("is not guessed from something else", () => {
    expect(() => publicHalf("AGE-SECRET-KEY-1")).toThrow(UserError);
  });
});
