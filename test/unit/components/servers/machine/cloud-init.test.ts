import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  baseMachine,
  certificateBundle,
  filesOf,
  type MachinePart,
  renderCloudInit,
  USER_DATA_LIMIT,
} from "../../../../../components/servers/machine";
import { UserError } from "../../../../../components/shared/user-error";
import { filesIn, parseUserData } from "../../../../rigs/machine/user-data";

const part = (overrides: Partial<MachinePart>): MachinePart => ({ name: "example", ...overrides });
const binary = {
  path: "/usr/local/bin/example",
  url: "https://example.com/v1.0%2B1/example.tar.gz",
  sha256: "a".repeat(64),
};

const written = (userData: string) => parseUserData(userData).write_files;
const inside = (userData: string, path: string) => filesIn(userData).get(path);
const firstBoot = (parts: readonly MachinePart[]) =>
  filesOf(parts).find(({ path }) => path === "/usr/local/lib/trellis/first-boot")?.content ?? "";

describe("cloud-init", () => {
  it("has no top-level key but those that cloud-init knows, whose own check lets any pass", () => {
    expect(Object.keys(parse(renderCloudInit([baseMachine()])))).toEqual([
      "ssh_pwauth",
      "disable_root",
      "write_files",
      "runcmd",
    ]);
  });

  it("is the same for the same parts, whenever it is rendered", () => {
    expect(renderCloudInit([baseMachine()])).toBe(renderCloudInit([baseMachine()]));
  });

  it("names the largest files where it is over Hetzner's limit", () => {
    // Noise, which does not compress.
    const noise = fc
      .sample(fc.string({ minLength: 60_000, maxLength: 60_000 }), { numRuns: 1, seed: 7 })
      .join("");
    const parts = [
      part({
        files: [
          { path: "/etc/small", content: "x" },
          { path: "/etc/large", content: noise },
        ],
      }),
    ];

    expect(() => renderCloudInit(parts)).toThrow(UserError);
    expect(() => renderCloudInit(parts)).toThrow(
      new RegExp(`at most ${USER_DATA_LIMIT}.*\\d{5} bytes {2}/etc/large\n.*/etc/small`, "s"),
    );
  });

  it("shows no secret in clear", () => {
    const secret = "very-secret-value";
    const userData = renderCloudInit([
      part({ files: [{ path: "/etc/key", mode: "0600", content: secret }] }),
    ]);

    expect(userData).not.toContain(secret);
    expect(inside(userData, "/etc/key")).toBe(secret);
  });

  it("lays the archive of all files down for root alone", () => {
    expect(written(renderCloudInit([]))).toMatchObject([
      { path: "/var/lib/trellis/files.b94", permissions: "0600" },
    ]);
  });

  it("is packed to the same byte everywhere, or previews on another machine would find all servers outdated", () => {
    const file = { path: "/etc/sample.crt", content: "a sample of text, ".repeat(99), renewable: true };
    const archive = Buffer.from(certificateBundle([part({ files: [file] })]), "base64");

    expect(createHash("sha256").update(archive).digest("hex")).toMatchInlineSnapshot(
      `"1e1a6ea70c41ffb3489c267c417e09777ac0e0038578b12c01f0b61e305fd0fb"`,
    );
  });
});

describe("the first boot", () => {
  it("brings users, packages and programs of all parts before files, and files before the first setup", () => {
    const script = firstBoot([
      part({ name: "one", users: ["one"], setup: "true" }),
      part({ name: "two", packages: ["jq"], binaries: [binary], setup: "true" }),
    ]);

    const steps = [...script.matchAll(/^begin '(.*)'$/gm)].map(([, step]) => step);
    expect(steps).toEqual(["system users", "packages", "programs", "files", "one", "two"]);
  });

  it("names a user or package that two parts want only once", () => {
    const script = firstBoot([
      part({ name: "one", packages: ["jq", "curl"], users: ["same"] }),
      part({ name: "two", packages: ["jq"], users: ["same"] }),
    ]);

    expect(script).toContain("for package in jq curl; do");
    expect(script.match(/useradd .* same$/gm)).toHaveLength(1);
  });

  it("says nothing of steps that there is nothing to do in", () => {
    expect(firstBoot([part({})])).not.toMatch(/system users|packages|'programs'/);
  });

  it.each([
    [
      "an unchecked download",
      { binaries: [{ ...binary, sha256: "" }] },
      /curl -fsSL 'https:.*' \| sha256sum/,
    ],
    ["a download in clear", { binaries: [{ ...binary, url: "http://example.com/x" }] }, /download of/],
    [
      "a quote in an address",
      { binaries: [{ ...binary, url: "https://example.com/'; reboot" }] },
      /download of/,
    ],
    ["a package that is a command", { packages: ["jq; reboot"] }, /package of/],
    ["a user with an upper case", { users: ["Etcd"] }, /user of/],
    ["a relative path", { files: [{ path: "etc/x", content: "" }] }, /path of/],
    ["a path with blanks", { files: [{ path: "/etc/a b", content: "" }] }, /path of/],
    ["an owner with a command", { files: [{ path: "/etc/x", content: "", owner: "root;id" }] }, /owner of/],
    [
      "a file twice",
      {
        files: [
          { path: "/etc/x", content: "" },
          { path: "/etc/x", content: "" },
        ],
      },
      /already/,
    ],
  ])("refuses %s", (_, overrides, message) => {
    expect(() => renderCloudInit([part(overrides)])).toThrow(message);
  });
});

describe("the files of a machine", () => {
  it("are shown to a plan with their setups, in the order of boot", () => {
    const parts = [part({ name: "one", setup: "echo 1" }), part({ name: "two", setup: "echo 2\n" })];

    expect(filesOf(parts).slice(2)).toEqual([
      { path: "/var/lib/trellis/setup/01-one", content: "echo 1\n", mode: "0700" },
      { path: "/var/lib/trellis/setup/02-two", content: "echo 2\n", mode: "0700" },
    ]);
  });

  it("leave lines of comment at home, and nothing else", () => {
    const content = "#!/bin/sh\n# why\n  # indented\n#\necho '#kept' # kept\n#include <kept>\n";
    const [, , file] = filesOf([part({ files: [{ path: "/etc/x", content }] })]);

    expect(file?.content).toBe("#!/bin/sh\necho '#kept' # kept\n#include <kept>\n");
  });

  it("are all in the user data, with their content to the byte", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "\n", "'", "$", "ä", "\\", " "), maxLength: 1500 });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), (texts) => {
        const files = texts.map((content, index) => ({ path: `/etc/file-${index}`, content }));
        const userData = renderCloudInit([part({ files })]);
        for (const { path, content } of files) expect(inside(userData, path)).toBe(content);
      }),
    );
  });

  it("that are renewable, and no others, make the certificate bundle", () => {
    const bundle = gunzipSync(
      Buffer.from(
        certificateBundle([
          part({
            files: [
              { path: "/etc/x/a.crt", content: "a certificate", renewable: true },
              { path: "/etc/x/token", content: "a token" },
            ],
          }),
        ]),
        "base64",
      ),
    ).toString("latin1");

    expect(bundle).toContain("a certificate");
    expect(bundle).not.toContain("a token");
  });
});
