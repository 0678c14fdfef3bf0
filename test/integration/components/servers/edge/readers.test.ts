import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  type HaproxyArgs,
  haproxyConfig,
  haproxyPart,
  type KeepalivedArgs,
  keepalivedConfig,
  keepalivedPart,
} from "../../../../../components/servers/edge";
import type { MachinePart } from "../../../../../components/servers/machine";
import { createAuthority } from "../../../../rigs/pki/certificates";
import { describeWith, program } from "../../../../rigs/programs";

const SERVERS = [11, 12, 13].map((host) => ({
  name: `ubuntu-8gb-hil-${host - 10}`,
  address: `127.0.0.${host}`,
}));
const server = { name: "ubuntu-8gb-hil-1", address: "127.0.0.11", memoryGb: 8, number: 1 };

const haproxyArgs: HaproxyArgs = { server, servers: SERVERS, apiServers: SERVERS, postgres: { members: 3 } };

describeWith(["haproxy", "openssl"], "haproxy.cfg, judged by HAProxy", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "trellis-edge-"));
    writeFileSync(join(folder, "patroni-ca.pem"), createAuthority("patroni").cert);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const many = Array.from({ length: 100 }, (_, index) => ({
    name: `ubuntu-8gb-hil-${index + 1}`,
    address: `10.0.5.${index + 10}`,
  }));
  const { postgres: _, ...withoutPostgres } = haproxyArgs;

  it.each<[string, HaproxyArgs]>([
    ["with a floating IP or DNS", haproxyArgs],
    ["without PostgreSQL", withoutPostgres],
    ["behind a load balancer", { ...haproxyArgs, loadBalancer: ["10.0.0.2", "10.0.1.0/24"] }],
    [
      "on a lone server",
      { ...haproxyArgs, servers: [server], apiServers: [server], postgres: { members: 1 } },
    ],
    ["on the first of a hundred servers", { ...haproxyArgs, servers: many, apiServers: many.slice(0, 3) }],
    ["with every address given", { ...haproxyArgs, bind: { front: "127.0.0.11", inside: "127.0.0.11" } }],
    ["with Patroni's authority", { ...haproxyArgs, postgres: { members: 3, certificateAuthority: "PEM" } }],
  ])("is accepted without a warning: %s", (_, args) => {
    const file = join(folder, "haproxy.cfg");
    writeFileSync(file, haproxyConfig({ ...args, configurationDirectory: folder }));

    const { status, stdout, stderr } = spawnSync(program("haproxy"), ["-c", "-f", file], {
      encoding: "utf8",
    });

    const warnings = stderr.split("\n").filter((line) => !line.startsWith("[NOTICE]"));
    expect({ status, warnings: warnings.join("\n") }).toEqual({ status: 0, warnings: "" });
    expect(stdout).toContain("valid");
  });
});

const keepalivedArgs: KeepalivedArgs = {
  server: { ...server, address: "10.255.77.11" },
  servers: [11, 12, 13].map((host) => ({
    name: `ubuntu-8gb-hil-${host - 10}`,
    address: `10.255.77.${host}`,
  })),
  virtualRouterId: 51,
  floatingIp: { id: "4711", address: "203.0.113.7" },
  token: "token",
};

const isRoot = process.getuid?.() === 0;

