import { createHash } from "node:crypto";

/** A number below `limit`, derived from the key. */
export function numberFor(key: string, limit: number): number {
  return createHash("sha256").update(key).digest().readUIntBE(0, 6) % limit;
}

/** A hexadecimal string of the given length, derived from the key. */
export function hexFor(key: string, length: number): string {
  return createHash("sha512").update(key).digest("hex").slice(0, length);
}

/** Address ranges reserved for documentation (RFC 5737), so an address of a plan never belongs to a real host. */
const DOCUMENTATION_RANGES = ["203.0.113", "198.51.100"];
/** The range for very large plans (RFC 2544, reserved for benchmarks). */
const OVERFLOW_RANGE = "198.18";
const HOSTS = 254;

/**
 * Assigns the IDs and addresses that a cloud would assign. Each value is derived from a name, so the same plan always
 * has the same values. If two names give the same value, the later one gets the next free value.
 */
export class World {
  readonly #taken = new Set<string>();
  readonly #addresses = new Map<string, string>();

  /** A numeric ID like Hetzner's. */
  id(key: string): string {
    return this.#claim(key, 90_000_000, (index) => String(10_000_000 + index));
  }

  ipv4(key: string): string {
    const candidates = HOSTS * DOCUMENTATION_RANGES.length;
    const address = (index: number) =>
      `${DOCUMENTATION_RANGES[Math.floor(index / HOSTS)]}.${(index % HOSTS) + 1}`;
    return this.#claim(key, candidates, address, (index) => `${OVERFLOW_RANGE}.${index >> 8}.${index & 255}`);
  }

  /** A /64 prefix of the IPv6 documentation range (RFC 3849), without the host part: `2001:db8:1:2`. */
  ipv6Prefix(key: string): string {
    return this.#claim(key, 2 ** 32, (index) => {
      const groups = [index >>> 16, index & 0xffff].map((group) => group.toString(16));
      return `2001:db8:${groups.join(":")}`;
    });
  }

  /** Stores the address of a resource by its ID, for resources that refer to it. */
  rememberAddress(id: string, address: string): void {
    this.#addresses.set(id, address);
  }

  addressOf(id: unknown): string | undefined {
    return this.#addresses.get(String(id));
  }

  #claim(
    key: string,
    candidates: number,
    render: (index: number) => string,
    overflow?: (index: number) => string,
  ): string {
    const start = numberFor(key, candidates);
    for (let probe = 0; probe < candidates; probe++) {
      const claimed = this.#tryClaim(render((start + probe) % candidates));
      if (claimed) return claimed;
    }
    for (let index = 1; overflow && index < 2 ** 16; index++) {
      const claimed = this.#tryClaim(overflow(index));
      if (claimed) return claimed;
    }
    throw new Error(`nothing is left to hand out for ${key}`);
  }

  #tryClaim(value: string): string | undefined {
    if (this.#taken.has(value)) return undefined;
    this.#taken.add(value);
    return value;
  }
}
