import { haproxyConfig } from "../components/servers/edge";
import { NODE_PORTS, SERVER_PORTS } from "../components/shared/address-plan";
import {
  haproxyFolder,
  openSession,
  type Recovery,
  type RunningHaproxy,
  startHaproxy,
  tick,
  watchRecovery,
} from "../test/rigs/edge/haproxy";
import { type StandInMembers, startStandInMembers } from "../test/rigs/patroni/rest";
import { createAuthority, type KeyPair } from "../test/rigs/pki/certificates";

/**
 * Measures how fast HAProxy follows a leader change: a real HAProxy with three simulated Patroni members, which become
 * leader in turn. The same run measures the settings of the system that this one replaces.
 */
const SERVERS = [11, 12, 13].map((host) => ({
  name: `ubuntu-8gb-hil-${host - 10}`,
  address: `127.35.0.${host}`,
}));
const [HERE, NEXT] = SERVERS.map(({ address }) => address) as [string, string]; // safe: there are three servers
const GOAL_SECONDS = 3;

interface Contender {
  readonly name: string;
  readonly configuration: (folder: string) => string;
  readonly rounds: number;
  /** The time after which a round is aborted. */
  readonly limitSeconds: number;
}

export default async function edge(argv: string[]): Promise<void> {
  const rounds = Number(argv[0] ?? 20);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error("usage: npm run bench -- edge [rounds]");
  const authority = createAuthority("bench");
  const addresses = SERVERS.map(({ address }) => address);
  const certificate = authority.issue({ commonName: "patroni", addresses, usages: ["server"] });

  const contenders: Contender[] = [
    { name: "Trellis", configuration: ours(authority.cert), rounds, limitSeconds: 30 },
    {
      name: "old, role-aware (HTTP, inter 3s fall 3 rise 2)",
      configuration: roleAware,
      rounds: Math.max(3, Math.round(rounds / 4)),
      limitSeconds: 30,
    },
    {
      name: "old, as it ran (TCP, inter 5s fall 3 rise 2)",
      configuration: tcpOnly,
      rounds: 1,
      limitSeconds: 20,
    },
  ];
  console.log(`leader changes followed by HAProxy; goal: under ${GOAL_SECONDS} s\n`);
  for (const contender of contenders) await race(contender, certificate, authority.cert);
}

async function race(contender: Contender, certificate: KeyPair, authority: string): Promise<void> {
  const folder = haproxyFolder({ "patroni-ca.pem": authority });
  let members: StandInMembers | undefined;
  let haproxy: RunningHaproxy | undefined;
  try {
    members = await startStandInMembers({
      count: 3,
      addresses: [HERE, NEXT],
      certificate,
      ports: { postgres: NODE_PORTS.postgres, rest: NODE_PORTS.patroniRest },
    });
    members.lead(0);
    haproxy = await startHaproxy(folder.path, contender.configuration(folder.path));
    await watchRecovery(HERE, SERVER_PORTS.postgresLeader, (member) => member === "postgres-0", 15_000);

    const followed: Recovery[] = [];
    const cuts: (number | undefined)[] = [];
    for (let round = 1; round <= contender.rounds; round += 1) {
      // Change the leader at a random moment between two checks.
      await tick(Math.random() * 1000);
      const session = await openSession(HERE, SERVER_PORTS.postgresLeader);
      const next = round % 3;
      const changed = performance.now();
      members.lead(next);
      const limitMs = contender.limitSeconds * 1000;
      followed.push(
        await watchRecovery(
          HERE,
          SERVER_PORTS.postgresLeader,
          (member) => member === `postgres-${next}`,
          limitMs,
        ),
      );
      const ended = await Promise.race([session?.ended, tick(100).then(() => undefined)]);
      cuts.push(ended === undefined ? undefined : (ended - changed) / 1000);
      session?.close();
    }
    report(contender, followed, cuts);
  } finally {
    await haproxy?.stop();
    await members?.stop();
    folder.remove();
  }
}

function report(
  { name, limitSeconds }: Contender,
  followed: readonly Recovery[],
  cuts: readonly (number | undefined)[],
) {
  console.log(`${name}, ${followed.length} ${followed.length === 1 ? "change" : "changes"}`);
  console.log(
    `  new sessions all reach the new leader  ${figures(
      followed.map(({ seconds }) => seconds),
      limitSeconds,
    )}`,
  );
  console.log(`  session with the old leader is cut     ${figures(cuts, limitSeconds)}`);
  const total: Record<string, number> = {};
  for (const { reached } of followed) {
    for (const [member, sessions] of Object.entries(reached)) total[member] = (total[member] ?? 0) + sessions;
  }
  if (followed.some(({ seconds }) => seconds === undefined)) {
    const shares = Object.entries(total).sort(([a], [b]) => a.localeCompare(b));
    console.log(
      `  sessions meanwhile                     ${shares.map(([who, many]) => `${many} at ${who}`).join(", ")}`,
    );
  }
  console.log("");
}

function figures(seconds: readonly (number | undefined)[], limitSeconds: number): string {
  const sorted = seconds.filter((each) => each !== undefined).sort((a, b) => a - b);
  const never = seconds.length - sorted.length;
  const median = sorted[Math.floor(sorted.length / 2)];
  const worst = sorted.at(-1);
  if (median === undefined || worst === undefined) return `never (watched for ${limitSeconds} s)`;
  const missing = never > 0 ? `, ${never} not by then` : "";
  return `median ${median.toFixed(2)} s, worst ${worst.toFixed(2)} s${missing}`;
}

function ours(authority: string) {
  return (folder: string) =>
    haproxyConfig({
      server: { name: "ubuntu-8gb-hil-1", address: HERE, memoryGb: 1 },
      servers: SERVERS,
      apiServers: SERVERS,
      postgres: { members: 3, certificateAuthority: authority },
      bind: { front: HERE },
      configurationDirectory: folder,
      runtimeDirectory: folder,
    });
}

/** The old system's settings that affect this measurement. */
function old(folder: string, checks: string, server: (ordinal: number) => string): string {
  return `global
  stats socket ${folder}/admin.sock level admin
  maxconn 3000
defaults
  mode tcp
  retries 3
  timeout connect 10s
  timeout client 1m
  timeout server 1m
  timeout check 10s
listen postgres
  bind ${HERE}:${SERVER_PORTS.postgresLeader}
  balance roundrobin
${checks}${[0, 1, 2].map((ordinal) => `  server postgres-${ordinal} ${HERE}:${NODE_PORTS.postgres + ordinal} check ${server(ordinal)}\n`).join("")}`;
}

/**
 * The live configuration on the old hosts: it only checks whether the port is open, and distributes sessions
 * round-robin.
 */
function tcpOnly(folder: string): string {
  return old(folder, "  default-server inter 5s rise 2 fall 3\n", () => "");
}

/** The configuration in the old compose stack, with corrected check ports. */
function roleAware(folder: string): string {
  const checks = `  option httpchk GET /primary
  http-check expect status 200
  default-server inter 3s fall 3 rise 2 on-marked-down shutdown-sessions check-ssl verify none
`;
  return old(
    folder,
    checks,
    (ordinal) => `port ${NODE_PORTS.patroniRest + ordinal}${ordinal > 0 ? " backup" : ""}`,
  );
}