describeWith(["keepalived", "ip", "nsenter"], "keepalived.conf, judged by keepalived", () => {
  const namespace = `trellis-edge-${process.pid}`;
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "trellis-edge-"));
    if (!isRoot) return;
    execFileSync(program("ip"), ["netns", "add", namespace]);
    execFileSync(program("ip"), [
      "-n",
      namespace,
      "link",
      "add",
      "private",
      "type",
      "veth",
      "peer",
      "name",
      "other",
    ]);
    execFileSync(program("ip"), ["-n", namespace, "address", "add", "10.255.77.11/24", "dev", "private"]);
  });
  afterAll(() => {
    if (isRoot) execFileSync(program("ip"), ["netns", "delete", namespace]);
    rmSync(folder, { recursive: true, force: true });
  });

  function judge(configuration: string) {
    const file = join(folder, "keepalived.conf");
    writeFileSync(file, configuration);
    // keepalived tells its whole process group of its end: it gets one of its own.
    const { status, stderr } = spawnSync(
      program("nsenter"),
      [`--net=/run/netns/${namespace}`, program("setsid"), "--wait", program("keepalived"), "-t", "-f", file],
      { encoding: "utf8" },
    );
    return { status, complaints: stderr };
  }

  /**
   * What the machine's own script and files make of the template. The judge's scripts are /bin/true, and its script
   * user is root: the test mode of keepalived 2.2.7 ends itself by a signal, before its last checks, where a script
   * belongs to another user.
   */
  const filled = (args: KeepalivedArgs) =>
    keepalivedConfig(args)
      .replace("@INTERFACE@", "private")
      .replace("script_user keepalived_script", "script_user root")
      .replace(/"\/usr\/local\/[^"]*"/g, '"/bin/true"');

  it.runIf(isRoot)("is accepted without a complaint (needs root)", () => {
    expect(judge(filled(keepalivedArgs))).toEqual({ status: 0, complaints: "" });
  });

  it.runIf(isRoot)("is accepted for a lone server too (needs root)", () => {
    expect(judge(filled({ ...keepalivedArgs, servers: [keepalivedArgs.server] }))).toEqual({
      status: 0,
      complaints: "",
    });
  });

  it.runIf(isRoot)("is judged by one that does refuse (needs root)", () => {
    expect(
      judge(filled(keepalivedArgs).replace("virtual_router_id 51", "virtual_router_id 300")).status,
    ).not.toBe(0);
  });
});

describeWith(["systemd-analyze", "haproxy", "keepalived"], "the edge's units, judged by systemd", () => {
  const settings = [haproxyPart(haproxyArgs), keepalivedPart(keepalivedArgs)].flatMap(({ files = [] }) =>
    files.filter(({ path }) => path.startsWith("/etc/systemd/system/")),
  );

  it.each(settings)("are accepted on top of the package's own: $path", ({ path, content }) => {
    const folder = mkdtempSync(join(tmpdir(), "trellis-edge-"));
    try {
      const [unit = ""] = /\w+\.service/.exec(path) ?? [];
      mkdirSync(join(folder, `${unit}.d`));
      cpSync(join("/lib/systemd/system", unit), join(folder, unit));
      // What it starts first lies on machines alone.
      writeFileSync(
        join(folder, `${unit}.d`, "trellis.conf"),
        content.replace(/\/usr\/local\/.*/, "/bin/true"),
      );

      const { status, stderr } = spawnSync(program("systemd-analyze"), ["verify", "--man=no", unit], {
        encoding: "utf8",
        env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` },
      });

      const complaints = stderr
        .split("\n")
        .filter((line) => line.includes(unit) || line.includes("trellis.conf"));
      expect({ status, complaints }).toEqual({ status: 0, complaints: [] });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("are all seen by this test", () => {
    expect(settings.length).toBe(2);
  });
});

describeWith(["shellcheck", "bash"], "the edge's scripts", () => {
  const parts: MachinePart[] = [haproxyPart(haproxyArgs), keepalivedPart(keepalivedArgs)];
  const scripts = parts.flatMap(({ name, files = [], setup }) => [
    ...files
      .filter(({ content }) => content.startsWith("#!"))
      .map(({ path, content }) => ({ path, content })),
    ...(setup ? [{ path: `${name}'s setup`, content: `#!/bin/sh\nset -eu\n${setup}` }] : []),
  ]);

  it.each(scripts)("pass shellcheck and their shell's own parser: $path", ({ content }) => {
    const shell = content.startsWith("#!/bin/bash") ? "bash" : "sh";

    const check = spawnSync(program("shellcheck"), ["-"], { input: content, encoding: "utf8" });
    expect(check.stdout).toBe("");
    expect(spawnSync(program(shell), ["-n"], { input: content }).status).toBe(0);
  });

  it("are all seen by this test", () => {
    expect(scripts.length).toBe(5);
  });
});
