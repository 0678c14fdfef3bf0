import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { PASSWORD_VARIABLES, patroniConfig } from "../../../../../components/data/postgres";
import { k3sServerPart } from "../../../../../components/servers/k3s";
import { ETCD_PROGRAMS, EtcdCluster, MEMBERS, PATRONI_PASSWORD } from "../../../../rigs/etcd/cluster";
import { exampleCluster, exampleServer } from "../../../../rigs/kubernetes/k3s-example";
import { environmentOfPod } from "../../../../rigs/patroni/pod";
import { describeWith, program } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

const LIMIT_MS = 60_000;

describeWith([...ETCD_PROGRAMS, "patroni"], "while authentication of etcd is off", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-authentication-"));
  let etcd: EtcdCluster;
  const running: ChildProcess[] = [];

  const file = (name: string, content: string, mode = 0o600) => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode });
    return path;
  };
  const start = (command: string, words: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const child = spawn(command, words, { env: { ...process.env, ...env } });
    running.push(child);
    const seen = { child, output: "" };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text) => {
        seen.output += text;
      });
    }
    return seen;
  };
  const keysOfPatroni = async () =>
    (await etcd.root("get", "--prefix", "--keys-only", "/service/")).stdout.trim();

  beforeAll(async () => {
    etcd = await EtcdCluster.start();
  });
  beforeEach(async () => {
    expect((await etcd.root("auth", "disable")).code).toBe(0);
  });
  afterEach(async () => {
    for (const child of running.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    expect((await etcd.machines[0].tool("access")).code).toBe(0);
  });
  afterAll(async () => {
    await etcd?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The program that K3s' unit runs first, with the test's certificates. */
  const startK3sWait = () => {
    const { cert, key } = etcd.client("k3s");
    file("k3s/ca.crt", etcd.authority.cert);
    file("k3s/client.crt", cert);
    file("k3s/client.key", key);
    const cluster = { ...exampleCluster, etcdAddresses: MEMBERS.map(({ address }) => address) };
    const content = k3sServerPart({ ...exampleServer, cluster }).files?.find(({ path }) =>
      path.endsWith("/await-etcd-authentication"),
    )?.content;
    const script = (content ?? "").replaceAll("/etc/rancher/k3s/etcd", join(folder, "k3s"));
    return start(file("await-etcd-authentication", script, 0o755), []);
  };

  it("K3s waits, and starts when it is on", async () => {
    const waiting = startK3sWait();
    await eventually("its reason to wait", LIMIT_MS, () =>
      waiting.output.includes("K3s waits: authentication of etcd is off"),
    );
    expect(waiting.child.exitCode).toBeNull();

    const [{ code }, ended] = await Promise.all([
      etcd.machines[1].tool("access"),
      once(waiting.child, "exit"),
    ]);
    expect([code, ended[0]]).toEqual([0, 0]);
  });

  it("K3s waits too where no member answers", async () => {
    await Promise.all(etcd.machines.map((machine) => machine.powerOff()));
    const waiting = startK3sWait();
    await eventually("its reason to wait", LIMIT_MS, () =>
      waiting.output.includes("K3s waits: no member of etcd answers"),
    );
    expect(waiting.child.exitCode).toBeNull();

    const ended = once(waiting.child, "exit");
    await Promise.all(etcd.machines.map((machine) => machine.powerOn()));
    await etcd.settled();
    expect((await ended)[0]).toBe(0);
  });

  it("Patroni waits and writes nothing, and goes on when it is on", async () => {
    const { cert, key } = etcd.client(undefined);
    const certificates = {
      authority: file("patroni/ca.crt", etcd.authority.cert),
      certificate: file("patroni/tls.crt", cert),
      key: file("patroni/tls.key", key),
    };
    const configuration = patroniConfig({
      scope: "main",
      serverName: "postgres",
      etcd: MEMBERS.map(({ address }) => `${address}:2379`),
      certificates: { etcd: certificates, server: certificates },
      pods: ["127.0.0.0/8"],
      servers: ["127.0.0.1/32"],
      memoryMib: 256,
      synchronous: true,
      dataDirectory: join(folder, "data"),
      socketDirectory: folder,
      // No PostgreSQL is needed to see that Patroni competes for its keys.
      programs: join(folder, "no-programs"),
    });
    const patroni = start(
      join(dirname(program("patroni")), "python3"),
      [
        new URL("../../../../../components/data/postgres/images/member/trellis-patroni.py", import.meta.url)
          .pathname,
        file("patroni.yml", configuration),
      ],
      {
        ...environmentOfPod({ name: "postgres-0", address: "127.0.0.1" }),
        ...Object.fromEntries(Object.values(PASSWORD_VARIABLES).map((name) => [name, "password0of0a0test"])),
        [PASSWORD_VARIABLES.etcd]: PATRONI_PASSWORD,
      },
    );
    await eventually(
      "its second attempt",
      LIMIT_MS,
      async () =>
        (patroni.output.match(/waiting on etcd/g) ?? []).length > 1 || (await keysOfPatroni()) !== "",
    );
    expect(await keysOfPatroni()).toBe("");
    expect(patroni.output).toContain("authentication of etcd is off; Patroni waits");

    expect((await etcd.machines[1].tool("access")).code).toBe(0);
    await eventually("that Patroni writes its keys", LIMIT_MS, async () =>
      (await keysOfPatroni()).includes("/service/main/"),
    );
  });
});
