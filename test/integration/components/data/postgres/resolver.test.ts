import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, it } from "vitest";
import { NameServer } from "../../../../rigs/patroni/name-server";
import { resolverConfig, withResolver } from "../../../../rigs/patroni/pod";
import { describeWith, program } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

const ETCD = "etcd-0.etcd.postgres.svc.cluster.local";

/** Apart from the name server of whole clusters, which may run at the same time. */
const NAME_SERVER = "127.0.1.54";

/** Does what each line asks of Patroni's resolver, and prints the address and the seconds that it took. */
const SCRIPT = `
import runpy, sys, time
runpy.run_path(sys.argv[1], run_name="imported")
from patroni.dcs.etcd import DnsCachingResolver
resolver = DnsCachingResolver(cache_time=float(sys.argv[2]))
for line in sys.stdin:
    start = time.time()
    if line.strip() == "remove":
        resolver.remove("${ETCD}", 2379)
    found = resolver.resolve("${ETCD}", 2379)
    print(found[0][4][0] if found else None, time.time() - start, flush=True)
`;

const mayMount = process.getuid?.() === 0;

describeWith(["patroni", "unshare"], "Patroni's resolver, of the names of etcd's members", () => {
  let folder: string;
  const names = new Map<string, string>();
  let server: NameServer;
  let resolver: ChildProcess;
  let answers: AsyncIterator<string>;

  const start = (cacheSeconds: number) => {
    writeFileSync(join(folder, "resolv.conf"), resolverConfig(NAME_SERVER));
    const python = join(dirname(program("patroni")), "python3");
    const wrapper = resolve("components/data/postgres/images/member/trellis-patroni.py");
    const [command, ...words] = withResolver(join(folder, "resolv.conf"), [
      ...[python, "-c", SCRIPT, wrapper, String(cacheSeconds)],
    ]);
    const child = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
    resolver = child;
    answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  };
  const ask = async (line: "resolve" | "remove") => {
    resolver.stdin?.write(`${line}\n`);
    const [address, seconds] = String((await answers.next()).value).split(" ");
    return { address, seconds: Number(seconds) };
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "trellis-resolver-"));
    names.set(ETCD, "10.42.0.7");
    if (mayMount) server = await NameServer.start(NAME_SERVER, names);
  });
  afterEach(async () => {
    if (resolver?.exitCode === null) {
      resolver.stdin?.end();
      await once(resolver, "exit");
    }
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it.skipIf(!mayMount).each([
    ["when no member of etcd answers", "remove", 600],
    ["when they were resolved long ago", "resolve", 0],
  ] as const)("never waits for a dead DNS: %s", async (_, line, cacheSeconds) => {
    start(cacheSeconds);
    expect(await ask("resolve")).toMatchObject({ address: "10.42.0.7" });
    server.fallSilent();
    const asked = server.asked.length;

    const { address, seconds } = await ask(line);
    expect(address).toBe("10.42.0.7");
    expect(seconds).toBeLessThan(1);

    names.set(ETCD, "10.42.0.8");
    server.answerAgain();
    await eventually("the new address", 60_000, async () => (await ask(line)).address === "10.42.0.8");
    expect(server.asked.length).toBeGreaterThan(asked);
  });
});
