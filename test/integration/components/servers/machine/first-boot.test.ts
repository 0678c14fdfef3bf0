import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type MachinePart, renderCloudInit } from "../../../../../components/servers/machine";
import { tar } from "../../../../../components/shared/tar";
import { SANDBOX_PROGRAMS, SandboxMachine } from "../../../../rigs/machine/sandbox-machine";
import { createAuthority } from "../../../../rigs/pki/certificates";
import { describeWith } from "../../../../rigs/programs";

const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");

describeWith([...SANDBOX_PROGRAMS, "curl", "openssl"], "the first boot of a machine", () => {
  const authority = createAuthority("downloads");
  const program = Buffer.from("#!/bin/sh\necho I am the program\n");
  const archive = gzipSync(
    tar([{ path: "/release/tool", mode: "0755", owner: "root", content: program.toString() }]),
  );
  let downloads: Server;
  let requests: string[];
  let failures: number;
  let machine: SandboxMachine;

  beforeAll(async () => {
    downloads = createServer(
      authority.issue({ addresses: ["127.0.0.1"], usages: ["server"] }),
      (request, response) => {
        requests.push(request.url ?? "");
        if (failures-- > 0) response.writeHead(503).end();
        else response.end(request.url === "/release.tar.gz" ? archive : program);
      },
    );
    await new Promise<void>((resolve) => downloads.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => void downloads.close());
  beforeEach(async () => {
    requests = [];
    failures = 0;
    machine = await SandboxMachine.start();
  });
  afterEach(() => machine.stop());

  const url = (path: string) => `https://127.0.0.1:${(downloads.address() as AddressInfo).port}${path}`; // it listens
  const boot = async (...parts: MachinePart[]) => {
    await machine.cloudInit(
      renderCloudInit([
        { name: "trust", files: [{ path: "/etc/downloads.crt", content: authority.cert }] },
        ...parts,
      ]),
    );
    // The machine of a test trusts the test's own downloads.
    await machine.run("mkdir -p /etc && cat >/etc/downloads.crt", { input: authority.cert });
    return machine.run("/usr/local/lib/trellis/first-boot", {
      environment: { CURL_CA_BUNDLE: "/etc/downloads.crt" },
    });
  };
  const read = (path: string) => readFileSync(machine.pathOf(path), "utf8");

  it("lays files down with their modes and owners before the first setup runs", async () => {
    const { code, output } = await boot({
      name: "example",
      users: ["example"],
      directories: [{ path: "/etc/example", mode: "0700", owner: "example" }],
      files: [
        { path: "/etc/example/secret", content: "s3cret\n", mode: "0600", owner: "example:example" },
        { path: "/etc/example/open", content: "öffentlich\n" },
      ],
      setup: "stat -c '%a %U:%G %n' /etc/example /etc/example/* && cat /etc/example/*",
    });

    expect(output).toContain(
      "700 example:example /etc/example\n644 root:root /etc/example/open\n600 example:example /etc/example/secret\n",
    );
    expect(output).toContain("öffentlich\ns3cret\n");
    expect(output).toMatch(/trellis: ready\n$/);
    expect(code).toBe(0);
  });

  it("runs programs only after their digest was checked, one archive for several of them", async () => {
    const binary = (path: string, member?: string) => ({
      path,
      url: url(member ? "/release.tar.gz" : "/program"),
      sha256: sha256(member ? archive : program),
      ...(member && { member }),
    });
    const { output } = await boot({
      name: "example",
      binaries: [
        binary("/usr/local/bin/plain"),
        binary("/usr/local/bin/one", "release/tool"),
        binary("/usr/local/bin/two", "release/tool"),
      ],
      setup: "plain; one; two",
    });

    expect(output.match(/I am the program/g)).toHaveLength(3);
    expect(requests).toEqual(["/program", "/release.tar.gz"]);
  });

  it("refuses a download that is not the pinned one, and says what it got", async () => {
    const { code, output } = await boot({
      name: "example",
      binaries: [{ path: "/usr/local/bin/plain", url: url("/program"), sha256: "0".repeat(64) }],
      setup: "echo never",
    });

    expect(code).not.toBe(0);
    expect(output).toContain(`its sha256 is ${sha256(program)} and not ${"0".repeat(64)}`);
    expect(output).toContain("FAILED in 'programs'");
    expect(output).not.toContain("never");
    expect(existsSync(machine.pathOf("/usr/local/bin/plain"))).toBe(false);
  });

  it("tries a download again that failed", async () => {
    failures = 1;
    const { code, output } = await boot({
      name: "example",
      binaries: [{ path: "/usr/local/bin/plain", url: url("/program"), sha256: sha256(program) }],
    });

    expect(output).toContain("fetching plain, attempt 2 in 5 seconds");
    expect(code).toBe(0);
  });

  it("stops at the first setup that fails, names it, and goes on from there when run again", async () => {
    const parts: MachinePart[] = [
      { name: "first", setup: "echo first >>/var/log/steps" },
      { name: "second", setup: "echo second >>/var/log/steps\ntest -e /etc/repaired" },
      { name: "third", setup: "echo third >>/var/log/steps" },
    ];
    const broken = await boot(...parts);
    await machine.run("touch /etc/repaired");
    const repaired = await machine.run("/usr/local/lib/trellis/first-boot");

    expect(broken.code).not.toBe(0);
    expect(broken.output).toContain("FAILED in 'second' with exit code 1");
    expect(repaired.output).toMatch(/trellis: ready\n$/);
    expect(read("/var/log/steps")).toBe("first\nsecond\nfirst\nsecond\nthird\n");
  });

  it("does nothing more once it has ended well", async () => {
    const part = { name: "example", setup: "echo once >>/var/log/steps" };
    await boot(part);
    const again = await machine.run("/usr/local/lib/trellis/first-boot");

    expect(again).toMatchObject({ code: 0, output: expect.stringContaining("ready since 2") });
    expect(read("/var/log/steps")).toBe("once\n");
  });

  it("asks apt for nothing where all packages are there", async () => {
    const { code, output } = await boot({ name: "example", packages: ["tar", "dpkg"] });

    expect(output).not.toMatch(/apt|http|again in/);
    expect(code).toBe(0);
  });

  it("keeps the archive with all secrets for root", async () => {
    await boot({ name: "example" });

    expect(statSync(machine.pathOf("/var/lib/trellis/files.tar.gz")).mode & 0o777).toBe(0o600);
  });
});
