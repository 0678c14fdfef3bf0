import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readSnapshot, watchMessage } from "../../../../jobs/postgres/discovery/snapshot";
import { EtcdGateway, endOfPrefix } from "../../../../jobs/postgres/etcd/gateway";
import { DiscoveryEtcd, StandInPatroni } from "../../../rigs/discovery/etcd";
import { type JobRun, runJob } from "../../../rigs/jobs/run-job";
import { describeWith } from "../../../rigs/programs";

const SCOPE = "trellis";
const PREFIX = `/service/${SCOPE}/`;

describeWith(["etcd", "etcdctl", "openssl"], "etcd by its JSON gateway, with roles", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-gateway-"));
  let etcd: DiscoveryEtcd;
  let patroni: StandInPatroni;
  let gateway: EtcdGateway;

  beforeAll(async () => {
    etcd = await DiscoveryEtcd.start(folder, [`127.${130 + (process.pid % 60)}.0.1`]);
    patroni = new StandInPatroni(etcd.access(), SCOPE);
    gateway = new EtcdGateway(etcd.access());
  });

  afterAll(async () => {
    patroni?.close();
    gateway?.close();
    await etcd?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const clear = (...flags: string[]): Promise<JobRun> => {
    const { endpoints, authority, certificate, key, password } = etcd.access();
    return runJob(["postgres", "clear-stale-state", "--scope", SCOPE, ...flags], {
      environment: {
        ETCD_ENDPOINTS: endpoints.join(),
        ETCD_CACERT: authority,
        ETCD_CERT: certificate,
        ETCD_KEY: key,
        ETCD_PASSWORD: password,
      },
    });
  };
  const keys = async () => [...(await readSnapshot(gateway, PREFIX)).entries.keys()];

  it("says that history was compacted away when a watch asks for it", async () => {
    const first = await patroni.put("status", "1");
    etcd.compact(await patroni.put("status", "2"));
    const told = await new Promise((resolve, reject) => {
      const ending = new AbortController();
      gateway
        .watch({
          key: PREFIX,
          end: endOfPrefix(PREFIX),
          startRevision: first,
          signal: ending.signal,
          onMessage: (text) => {
            const message = watchMessage(text, PREFIX);
            if (!message.compacted) return;
            resolve(message);
            ending.abort();
          },
        })
        .catch(reject);
    });
    expect(told).toMatchObject({ compacted: true });
  });

  it("logs in anew when etcd has forgotten the token", async () => {
    await keys();
    etcd.ctl("user", "add", "somebody", "--no-password"); // every token is of an older revision of users now
    expect(await keys()).toEqual(["status"]);
    await etcd.killMember(0);
    etcd.startMember(0); // tokens are in its memory alone
    await patroni.put("status", "3");
    expect(await keys()).toEqual(["status"]);
  });

  it("refuses to clear anything while a leader holds the lock", async () => {
    await patroni.put("initialize", "");
    await patroni.lead("postgres-1");
    for (const flags of [["--yes"], ["--all", "--yes"]]) {
      expect((await clear(...flags)).termination?.error).toContain("postgres-1 holds the leader's lock");
    }
    expect(await keys()).toEqual(["initialize", "leader", "status"]);
  });

  it("clears the mark of a bootstrap that died and a switchover that never came, and all only where told so", async () => {
    await patroni.release();
    await patroni.put("failover", "{}");
    await patroni.put("sync", "{}");
    expect((await clear()).termination?.error).toContain("say --yes");
    expect(await clear("--yes")).toMatchObject({ exitCode: 0 });
    expect(await keys()).toEqual(["status", "sync"]);
    await patroni.put("initialize", "7301234567890123456");
    expect(await clear("--yes")).toMatchObject({ exitCode: 0 });
    expect(await keys()).toContain("initialize");
    expect(await clear("--all", "--yes")).toMatchObject({ exitCode: 0 });
    expect(await keys()).toEqual([]);
  });
});
