import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { k3sAgentPart, k3sServerPart } from "../../../../../components/servers/k3s/part";
import {
  baseMachine,
  filesOf,
  type MachinePart,
  renderCloudInit,
} from "../../../../../components/servers/machine";
import { firstBootScript } from "../../../../../components/servers/machine/first-boot";
import { exampleCluster, exampleHost, exampleServer } from "../../../../rigs/kubernetes/k3s-example";
import { SANDBOX_PROGRAMS, SandboxMachine } from "../../../../rigs/machine/sandbox-machine";
import { describeWith, program } from "../../../../rigs/programs";

const server = [baseMachine(), k3sServerPart(exampleServer)];
const agent = [
  baseMachine(),
  k3sAgentPart({ host: exampleHost, cluster: exampleCluster, apiAuthority: "cert\n", agentToken: "token" }),
];

/** Scripts as they were written, comments and all: what a person reads and shellcheck's directives stand in. */
const scriptsOf = (parts: readonly MachinePart[]) => [
  { name: "first-boot", content: firstBootScript(parts) },
  ...parts.flatMap(({ name, setup }) =>
    setup === undefined ? [] : [{ name: `setup of ${name}`, content: `#!/bin/sh\n${setup}` }],
  ),
  ...parts
    .flatMap(({ files = [] }) => files)
    .filter(({ content }) => content.startsWith("#!/bin/sh"))
    .map(({ path, content }) => ({ name: path, content })),
];

describeWith(["shellcheck"], "every script of a machine, to shellcheck", () => {
  it.each(scriptsOf(server))("is sound: $name", ({ content }) => {
    expect(
      execFileSync(program("shellcheck"), ["--shell=sh", "-"], { input: content, encoding: "utf8" }),
    ).toBe("");
  });
});

describeWith(["sh"], "every script of a machine, as it travels", () => {
  const travelled = [...filesOf(server), ...filesOf(agent)].filter(
    ({ path, content }) => content.startsWith("#!/bin/sh") || path.startsWith("/var/lib/trellis/setup/"),
  );

  it.each(travelled)("is still a script without its comments: $path", ({ content }) => {
    execFileSync("sh", ["-n"], { input: content });
  });
});

describeWith(
  [...SANDBOX_PROGRAMS, "systemd-analyze", "nft", "sysctl", "apt-config"],
  "the files of a machine, to their readers",
  () => {
    let machine: SandboxMachine;
    beforeAll(async () => {
      machine = await SandboxMachine.start();
      // Laid down by the real first boot; what starts programs is judged elsewhere.
      const laidDown = server.map(({ setup: _, packages: __, binaries: ___, ...part }) => part);
      await machine.cloudInit(renderCloudInit(laidDown));
      expect(await machine.run("/usr/local/lib/trellis/first-boot")).toMatchObject({ code: 0 });
    });
    afterAll(() => machine.stop());

    it.each(["k3s", "trellis-metadata-guard", "trellis-first-boot"])(
      "is a unit that systemd takes: %s",
      async (unit) => {
        expect(
          await machine.run(`systemd-analyze verify --man=no /etc/systemd/system/${unit}.service`),
        ).toEqual({
          code: 0,
          output: "",
        });
      },
    );

    it("enables the first boot for every boot until it has ended well", async () => {
      expect((await machine.run("systemctl is-enabled trellis-first-boot.service")).output).toBe("enabled\n");
    });

    it("are rules that nftables takes", async () => {
      expect(await machine.run("nft --check --file /etc/trellis/metadata-guard.nft")).toEqual({
        code: 0,
        output: "",
      });
    });

    it.each(["60-trellis", "70-kubelet"])("are kernel settings that sysctl knows: %s", async (name) => {
      const { code, output } = await machine.run(`sysctl --dry-run --load=/etc/sysctl.d/${name}.conf`);

      expect(code, output).toBe(0);
    });

    it("make apt upgrade what is a matter of security, and never restart by itself", async () => {
      const { output } = await machine.run("apt-config dump");

      expect(output).toContain('APT::Periodic::Unattended-Upgrade "1";');
      expect(output).toContain('Unattended-Upgrade::Automatic-Reboot "false";');
      expect(output).toContain('DPkg::Options:: "--force-confold";');
    });

    it("leave nothing secret for others to read", async () => {
      const { output } = await machine.run(
        "grep -rlE 'key of|the-server-token|the-agent-token' /etc/rancher /etc/systemd /usr/local/lib /var/lib/rancher /var/lib/trellis | xargs stat -c '%a %n' | grep -v '^600'",
      );
      expect(output).toBe("");
    });
  },
);
