import { request } from "node:https";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PATRONI_USER } from "../../../../../components/servers/etcd";
import { ETCD_PROGRAMS, EtcdCluster, MEMBERS, PATRONI_PASSWORD } from "../../../../rigs/etcd/cluster";
import { base64, EtcdGateway } from "../../../../rigs/etcd/gateway";
import type { KeyPair } from "../../../../rigs/pki/certificates";
import { describeWith } from "../../../../rigs/programs";

describeWith(ETCD_PROGRAMS, "access to the etcd that K3s and Patroni share", () => {
  let etcd: EtcdCluster;
  let patroni: EtcdGateway;

  const gateway = (commonName?: string) =>
    new EtcdGateway(MEMBERS[0].address, etcd.authority.cert, etcd.client(commonName));

  beforeAll(async () => {
    etcd = await EtcdCluster.start();
    patroni = gateway();
    await patroni.logIn(PATRONI_USER, PATRONI_PASSWORD);
    await etcd.root("put", "/registry/secrets/default/token", "of the cluster");
    await etcd.root("put", "/service/main/config", "of Patroni");
  });
  afterAll(() => etcd?.stop());

  it("lets Patroni keep its keys, with a lease and in a transaction, through the gateway", async () => {
    const lease = await patroni.call("lease/grant", { TTL: 30 });
    const leader = base64("/service/main/leader");
    const won = await patroni.call("kv/txn", {
      compare: [{ target: "CREATE", key: leader, create_revision: "0", result: "EQUAL" }],
      success: [{ request_put: { key: leader, value: base64("postgres-0"), lease: lease.body.ID } }],
    });

    expect(won).toMatchObject({ status: 200, body: { succeeded: true } });
    expect((await patroni.call("lease/keepalive", { ID: lease.body.ID })).status).toBe(200);
    expect(await patroni.get("/service/", "/service0")).toMatchObject({ status: 200, body: { count: "2" } });
    expect((await patroni.call("cluster/member/list", {})).body).toMatchObject({ members: [{}, {}, {}] });
  });

  it("shows metrics to Prometheus' certificate, which is no user, and no key", async () => {
    const metrics = await answerOf("/metrics", { ca: etcd.authority.cert, ...etcd.client(undefined) });

    expect(metrics.status).toBe(200);
    expect(metrics.body).toContain("etcd_server_has_leader 1");
    expect((await gateway().get("/registry/secrets/default/token")).body).toMatchObject({
      message: expect.stringContaining("permission denied"),
    });
    await expect(answerOf("/metrics", { ca: etcd.authority.cert })).rejects.toThrow();
  });

  it("never lets Patroni read outside of its prefix", async () => {
    for (const [key, end] of [
      ["/registry/secrets/default/token"],
      ["/registry/", "/registry0"],
      ["/bootstrap"],
      ["compact_rev_key"],
      ["\0", "\0"],
      ["/service", "/service/main0"],
      ["/service/", "/service1"],
    ] as const) {
      expect((await patroni.get(key, end)).body, key).toMatchObject({
        message: expect.stringContaining("permission denied"),
      });
    }
  });

  it("never lets Patroni write outside of its prefix", async () => {
    expect((await patroni.put("/registry/secrets/default/token", "stolen")).body).toMatchObject({
      message: expect.stringContaining("permission denied"),
    });
    const emptied = await patroni.call("kv/deleterange", {
      key: base64("/registry/"),
      range_end: base64("/registry0"),
    });

    expect(emptied.body).toMatchObject({ message: expect.stringContaining("permission denied") });
    expect(
      (await etcd.root("get", "--print-value-only", "/registry/secrets/default/token")).stdout.trim(),
    ).toBe("of the cluster");
  });

  it("never lets Patroni reach the cluster's secrets by a nested transaction, a previous value or an open watch", async () => {
    const secret = base64("/registry/secrets/default/token");
    const reads = { request_range: { key: secret } };
    const nested = await patroni.call("kv/txn", { success: [{ request_txn: { success: [reads] } }] });
    const previous = await patroni.call("kv/txn", {
      success: [{ request_put: { key: secret, value: base64("x"), prev_kv: true } }],
    });

    const watch = await patroni.watch("/service/", "\0");

    expect(nested.body).toMatchObject({ message: expect.stringContaining("permission denied") });
    expect(previous.body).toMatchObject({ message: expect.stringContaining("permission denied") });
    expect(JSON.stringify(watch.body)).toContain("permission denied");
  });

  it("gives Patroni's rights to no one without the password, and nothing to the anonymous", async () => {
    const anonymous = gateway();
    const guess = await gateway().logIn(PATRONI_USER, "guess");

    expect(guess.body.token).toBeUndefined();
    expect((await anonymous.get("/service/main/config")).body).toEqual({
      code: 7,
      message: "etcdserver: permission denied",
    });
    expect((await etcd.as(undefined, "get", "/service/main/config")).code).not.toBe(0);
  });

  it("refuses a certificate with a common name at the gateway, which is why Patroni's has none", async () => {
    expect((await gateway("k3s").get("/registry/health")).status).toBe(400);
  });

  it("lets K3s keep its objects and its bootstrap data, by its certificate alone", async () => {
    for (const key of ["/registry/pods/default/web", "/bootstrap/0123", "compact_rev_key"]) {
      expect((await etcd.k3s("put", key, "mine")).stdout.trim(), key).toBe("OK");
    }
    expect((await etcd.k3s("get", "--prefix", "--keys-only", "/bootstrap")).stdout.trim()).toBe(
      "/bootstrap/0123",
    );
    expect((await etcd.k3s("endpoint", "health")).code).toBe(0);
  });

  it("never lets K3s read or change Patroni's keys", async () => {
    for (const words of [
      ["get", "/service/main/config"],
      ["get", "--prefix", "/service/"],
      ["get", "--from-key", ""],
      ["put", "/service/main/leader", "k3s"],
      ["del", "--prefix", "/service/"],
    ]) {
      expect((await etcd.k3s(...words)).stderr, words.join(" ")).toContain("permission denied");
    }
  });

  it("leaves administration to root: K3s can neither compact, nor take snapshots, nor change members or users", async () => {
    for (const words of [
      ["compact", "1"],
      ["snapshot", "save", "/dev/null"],
      ["defrag"],
      ["member", "add", "intruder", "--peer-urls=https://127.0.0.99:2380"],
      ["user", "grant-role", "k3s", "root"],
      ["auth", "disable"],
    ]) {
      expect((await etcd.k3s(...words)).code, words.join(" ")).not.toBe(0);
    }
    expect((await etcd.root("member", "list")).stdout.trim().split("\n")).toHaveLength(3);
  });

  it("turns away at the peer port whoever is no member, even with a certificate of the same authority", async () => {
    for (const client of [etcd.client(undefined), etcd.client("k3s"), etcd.client("root")]) {
      await expect(membersAtPeerPort(etcd, client)).rejects.toThrow();
    }
    const peer = etcd.authority.issue({
      commonName: "etcd-peer",
      addresses: ["127.0.0.1"],
      usages: ["client"],
    });
    expect(await membersAtPeerPort(etcd, peer)).toContain(MEMBERS[0].name);
  });

  it("changes nothing when it is set again, by all members at once", async () => {
    const before = (await etcd.root("auth", "status")).stdout;
    // Some rounds: a check that errs only now and then would make Patroni log in again and again.
    for (let round = 0; round < 5; round++) {
      const outcomes = await Promise.all(etcd.machines.map((machine) => machine.tool("access")));
      expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0]);
    }
    // The status shows the revision of users and roles.
    expect((await etcd.root("auth", "status")).stdout).toBe(before);
  });

  it("turns authentication on again when somebody turned it off, and says when it was last found on", async () => {
    const [machine] = etcd.machines;
    const metric = "var/lib/trellis/metrics/etcd-access.prom";
    const foundOn = () => Number(machine.file(metric).split(" ").at(-1));
    await etcd.root("auth", "disable");
    const before = Date.now() / 1000 - 1;
    expect((await machine.tool("access")).code).toBe(0);

    expect((await etcd.root("auth", "status")).stdout).toContain("Status: true");
    expect(machine.file(metric)).toMatch(/^trellis_etcd_authentication_timestamp_seconds \d+$/m);
    expect(foundOn()).toBeGreaterThan(before);
    await patroni.logIn(PATRONI_USER, PATRONI_PASSWORD);
  });

  it("takes back what somebody granted by hand, and brings back a user that somebody deleted", async () => {
    await etcd.root("role", "grant-permission", "patroni", "readwrite", "/registry/", "/registry0");
    await etcd.root("user", "delete", "k3s");
    expect((await etcd.machines[0].tool("access")).code).toBe(0);

    await patroni.logIn(PATRONI_USER, PATRONI_PASSWORD);
    expect((await patroni.get("/registry/", "/registry0")).body).toMatchObject({
      message: expect.stringContaining("permission denied"),
    });
    expect((await etcd.k3s("get", "/registry/pods/default/web")).code).toBe(0);
  });
});

async function membersAtPeerPort(etcd: EtcdCluster, client: KeyPair): Promise<string> {
  const { body } = await answerOf("/members", { ca: etcd.authority.cert, ...client }, 2380);
  return body;
}

/** What the first member answers over HTTPS. */
function answerOf(
  path: string,
  tls: { readonly ca: string } & Partial<KeyPair>,
  port = 2379,
): Promise<{ readonly status: number | undefined; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ host: MEMBERS[0].address, port, path, ...tls, agent: false }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString() });
    });
    call.once("error", reject);
    call.end();
  });
}
