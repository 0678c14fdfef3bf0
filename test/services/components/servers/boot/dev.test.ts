import { afterAll, beforeAll, expect, it } from "vitest";
import { BOOT_PROGRAMS, DataCenter } from "../../../../rigs/boot/data-center";
import {
  allUnits,
  etcdStatus,
  filesWith,
  reachesMetadata,
  secretsOf,
  unitsOf,
  watchArguments,
} from "../../../../rigs/boot/health";
import { describeWith } from "../../../../rigs/programs";

const ONE_SERVER = {
  servers: [{ location: "fsn1", types: ["cx33"], numbers: [1] }],
  edge: { kind: "dns" },
};
const UNITS = unitsOf({ etcd: true, floatingIp: false });

describeWith(BOOT_PROGRAMS, "the only server of a cluster, booted from its user data", () => {
  let center: DataCenter;
  let argumentsWithSecrets: string[];

  beforeAll(async () => {
    center = await DataCenter.open(ONE_SERVER);
    await center.server(0).powerOn();
    const seen = watchArguments(center.server(0), secretsOf(center.facts));
    const seconds = await allUnits(center.server(0), UNITS);
    argumentsWithSecrets = seen();
    console.log(`one server: ${seconds.toFixed(1)} s from power on to all units`);
  });
  afterAll(() => center?.close());

  it("has a healthy etcd whose authentication is on", async () => {
    expect(await etcdStatus(center.server(0))).toEqual({ healthy: 1, authentication: true });
  });

  it("serves its metadata to root alone, by IPv4 and IPv6", async () => {
    const served = "the user data, with all its keys";
    expect(await reachesMetadata(center.server(0), "root")).toEqual([served, served]);
    expect(await reachesMetadata(center.server(0), "nobody")).toEqual(["", ""]);
  });

  it("shows no secret to other users, neither in a file nor in a list of processes", async () => {
    const secrets = secretsOf(center.facts);
    // Root finds them, so the search is able to.
    expect(await filesWith(center.server(0), secrets, "root")).toContain("/etc/rancher/k3s/config.yaml");
    expect(await filesWith(center.server(0), secrets, "nobody")).toEqual([]);
    expect(argumentsWithSecrets).toEqual([]);
  });

  it("answers the API's clients through HAProxy", async () => {
    expect(
      await center
        .server(0)
        .run(
          "curl --silent --insecure --output /dev/null --write-out '%{http_code}' https://127.0.0.1:6443/readyz",
        ),
    ).toBe("401");
  });
});
