import { USUAL } from "./schema";
import { valueAt } from "./schema-at";

/** What each system has of the usual databases, buckets and applications of object storage. */
const OWNED = {
  airflow: { databases: ["airflow_db"], buckets: ["airflow-logs"], applications: ["airflow"] },
  rain: { databases: ["rain"], buckets: ["rain-files"], applications: ["rain"] },
  datasurface: { databases: ["datasurface_merge"], buckets: [], applications: [] },
} as const;

/** Where the settings can name databases, buckets and applications themselves. */
const PLACES = [
  { block: "postgres", name: "databases" },
  { block: "minio", name: "buckets" },
  { block: "minio", name: "applications" },
] as const;

/**
 * The raw settings, where a system that is `false` has no share of the usual databases, buckets and applications. What a
 * file names itself stays: it may have data that somebody wants to keep.
 */
export function withoutSystemsOff(raw: unknown): unknown {
  const off = Object.entries(OWNED).filter(([system]) => valueAt(raw, [system]) === false);
  if (off.length === 0 || !isBlock(raw)) return raw;
  const settings: Record<string, unknown> = { ...raw };
  for (const { block, name } of PLACES) {
    const given = settings[block] ?? {};
    if (!isBlock(given) || given[name] !== undefined) continue;
    const gone = new Set<string>(off.flatMap(([, owned]) => owned[name]));
    const left = Object.entries(USUAL[name]).filter(([each]) => !gone.has(each));
    settings[block] = { ...given, [name]: Object.fromEntries(left) };
  }
  return settings;
}

const isBlock = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
