import { afterEach, expect, it } from "vitest";
import { k3sAgentPart } from "../../../../../components/servers/k3s/part";
import { baseMachine, filesOf, type MachineFile } from "../../../../../components/servers/machine";
import { exampleCluster, exampleHost } from "../../../../rigs/kubernetes/k3s-example";
import { BOOT_PROGRAMS, BootedMachine } from "../../../../rigs/machine/booted-machine";
import { describeWith } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

const K3S = "k3s.service";
const GUARD = "trellis-metadata-guard.service";
const FIRST_BOOT = "trellis-first-boot.service";
const RULES = "/etc/trellis/metadata-guard.nft";

const agent = k3sAgentPart({
  host: exampleHost,
  cluster: exampleCluster,
  apiAuthority: "cert\n",
  agentToken: "token",
});
const rendered = filesOf([baseMachine(), agent]);

/** In place of K3s: it says that it is ready, as K3s does, and stays. */
const STARTER: MachineFile = {
  path: "/usr/local/lib/trellis/k3s",
  mode: "0755",
  content: `#!/bin/sh
exec python3 -c 'import os, signal, socket
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
signal.pause()'
`,
};

/** The rendered files, with others in place of those that have the same path. */
function filesWith(...others: readonly MachineFile[]): MachineFile[] {
  return [...rendered.filter(({ path }) => others.every((other) => other.path !== path)), ...others];
}

describeWith([...BOOT_PROGRAMS, "nft", "python3"], "the units of a server, under systemd", () => {
  let machine: BootedMachine | undefined;
  const boot = async (files: readonly MachineFile[], ...units: string[]) => {
    machine = await BootedMachine.start(files, units);
    return machine;
  };
  afterEach(async () => {
    await machine?.stop();
    machine = undefined;
  });
  const active = (of: BootedMachine, unit: string) =>
    eventually(`${unit} runs`, 60_000, () => of.property(unit, "ActiveState") === "active");
  const hasRules = (of: BootedMachine) => of.run("nft", "list", "tables").includes("trellis_metadata");

  it("leave K3s running when the metadata guard is restarted, and load its rules again with K3s", async () => {
    const server = await boot(filesWith(STARTER), GUARD, K3S);
    await active(server, K3S);
    expect(hasRules(server)).toBe(true);
    const process = server.property(K3S, "MainPID");

    server.run("systemctl", "restart", GUARD);
    expect([server.property(K3S, "MainPID"), server.property(K3S, "ActiveState")]).toEqual([
      process,
      "active",
    ]);

    server.run("nft", "flush", "ruleset");
    server.run("systemctl", "restart", K3S);
    expect(server.property(K3S, "MainPID")).not.toBe(process);
    expect(hasRules(server)).toBe(true);
  });

  it("keep K3s from starting while the rules cannot be loaded, and start it by themselves afterwards", async () => {
    const rules = rendered.find(({ path }) => path === RULES)?.content ?? "";
    const server = await boot(filesWith(STARTER, { path: RULES, content: "not a rule\n" }), GUARD, K3S);
    await eventually("K3s was tried twice", 60_000, () => Number(server.property(K3S, "NRestarts")) >= 2);
    expect(server.property(K3S, "ActiveState")).not.toBe("active");
    expect(hasRules(server)).toBe(false);

    server.write(RULES, rules);
    await active(server, K3S);
    expect(hasRules(server)).toBe(true);
    await active(server, GUARD);
  });

  it("call a server starting until its first boot has ended well, also between attempts", async () => {
    const attempts = "/run/attempts";
    const script: MachineFile = {
      path: "/usr/local/lib/trellis/first-boot",
      mode: "0700",
      content: `#!/bin/sh\necho again >>${attempts}\n[ "$(wc -l <${attempts})" -ge 2 ]\n`,
    };
    const server = await boot(filesWith(script), FIRST_BOOT);
    await eventually("the first attempt failed", 60_000, () => server.run("cat", attempts) === "again\n");
    // Between two attempts only the pause is left.
    await eventually("it waits for the next attempt", 60_000, () =>
      server.run("sh", "-c", "ps -e -o comm= || :").includes("sleep"),
    );
    // "initializing" until basic.target, which a server has reached by then and this boot does not have.
    expect(server.state()).toMatch(/^(initializing|starting)$/);

    await eventually("the second attempt ended well", 90_000, () => server.state() === "running");
    expect(server.run("cat", attempts)).toBe("again\nagain\n");
  });

  it("keep rsyslog from copying the journal", async () => {
    const rsyslog: MachineFile = {
      path: "/usr/lib/systemd/system/rsyslog.service",
      content: "[Service]\nExecStart=/bin/sleep infinity\n",
    };
    const server = await boot(filesWith(rsyslog), "rsyslog.service");

    await eventually("the boot has ended", 60_000, () => server.state() === "running");
    expect([
      server.property("rsyslog.service", "LoadState"),
      server.property("rsyslog.service", "ActiveState"),
    ]).toEqual(["masked", "inactive"]);
  });
});
