import { execFileSync } from "node:child_process";
import { program } from "../programs";

/** By it the rules of one run are known, whoever else has rules. */
const COMMENT = `trellis-${process.pid}`;

/** A condition of iptables, as its words. */
type Packets = readonly string[];

export const sentBy = (group: number): Packets => ["-m", "owner", "--gid-owner", String(group)];
export const toPorts = (...ports: readonly number[]): Packets => [
  "-m",
  "multiport",
  "--dports",
  ports.join(),
];
export const toAddress = (address: string): Packets => ["--destination", address];
export const fromAddress = (address: string): Packets => ["--source", address];
export const fromPorts = (...ports: readonly number[]): Packets => [
  "-m",
  "multiport",
  "--sports",
  ports.join(),
];

/**
 * Makes packets vanish on their way, as a cable does that is pulled: nobody is told, nothing is refused. On loopback, where
 * all members are at home, they are told apart by who sends them and by their ports.
 */
export class PacketFilter {
  readonly #dropped: Packets[] = [];

  drop(...conditions: readonly Packets[]): void {
    const packets = conditions.flat();
    iptables("--insert", packets);
    this.#dropped.push(packets);
  }

  /** Lets everything through again. */
  clear(): void {
    for (const packets of this.#dropped.splice(0)) iptables("--delete", packets);
  }
}

function iptables(verb: string, packets: Packets): void {
  const rule = ["-o", "lo", "-p", "tcp", ...packets, "-m", "comment", "--comment", COMMENT, "-j", "DROP"];
  execFileSync(program("iptables"), ["--wait", verb, "OUTPUT", ...rule], { stdio: "pipe" });
}
