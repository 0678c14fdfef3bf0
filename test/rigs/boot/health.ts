import { createHash } from "node:crypto";
import type { MachineFacts } from "../../../components/servers/machine-parts";
import { eventually } from "../waiting";
import type { Server } from "./server";
import { OUTSIDE } from "./site";

/** A limit for a machine that has other work; the figures that the tests print are what a boot takes. */
const ENOUGH_MS = 240_000;

/** The units of a server that must be active, by what it is. */
export function unitsOf(kind: { readonly etcd: boolean; readonly floatingIp: boolean }): string[] {
  return [
    ...["trellis-metadata-guard.service", "ssh.service", "haproxy.service", "k3s.service"],
    ...(kind.etcd
      ? ["etcd.service", "etcd-access.timer", "etcd-snapshot.timer", "etcd-defragment.timer"]
      : []),
    ...(kind.floatingIp ? ["keepalived.service"] : []),
  ];
}

/**
 * Waits until a server has ended its first boot, its units are active and none has failed.
 * @returns Seconds since its power went on.
 */
export async function allUnits(server: Server, units: readonly string[]): Promise<number> {
  let state = "";
  try {
    await eventually(`all units of ${server.name} are active`, ENOUGH_MS, () => isWhole(), 250);
  } catch (error) {
    throw new Error(`${server.name} is not whole: ${state}\n${server.console()}`, { cause: error });
  }
  return (Date.now() - server.poweredOnAt) / 1000;

  async function isWhole(): Promise<boolean> {
    state = (
      await server
        .run(
          `systemctl is-system-running
        systemctl is-active ${units.join(" ")} | grep --invert-match --line-regexp active
        systemctl --failed --plain --no-legend
        [ -e /var/lib/trellis/ready ] || echo 'the first boot has not ended'
        cloud-init status`,
        )
        .catch((error: { stdout?: string }) => error.stdout || String(error))
    ).trim();
    return state === "running\nstatus: done";
  }
}

/** What etcd says: its members' health, whether access is restricted, and what a stranger to the cluster is told. */
export async function etcdStatus(server: Server): Promise<{ healthy: number; authentication: boolean }> {
  const health = await server.run("trellis-etcd ctl endpoint health 2>&1 || :");
  const status = await server.run("trellis-etcd ctl auth status");
  return {
    healthy: health.split("\n").filter((line) => line.includes("is healthy")).length,
    authentication: status.includes("Authentication Status: true"),
  };
}

/** The servers that have the floating IP on an interface. */
export async function floatingIpHolders(servers: readonly Server[]): Promise<string[]> {
  const holders: string[] = [];
  for (const server of servers) {
    const command = ". /etc/trellis/floating-ip.conf; ip -o address show to $FLOATING_IP";
    if ((await server.run(command)) !== "") holders.push(server.name);
  }
  return holders;
}

/** Whether a user reaches the metadata service, by IPv4 and IPv6. */
export async function reachesMetadata(server: Server, user: string): Promise<string[]> {
  const ask = (host: string) =>
    server.run(`curl --silent --fail --max-time 3 'http://${host}/hetzner/v1/userdata' || :`, { user });
  return Promise.all([ask(OUTSIDE.metadata), ask(`[${OUTSIDE.metadata6}%eth0]`)]);
}

/** The files that hold one of the secrets and that a user may read. */
export async function filesWith(server: Server, secrets: readonly string[], user: string): Promise<string[]> {
  const folders = "/etc /var /usr/local /run /root /home /tmp /opt";
  const flags = "--recursive --files-with-matches --fixed-strings --binary-files=text --devices=skip";
  const found = await server.run(`grep ${flags} --file=- ${folders} 2>/dev/null || :`, {
    user,
    input: secrets.join("\n"),
  });
  return found.split("\n").filter((line) => line !== "");
}

/** Looks at the arguments of all processes, many times a second, until it is told to end. */
export function watchArguments(server: Server, secrets: readonly string[]): () => string[] {
  const found = new Set<string>();
  const timer = setInterval(() => {
    for (const line of server.processArguments()) {
      if (secrets.some((secret) => line.includes(secret))) found.add(line.replaceAll("\0", " "));
    }
  }, 40);
  return () => {
    clearInterval(timer);
    return [...found];
  };
}

/** Everything that must be known to nobody: passwords, tokens, and a line of each private key. */
export function secretsOf({ hcloudToken, patroniPassword, snapshotStore, ...facts }: MachineFacts): string[] {
  const { serverToken, agentToken, secretsEncryptionKey, tunnelKey } = facts.joinSecrets;
  const keys = [facts.etcdUsers.root.key, facts.etcdUsers.k3s.key, facts.authorities.server.key];
  const lines = keys.map((pem) => pem.split("\n")[1]);
  return [
    ...[hcloudToken, patroniPassword, snapshotStore?.secretKey, ...lines],
    ...[serverToken, agentToken, secretsEncryptionKey, tunnelKey],
  ].filter((each): each is string => each !== undefined);
}

/**
 * What a server is: its enabled units, installed packages, users, and every file of configuration and every program,
 * with owners, modes and digests. Two boots of the same user data give the same.
 */
export async function fingerprint(server: Server): Promise<string> {
  const text = await server.run(
    `systemctl list-unit-files --state=enabled --no-legend --plain
    dpkg-query --show --showformat '\${Package} \${Version} \${db:Status-Status}\\n'
    cut -d : -f 1,3,7 /etc/passwd | sort
    cd / && find etc/etcd etc/trellis etc/haproxy etc/keepalived etc/rancher etc/systemd etc/sysctl.d etc/apt etc/ssh/sshd_config.d \
      usr/local var/lib/rancher var/lib/trellis/setup -printf '%p %m %u:%g ' -a '(' -type f -exec sha256sum '{}' ';' -o -printf '\\n' ')' | sort
    ls var/lib/trellis /usr/sbin/policy-rc.d 2>/dev/null | sort || :`,
  );
  return text;
}

export const digest = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 12);
