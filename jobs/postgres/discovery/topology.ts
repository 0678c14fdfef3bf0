import { isIP } from "node:net";
import { z } from "zod";
import type { Snapshot } from "./snapshot";

/** One member of the cluster, according to its own entry. */
export interface Member {
  readonly name: string;
  /** The IP address of PostgreSQL; undefined where the entry contains none. */
  readonly address: string | undefined;
  /** Whether it accepts read sessions. */
  readonly readable: boolean;
}

/** The leader and the members in one snapshot. */
interface Topology {
  /** The holder of the leader key; the key is recreated with each change of leaders. */
  readonly leader: { readonly name: string; readonly since: number } | undefined;
  readonly members: readonly Member[];
  /** Whether a leader that cannot reach etcd may continue. */
  readonly failsafe: boolean;
}

/** Reads what Patroni (4.1) keeps below /service/<scope>/: `leader`, `members/<name>`, `config`, and more. */
export function topologyOf({ entries }: Snapshot): Topology {
  const leader = entries.get("leader");
  return {
    leader: leader && { name: leader.value, since: leader.createRevision },
    members: [...entries]
      .filter(([key]) => key.startsWith("members/"))
      .map(([key, { value }]) => memberOf(key.slice("members/".length), value))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    failsafe: configuration.parse(parsed(entries.get("config")?.value)).failsafe_mode,
  };
}

function memberOf(name: string, text: string): Member {
  const { conn_url, state, tags } = description.parse(parsed(text));
  // The same condition as Patroni's /replica.
  return { name, address: addressOf(conn_url), readable: state === "running" && !tags.noloadbalance };
}

/** postgres://10.42.1.7:5432/postgres; for IPv6 the address is in brackets. */
function addressOf(connUrl: string): string | undefined {
  if (!URL.canParse(connUrl)) return undefined;
  const host = new URL(connUrl).hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(host) ? host : undefined;
}

/** Invalid JSON in a key must not stop discovery: the key counts as unreadable. */
function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "{}");
  } catch {
    return {};
  }
}

const configuration = z.object({ failsafe_mode: z.boolean().catch(false) }).catch({ failsafe_mode: false });

const description = z
  .object({
    conn_url: z.string().catch(""),
    state: z.string().catch(""),
    tags: z.object({ noloadbalance: z.boolean().catch(false) }).catch({ noloadbalance: false }),
  })
  .catch({ conn_url: "", state: "", tags: { noloadbalance: false } });
