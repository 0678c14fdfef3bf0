import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  CLOCKS,
  memberEnvironment,
  type PatroniArgs,
  patroniConfig,
  serverNames,
} from "../../../../../components/data/postgres";
import { timeoutsFor } from "../../../../../components/servers/etcd/timeouts";
import { roundTripMs } from "../../../../../components/settings/hetzner-catalogue";
import { nonempty } from "../../../../rigs/nonempty";
import { patroniArgs } from "../../../../rigs/patroni/arguments";

const rendered = (args: Partial<PatroniArgs> = {}) => parse(patroniConfig(patroniArgs(args)));

describe("patroni.yml", () => {
  const CONSENT_SECONDS = 4; // two requests of 2 s each, in Patroni's ha.py
  const failovers = ["standard", "fast"] as const;

  it.each(failovers)(
    "fits two attempts, and one with the members' consent, into the lease: %s",
    (failover) => {
      const { ttl, loop_wait, retry_timeout } = rendered({ failover }).bootstrap.dcs;
      expect(loop_wait + 2 * retry_timeout).toBeLessThanOrEqual(ttl);
      expect(loop_wait + retry_timeout + CONSENT_SECONDS).toBeLessThan(ttl);
    },
  );

  it("fits even an etcd that answers the read late and the renewal never into the lease, unless it is to be fast", () => {
    const { ttl, loop_wait, retry_timeout } = rendered().bootstrap.dcs;
    expect({ ttl, loop_wait, retry_timeout }).toEqual(CLOCKS.standard);
    expect(loop_wait + 2 * retry_timeout + CONSENT_SECONDS).toBeLessThan(ttl);
  });

  it("waits for longer than etcd elects a leader, between continents too unless it is to be fast", () => {
    const electionSeconds = (roundTripMs: number) => (2 * timeoutsFor(roundTripMs).electionMs) / 1000;
    expect(CLOCKS.standard.retry_timeout).toBeGreaterThan(electionSeconds(roundTripMs("fsn1", "hil")));
    expect(CLOCKS.fast.retry_timeout).toBeGreaterThan(electionSeconds(roundTripMs("fsn1", "hel1")));
  });

  it.each(failovers)("wants no shorter lease than the image allows: %s", (failover) => {
    const program = readFileSync("components/data/postgres/images/member/trellis-patroni.py", "utf8");
    const [, shortest] = /^SHORTEST_TTL = (\d+)$/m.exec(program) ?? [];
    expect(rendered({ failover }).bootstrap.dcs.ttl).toBeGreaterThanOrEqual(Number(shortest));
  });

  it("needs no DNS: members announce addresses, and are verified by a name that their certificate contains", () => {
    const announced = memberEnvironment().filter(({ name }) => name.endsWith("_CONNECT_ADDRESS"));
    for (const variable of nonempty(announced)) {
      expect(variable).toHaveProperty("value", expect.stringMatching(/^\$\(POD_IP\):\d+$/));
    }
    expect(serverNames("databases")).toContain(rendered().ctl.server_name);
  });

  it("waits for a quorum of replicas where it is synchronous, and goes on without etcd either way", () => {
    expect(rendered().bootstrap.dcs).toMatchObject({ synchronous_mode: "quorum", failsafe_mode: true });
    expect(rendered().bootstrap.dcs.synchronous_mode_strict).toBe(false);
    expect(rendered({ synchronous: "strict" }).bootstrap.dcs).toMatchObject({
      synchronous_mode: "quorum",
      synchronous_mode_strict: true,
      synchronous_node_count: 1,
    });
    const alone = rendered({ synchronous: false }).bootstrap.dcs;
    expect(alone).toMatchObject({ synchronous_mode: "off", failsafe_mode: true });
    expect(alone).not.toHaveProperty("synchronous_node_count");
  });

  it("holds no password, and nothing that differs between members", () => {
    const text = patroniConfig(patroniArgs());
    expect(text).not.toMatch(/password:/);
    expect(text).not.toMatch(/connect_address|^name:/m);
  });

  it("lets nobody in without TLS, and nobody from elsewhere", () => {
    const lines: string[] = rendered().postgresql.pg_hba;
    const network = lines.filter((line) => line.startsWith("host"));
    const admitting = network.filter((line) => !line.endsWith(" reject"));
    for (const line of admitting)
      expect(line).toMatch(/^hostssl .* (10\.42\.0\.0\/16|10\.0\.1\.10\/32) scram-sha-256$/);
    expect(network.at(-1)).toBe("host all all all reject");
  });

  it("gives the superuser, replication and rewind to the pods' ranges alone", () => {
    const lines: string[] = rendered().postgresql.pg_hba;
    const reject = lines.indexOf("host all postgres,replicator,rewinder,+trellis_backup all reject");
    const fromServers = lines.findIndex((line) => line.includes("10.0.1.10/32"));
    expect(reject).toBeGreaterThan(0);
    expect(fromServers).toBeGreaterThan(reject);
  });

  it("is YAML that says the same for any name of a cluster", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z0-9-]{0,30}[a-z0-9]$/), (scope) => {
        expect(rendered({ scope }).scope).toBe(scope);
      }),
    );
  });
});
