/**
 * How fast a leader change is noticed, against how easily a healthy leader is given up. The old leader answers 503 or
 * not at all from its demotion on, the new one 200 from its promotion on; in between there is no leader to follow.
 *
 * - The new leader is in after one answer: within one interval.
 * - The old one is out after two bad answers, the second 200 ms after the first: within one interval and 200 ms.
 *   One alone may be a restart of Patroni's REST API, and would cut every session.
 * - Silence is no answer: a busy leader may take two seconds for each of two checks. So a frozen one is out after at
 *   most 5.2 s, long before Patroni lets another lead (its ttl is at least 20 s).
 */
export const NEAR_PATH = "fall 2 rise 1";
export const LEADER_SILENCE_MS = 2000;

/** The way round by another server is doubted at once and trusted late, so that it never comes before the near one. */
export const FAR_PATH = "fall 1 rise 3";

/** A check interval, and the time for an answer. */
export const SETTLING_SECONDS = 3;

const INTERVAL_MS = 1000;

/** Checks a second that one member's REST API, a Python process, may spend its time on: about 2 ms each, with TLS. */
const MOST_CHECKS_A_SECOND = 60;

/** Each HAProxy asks each member for two roles by two paths. */
const QUESTIONS = 4;

/** A second, up to 15 servers; then longer, because every server has an HAProxy that checks every member. */
export function checkIntervalMs(servers: number): number {
  return Math.max(INTERVAL_MS, Math.ceil((servers * QUESTIONS * 1000) / MOST_CHECKS_A_SECOND));
}
