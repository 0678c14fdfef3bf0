import type { Platform } from "../../platform";
import { Metrics, type Readers, Unanswered } from "../../readers";

/** What one member answers for itself. */
export interface MemberState {
  readonly name: string;
  /** Why the member is not healthy, in etcd's words; undefined for a healthy one. */
  readonly unhealthy: string | undefined;
  /** Undefined where the member does not answer. */
  readonly metrics: Metrics | undefined;
}

export function memberStates({ etcd: reader }: Readers, { etcd }: Platform): Promise<readonly MemberState[]> {
  return Promise.all(
    etcd.members.map(async ({ name, metrics: url }) => {
      try {
        const { body } = await reader.get(name, new URL("/health", url).href);
        const { health, reason = "" } = JSON.parse(body) as { health?: string; reason?: string };
        return {
          name,
          unhealthy: health === "true" ? undefined : reason || "it reports that it is not healthy",
          metrics: new Metrics(await reader.text(name, new URL("/metrics", url).href)),
        };
      } catch (error) {
        const why = error instanceof Unanswered ? error.why : "its answer is not etcd's";
        return { name, unhealthy: `no answer: ${why}`, metrics: undefined };
      }
    }),
  );
}

/** The members that answer. Where none does, what a check asks is unknown. */
export async function answering(readers: Readers, platform: Platform) {
  const states = await memberStates(readers, platform);
  const known = states.flatMap(({ name, metrics }) => (metrics ? [{ name, metrics }] : []));
  if (known.length === 0) throw new Unanswered("etcd", "no member answers");
  return known;
}

/** etcd's own words for an exceeded quota and for data that differs between members. */
export const ALARM = /ALARM|NOSPACE|CORRUPT/;
