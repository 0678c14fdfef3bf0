import type { ChildProcess } from "node:child_process";
import { execFileSync } from "node:child_process";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { haproxyPart, keepalivedPart } from "../../../../../components/servers/edge";
import { baseMachine } from "../../../../../components/servers/machine";
import { type HcloudApi, startHcloudApi } from "../../../../rigs/hetzner/hcloud-api";
import { MACHINE_PROGRAMS, mayMakeMachines, StandInMachine } from "../../../../rigs/machine/stand-in-machine";
import { describeWith, program } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

/** One server of the election: a network namespace, with the real programs from the rendered files. */
interface Elector {
  readonly id: number;
  readonly name: string;
  readonly machine: StandInMachine;
  haproxy: ChildProcess;
  keepalived: ChildProcess;
}

const FLOATING_IP = 4711;
const VIRTUAL_ADDRESS = "203.0.113.7";
/** Where the test itself stands on the electors' bridge, as the API and as the metadata service. */
const GATE = "10.255.78.1";
const METADATA_PORT = 8169;
const RUN = `tre${process.pid % 100_000}`;

const ELECTORS = [1, 2, 3].map((number) => ({
  id: 100 + number,
  number,
  name: `ubuntu-8gb-hil-${number}`,
  address: `10.255.78.${10 + number}`,
  namespace: `${RUN}-${number}`,
}));

const PROGRAMS = ["haproxy", "keepalived", "curl", "jq", "flock", ...MACHINE_PROGRAMS];

