/**
 * The checks balance two aims: detect a leader change fast, and do not drop a healthy leader. The old leader answers
 * 503 or nothing from its demotion on. The new one answers 200 from its promotion on. In between there is no leader.
 *
 * - The new leader is up after one good answer: within one interval.
 * - The old leader is down after two bad answers, 200 ms apart: within one interval and 200 ms. A single bad answer may
 *   be a restart of Patroni's REST API; reacting to it would cut every session.
 * - A check without an answer fails after two seconds, because a busy leader may need that long. So a frozen leader is
 *   down after at most 5.2 s, long before Patroni promotes another member (its ttl is at least 20 s).
 */
export const NEAR_PATH = "fall 2 rise 1";
export const LEADER_SILENCE_MS = 2000;

/** The path through another server is down after one bad answer, and up after three good ones: after the near path. */
export const FAR_PATH = "fall 1 rise 3";

/** One check interval plus the time limit of a check. */
export const SETTLING_SECONDS = 3;

const INTERVAL_MS = 1000;

/** The most checks per second for one member's REST API. It is a Python process; a check with TLS takes about 2 ms. */
const MOST_CHECKS_A_SECOND = 60;

/** Each HAProxy checks each member for two roles through two paths. */
const QUESTIONS = 4;

/** One second for up to 15 servers, longer for more: the HAProxy of every server checks every member. */
export function checkIntervalMs(servers: number): number {
  return Math.max(INTERVAL_MS, Math.ceil((servers * QUESTIONS * 1000) / MOST_CHECKS_A_SECOND));
}
