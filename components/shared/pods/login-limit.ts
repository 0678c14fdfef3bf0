/** Traefik's average counts over so many minutes. */
const PERIOD_MINUTES = 5;

/**
 * Traefik's middleware by which one source address sends no more than so many requests in a minute.
 *
 * Traefik forgets an address that has been silent for the time in which it earns one request, and a second; then the whole
 * burst is open to it again. With a burst of a minute's requests, who pauses four seconds after each twenty tries three
 * hundred passwords a minute. So the burst is as small as all bursts of a minute together allow, and a fifth of the requests
 * is earned steadily: the slower they are earned, the longer Traefik remembers.
 */
export function loginLimit(perMinute: number) {
  const rememberedSeconds = 1 + Math.max(1, Math.floor((60 * PERIOD_MINUTES) / perMinute));
  const burstsInAMinute = Math.ceil(60 / rememberedSeconds);
  const steadyInAMinute = perMinute / PERIOD_MINUTES;
  return {
    rateLimit: {
      average: perMinute,
      period: `${PERIOD_MINUTES}m`,
      burst: Math.max(1, Math.floor(Math.min(perMinute / burstsInAMinute, perMinute - steadyInAMinute))),
    },
  };
}
