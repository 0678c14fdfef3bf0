import { isIP } from "node:net";
import { z } from "zod";
import type { Snapshot } from "./snapshot";

/** One member of the cluster, as it describes itself. */
export interface Member {
  readonly name: string;
  /** Where PostgreSQL listens; undefined where it does not say so by an IP address. */
  readonly address: string | undefined;
  /** Whether it takes sessions that read. */
  readonly readable: boolean;
}

/** Who leads, as one snapshot shows it. */
interface Topology {
  /** The holder of the leader key; the key is made anew with each change of leaders. */
  readonly leader: { readonly name: string; readonly since: number } | undefined;
  readonly members: readonly Member[];
  /** Whether a leader that is cut off from etcd may go on. */
  readonly failsafe: boolean;
}

/** What Patroni (4.1) keeps below /service/<scope>/: `leader`, `members/<name>`, `config`, and more. */
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
  // The same as Patroni's own answer at /replica.
  return { name, address: addressOf(conn_url), readable: state === "running" && !tags.noloadbalance };
}

/** postgres://10.42.1.7:5432/postgres; for IPv6 the address is in brackets. */
function addressOf(connUrl: string): string | undefined {
  if (!URL.canParse(connUrl)) return undefined;
  const host = new URL(connUrl).hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(host) ? host : undefined;
}

/** Whatever a key holds, discovery goes on with what can be understood. */
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
