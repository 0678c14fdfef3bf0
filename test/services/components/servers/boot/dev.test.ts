import { afterAll, beforeAll, expect, it } from "vitest";
import { REPORT_UNIT } from "../../../../../components/servers/machine";
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
import { firstReport, type SeenReport } from "../../../../rigs/boot/report";
import { verifyOverSsh } from "../../../../rigs/boot/verify";
import { describeWith } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

const ONE_SERVER = {
  servers: [{ location: "fsn1", types: ["cx33"], numbers: [1] }],
  edge: { kind: "dns" },
};
const UNITS = unitsOf({ etcd: true, floatingIp: false });

describeWith(BOOT_PROGRAMS, "the only server of a cluster, booted from its user data", () => {
  let center: DataCenter;
  let reported: SeenReport;
  let argumentsWithSecrets: string[];

  beforeAll(async () => {
    center = await DataCenter.open(ONE_SERVER);
    await center.server(0).powerOn();
    const seen = watchArguments(center.server(0), secretsOf(center.facts));
    reported = await firstReport(center, 0);
    const seconds = await allUnits(center.server(0), UNITS);
    argumentsWithSecrets = seen();
    console.log(`one server: ${seconds.toFixed(1)} s from power on to all units`);
  });
  afterAll(() => center?.close());

  it("has a healthy etcd whose authentication is on", async () => {
    expect(await etcdStatus(center.server(0))).toEqual({ healthy: 1, authentication: true });
  });

  it("reported its first boot to the cluster's administrator, and to nobody else, until HAProxy took over", async () => {
    expect(reported.toAdministrator).toMatch(/^trellis: /m);
    expect(reported.toStranger).toBe("");
    expect(reported.user).toBe("nobody");
    expect(await center.server(0).run(`systemctl list-units --all --no-legend ${REPORT_UNIT}`)).toBe("");
  });

  it("keeps what npx trellis verify servers looks for, as seen over SSH", async () => {
    const { status, broken, kept } = await verifyOverSsh(center);
    // The kernel is this machine's, and so is its clock.
    const notOurs = ["the clock is synchronised", "AppArmor is on"];
    expect(broken.filter((line) => !notOurs.some((promise) => line.includes(promise)))).toEqual([]);
    expect(kept).toBeGreaterThanOrEqual(12);
    expect(status).toBe(broken.length === 0 ? 0 : 1);
  });

  it("breaks a promise of verify for each thing that is wrong", async () => {
    const server = center.server(0);
    await server.run(
      "systemctl stop trellis-certificates.timer; echo '# mine' >>/etc/haproxy/haproxy.cfg; nft delete table inet trellis_metadata; touch /run/reboot-required",
    );
    const { broken } = await verifyOverSsh(center);
    await server.run(
      "systemctl start trellis-certificates.timer; sed -i '$d' /etc/haproxy/haproxy.cfg; systemctl restart trellis-metadata-guard; rm /run/reboot-required",
    );
    for (const reason of [
      "trellis-certificates.timer is inactive",
      "etc/haproxy/haproxy.cfg: Size differs",
      "no rule of forward rejects 169.254.169.254",
      "a reboot is pending",
    ])
      expect(broken.join("\n")).toContain(reason);
  });

  it("has the kernel's settings that it was given, and no password", async () => {
    const settings = "fs.suid_dumpable kernel.kptr_restrict kernel.dmesg_restrict fs.protected_regular";
    expect(await center.server(0).run(`sysctl --values ${settings}`)).toBe("0\n2\n1\n2\n");
    expect(await center.server(0).run("passwd --status root")).toMatch(/^root L /);
  });

  it("refuses more than twenty connections a minute to SSH from one address", async () => {
    const knock =
      "for attempt in $(seq 30); do bash -c '</dev/tcp/127.0.0.1/22' 2>/dev/null && echo open; done; :";
    const open = (await center.server(0).run(knock)).trim().split("\n").length;
    expect(open).toBeGreaterThanOrEqual(20);
    expect(open).toBeLessThan(30);
  });

  it("publishes when its certificates expire, and restarts K3s for one of K3s' own, once", async () => {
    const server = center.server(0);
    const file = "/var/lib/rancher/k3s/agent/serving-kubelet.crt";
    const starts = async () =>
      (await server.run("systemctl is-active k3s && systemctl show --property InvocationID k3s || :")).trim();
    const before = await starts();
    await server.run(`mkdir -p /var/lib/rancher/k3s/agent
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=kubelet -keyout /dev/null -out ${file} 2>/dev/null
      systemctl start trellis-certificates.service`);
    await eventually("K3s has restarted", 60_000, async () => {
      const now = await starts();
      return now.startsWith("active") && now !== before;
    });
    const after = await starts();
    await server.run("systemctl start trellis-certificates.service");
    expect(await server.run("systemctl list-jobs --no-legend k3s.service")).toBe("");
    expect(await starts()).toBe(after);

    const metrics = await server.run("cat /var/lib/trellis/metrics/certificates.prom");
    expect(metrics).toMatch(
      /^trellis_certificate_expiry_timestamp_seconds\{file="\/etc\/etcd\/tls\/server.crt"\} \d{10}$/m,
    );
    expect(metrics).toContain(file);
    await server.run(`rm -r /var/lib/rancher/k3s/agent`);
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
