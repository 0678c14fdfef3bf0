import { setTimeout as wait } from "node:timers/promises";
import type { Platform } from "../platform";
import { type Place, placeOf, type Readers } from "../readers";

const LIMIT_MS = 6_000;
const PAUSE_MS = 200;

/**
 * Waits until the network policies of the servers know this new pod: until then they refuse its connections, and a
 * refusal proves nothing. What is still refused after that time is refused by the program itself.
 */
export async function letIn(
  { http }: Pick<Readers, "http">,
  platform: Platform,
  limitMs = LIMIT_MS,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  await Promise.all(
    placesOf(platform).map(async ({ host, port }) => {
      while ((await http.reach(host, port, limitMs)) === "closed" && performance.now() < deadline)
        await wait(PAUSE_MS);
    }),
  );
}

/** Every address that the checks may reach. */
function placesOf({ postgres, objects, etcd, kubernetes, ...rest }: Platform): Place[] {
  const { backups, mirror, airflow, rain, gardenos, prometheus } = rest;
  const urls = [
    ...[postgres.patroni, postgres.archive, objects.url, backups?.metrics, mirror],
    ...[airflow?.url, rain?.url, prometheus, ...Object.values(gardenos ?? {})],
    ...[...etcd.members.map(({ metrics }) => metrics), ...kubernetes.apiServers],
  ].filter((url) => url !== undefined);
  return [
    postgres.primary,
    postgres.replica,
    ...[...new Set(urls.map((url) => new URL(url).origin))].map(placeOf),
  ];
}
