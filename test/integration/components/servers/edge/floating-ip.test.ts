import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { keepalivedPart } from "../../../../../components/servers/edge";
import { type HcloudApi, startHcloudApi } from "../../../../rigs/hetzner/hcloud-api";
import { MACHINE_PROGRAMS, mayMakeMachines, StandInMachine } from "../../../../rigs/machine/stand-in-machine";
import { describeWith } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

const FLOATING_IP = 4711;
const OWN_ID = 2;
const OTHER_ID = 1;

describeWith(
  ["curl", "jq", "flock", "bash", ...MACHINE_PROGRAMS],
  "the script that moves the floating IP",
  () => {
    let api: HcloudApi;
    let metadata: Server;
    let metadataKnows = true;
    let machine: StandInMachine;

    beforeEach(async (context) => {
      if (!mayMakeMachines) context.skip("needs root");
      metadataKnows = true;
      api = await startHcloudApi({
        servers: [
          { id: OTHER_ID, name: "ubuntu-8gb-hil-1" },
          { id: OWN_ID, name: "ubuntu-8gb-hil-2" },
        ],
        floatingIps: [{ id: FLOATING_IP, name: "edge", ip: "203.0.113.7", server: OTHER_ID }],
      });
      metadata = createServer((request, response) => {
        const known = metadataKnows && request.url === "/instance-id";
        response.writeHead(known ? 200 : 404).end(known ? `${OWN_ID}\n` : "");
      });
      await new Promise<void>((resolve) => metadata.listen(0, "127.0.0.1", resolve));
      // The address of a TCP server that listens is never a string or null.
      const { port } = metadata.address() as AddressInfo;
      machine = await StandInMachine.start([
        keepalivedPart({
          server: { name: "ubuntu-8gb-hil-2", address: "10.0.4.11", number: 2 },
          servers: [],
          virtualRouterId: 51,
          floatingIp: { id: String(FLOATING_IP), address: "203.0.113.7" },
          token: api.token,
          api: api.endpoint,
          metadata: `http://127.0.0.1:${port}`,
        }),
      ]);
    });

    afterEach(async () => {
      if (!mayMakeMachines) return;
      await machine.stop();
      await api.stop();
      metadata.close();
    });

    /** Calls the script as keepalived does; this process is then its keepalived. */
    function tell(state: "MASTER" | "BACKUP" | "FAULT" | "STOP") {
      const child = machine.start("/usr/local/sbin/trellis-floating-ip", ["INSTANCE", "edge", state, "252"]);
      return { child, ended: new Promise<void>((resolve) => child.once("close", () => resolve())) };
    }

    const isOurs = () => api.holder(FLOATING_IP) === OWN_ID;
    const assignments = () => api.requests.filter(({ method }) => method === "POST").length;

    it("assigns the address to this server, and keeps the token out of the list of processes", async () => {
      api.misbehave({ kind: "slow", milliseconds: 400 }, 4);
      const seen = new Set<string>();
      tell("MASTER");

      await eventually("the address is ours", 30_000, () => {
        for (const line of commandLines()) if (line.includes("curl")) seen.add(line);
        return isOurs();
      });

      expect([...seen].some((line) => line.includes(api.endpoint))).toBe(true);
      expect([...seen].filter((line) => line.includes(api.token))).toEqual([]);
      expect(assignments()).toBe(1);
    });

    it("asks for nothing when the address is here already", async () => {
      tell("MASTER");
      await eventually("the address is ours", 30_000, isOurs);
      await tell("BACKUP").ended;
      const before = api.requests.length;

      tell("MASTER");
      await eventually("the script has looked", 30_000, () => api.requests.length > before);
      await tell("STOP").ended;

      expect(assignments()).toBe(1);
    });

    it("goes on through every way in which the API refuses", async () => {
      api.misbehave({ kind: "dropped" });
      api.misbehave({ kind: "server error", status: 502 });
      api.misbehave({ kind: "locked" });
      api.misbehave({ kind: "action fails" }, 2);
      tell("MASTER");

      await eventually("the address is ours", 60_000, isOurs);
    });

    it("leaves the API alone for as long as it asks", async () => {
      api.misbehave({ kind: "rate limited", resetsInSeconds: 3 });
      const start = Date.now();
      tell("MASTER");

      await eventually("the address is ours", 60_000, isOurs);

      // The moment is given in whole seconds, so that four may be a little more than three.
      expect(Date.now() - start).toBeGreaterThan(3000);
    });

    it("learns its own id by name when the metadata service does not tell", async () => {
      metadataKnows = false;
      tell("MASTER");

      await eventually("the address is ours", 30_000, isOurs);
    });

    it("lets a newer state win over an older one that still tries", async () => {
      api.misbehave({ kind: "server error" }, 1000);
      const master = tell("MASTER");
      await eventually("it has tried", 30_000, () => api.requests.length > 0);

      await tell("BACKUP").ended;
      await master.ended;
      api.behave();

      expect(isOurs()).toBe(false);
      expect(assignments()).toBe(0);
    });

    it("gives up when its keepalived is gone, instead of fighting the next master", async () => {
      api.misbehave({ kind: "server error" }, 1000);
      const script = "/usr/local/sbin/trellis-floating-ip INSTANCE edge MASTER 252 & wait";
      const keepalived = machine.start("bash", ["-c", script]);
      const closed = new Promise<void>((resolve) => keepalived.once("close", () => resolve()));
      await eventually("it has tried", 30_000, () => api.requests.length > 0);

      keepalived.kill("SIGKILL");

      // Its standard error closes when the last of the two has ended.
      await closed;
      expect(assignments()).toBe(0);
    });

    it("takes the address back when a former master's request arrives late", async () => {
      tell("MASTER");
      await eventually("the address is ours", 30_000, isOurs);

      const late = await fetch(`${api.endpoint}/floating_ips/${FLOATING_IP}/actions/assign`, {
        method: "POST",
        headers: { Authorization: `Bearer ${api.token}` },
        body: JSON.stringify({ server: OTHER_ID }),
      });
      expect(late.status).toBe(201);
      await eventually("the address is away", 30_000, () => !isOurs());

      await eventually("the address is ours again", 60_000, isOurs);
    });
  },
);

/** The command lines of all processes, as any user of a machine can read them. */
function commandLines(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      } catch {
        return "";
      }
    });
}