describeWith(PROGRAMS, "the election of the floating IP's holder", () => {
  let api: HcloudApi;
  let metadata: Server;
  const electors: Elector[] = [];
  const ip = (...args: string[]) => execFileSync(program("ip"), args, { encoding: "utf8" });

  beforeAll(async () => {
    if (!mayMakeMachines) return;
    connect();
    api = await startHcloudApi({
      servers: ELECTORS.map(({ id, name }) => ({ id, name })),
      floatingIps: [{ id: FLOATING_IP, name: "edge", ip: VIRTUAL_ADDRESS, server: null }],
      address: GATE,
    });
    metadata = createServer((request, response) => {
      const asking = ELECTORS.find(({ address }) => request.socket.remoteAddress === address);
      response.end(`${asking?.id}`);
    });
    await new Promise<void>((resolve) => metadata.listen(METADATA_PORT, GATE, resolve));
    for (const elector of ELECTORS) electors.push(await start(elector));
  });

  afterAll(async () => {
    if (!mayMakeMachines) return;
    await Promise.all(electors.map(({ machine }) => machine.stop()));
    await api?.stop();
    metadata?.close();
    for (const { namespace } of ELECTORS) ip("netns", "delete", namespace);
    ip("link", "delete", RUN);
  });

  /** A bridge, and a namespace with one leg on it for each elector. */
  function connect(): void {
    ip("link", "add", RUN, "type", "bridge");
    ip("address", "add", `${GATE}/24`, "dev", RUN);
    ip("link", "set", RUN, "up");
    for (const { namespace, address } of ELECTORS) {
      ip("netns", "add", namespace);
      ip("link", "add", namespace, "type", "veth", "peer", "name", "private", "netns", namespace);
      ip("link", "set", namespace, "master", RUN, "up");
      ip("-n", namespace, "address", "add", `${address}/24`, "dev", "private");
      ip("-n", namespace, "link", "set", "private", "up");
      ip("-n", namespace, "link", "set", "lo", "up");
    }
  }

  async function start({
    id,
    number,
    name,
    address,
    namespace,
  }: (typeof ELECTORS)[number]): Promise<Elector> {
    const server = { name, address, number, memoryGb: 1 };
    const parts = [
      baseMachine(),
      haproxyPart({ server, servers: ELECTORS, apiServers: ELECTORS }),
      keepalivedPart({
        server,
        servers: ELECTORS,
        virtualRouterId: 51,
        floatingIp: { id: String(FLOATING_IP), address: VIRTUAL_ADDRESS },
        token: api.token,
        api: api.endpoint,
        metadata: `http://${GATE}:${METADATA_PORT}`,
      }),
    ];
    const machine = await StandInMachine.start(parts, namespace);
    machine.run("mkdir", ["/run/haproxy"]);
    machine.run("/usr/local/lib/trellis/configure-keepalived", []);
    const haproxy = startHaproxy(machine);
    return { id, name, machine, haproxy, keepalived: startKeepalived(machine) };
  }

  const startHaproxy = (machine: StandInMachine) =>
    machine.start(program("haproxy"), ["-W", "-f", "/etc/haproxy/haproxy.cfg"]);
  const startKeepalived = (machine: StandInMachine) =>
    machine.start(program("keepalived"), ["--dont-fork", "--log-console"]);

  const hasAddress = ({ machine }: Elector) =>
    machine.run("ip", ["-o", "address", "show", "dev", "lo"]).includes(`${VIRTUAL_ADDRESS}/32`);
  const holdersOfTheAddress = (among: readonly Elector[]) => among.filter(hasAddress).map(({ name }) => name);
  const holder = () => electors.find(({ id }) => id === api.holder(FLOATING_IP));

  function master(): Elector {
    const found = holder();
    if (!found) throw new Error("the floating IP points at nobody");
    return found;
  }

  /** Seconds until the API has moved the floating IP to somebody else, who has the address too. */
  async function secondsToAnother(than: Elector, what: string): Promise<number> {
    const start = performance.now();
    await eventually("another server holds the floating IP", 60_000, () => holder() !== than);
    const seconds = (performance.now() - start) / 1000;
    console.log(
      `${what}: the floating IP moved from ${than.name} to ${master().name} after ${seconds.toFixed(1)} s`,
    );
    expect(hasAddress(master())).toBe(true);
    return seconds;
  }

  it("gives the address to exactly one of three", async (context) => {
    if (!mayMakeMachines) context.skip("needs root");
    await eventually("somebody holds the floating IP", 60_000, () => holder() !== undefined);

    expect(holdersOfTheAddress(electors)).toEqual([master().name]);
  });

  it("moves it when the holder's HAProxy dies, and leaves it there when that comes back", async (context) => {
    if (!mayMakeMachines) context.skip("needs root");
    const former = master();
    await StandInMachine.kill(former.haproxy);

    expect(await secondsToAnother(former, "HAProxy killed")).toBeLessThan(60);
    await eventually("the former holder has put the address down", 30_000, () => !hasAddress(former));

    const now = master();
    former.haproxy = startHaproxy(former.machine);
    await eventually("the former holder is healthy again", 30_000, () => answers(former));
    await elections(3);
    expect(master()).toBe(now);
    expect(holdersOfTheAddress(electors)).toEqual([now.name]);
  });

  it("moves it when the holder's HAProxy hangs with its ports open", async (context) => {
    if (!mayMakeMachines) context.skip("needs root");
    const former = master();
    if (former.haproxy.pid === undefined) throw new Error("HAProxy runs");
    process.kill(-former.haproxy.pid, "SIGSTOP");

    expect(await secondsToAnother(former, "HAProxy frozen")).toBeLessThan(60);

    process.kill(-former.haproxy.pid, "SIGCONT");
    await eventually("the former holder is healthy again", 30_000, () => answers(former));
  });

  it("moves it when the holder's keepalived is killed, script and all", async (context) => {
    if (!mayMakeMachines) context.skip("needs root");
    const former = master();
    await StandInMachine.kill(former.keepalived);

    expect(await secondsToAnother(former, "keepalived killed")).toBeLessThan(60);

    former.keepalived = startKeepalived(former.machine);
    await eventually("the former holder has put the address down", 30_000, () => !hasAddress(former));
    expect(holdersOfTheAddress(electors)).toEqual([master().name]);
  });

  it("moves it all the same while the API stumbles", async (context) => {
    if (!mayMakeMachines) context.skip("needs root");
    const former = master();
    api.misbehave({ kind: "server error" });
    api.misbehave({ kind: "rate limited", resetsInSeconds: 2 });
    api.misbehave({ kind: "locked" });
    await StandInMachine.kill(former.keepalived);

    expect(await secondsToAnother(former, "keepalived killed, API stumbling")).toBeLessThan(60);
  });

  function answers({ machine }: Elector): boolean {
    try {
      machine.run("/usr/local/lib/trellis/haproxy-answers", []);
      return true;
    } catch {
      return false;
    }
  }

  /** Lets so many advertisements (one a second) pass, in which an election could happen. */
  async function elections(count: number): Promise<void> {
    const end = Date.now() + count * 1000;
    await eventually(`${count} advertisements have passed`, 30_000, () => Date.now() > end);
  }
});
