import { z } from "zod";
import { JobError, type KubernetesAccess, KubernetesApi, refusalOf } from "../../shared";
import { CHECKS, OUTCOMES } from "../checks";
import { type Report, reportOf } from "../run";

/** One run, as the history keeps it: ids and counts, no details. */
const entry = z.strictObject({
  at: z.iso.datetime(),
  score: z.int(),
  verdict: z.string(),
  seconds: z.number(),
  failed: z.array(z.string()),
  warnings: z.array(z.string()),
  notChecked: z.array(z.string()),
  passed: z.int(),
});
export type HistoryEntry = z.output<typeof entry>;

/** What each check of a run found. */
const findings = z.strictObject({
  at: z.iso.datetime(),
  seconds: z.number(),
  checks: z.array(
    z.strictObject({ id: z.string(), outcome: z.enum(OUTCOMES), detail: z.string(), seconds: z.number() }),
  ),
});

const KEY = "history.json";
/** The findings of the newest run alone, for the page. */
const NEWEST_KEY = "newest.json";

/** A week of hourly runs; each takes a few hundred bytes of the ConfigMap's mebibyte. */
export const KEPT_RUNS = 168;

/** Where a history is kept. */
export interface HistoryPlace {
  readonly access: KubernetesAccess;
  readonly namespace: string;
  /** Name of the ConfigMap; the program creates it, and its content is ours. */
  readonly configMap: string;
}

const configMap = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  data: z.record(z.string(), z.string()).nullish(),
});

/** The last runs, newest first, in a ConfigMap. */
export class History {
  readonly #place: HistoryPlace;
  readonly #api: KubernetesApi;

  constructor(place: HistoryPlace) {
    this.#place = place;
    this.#api = new KubernetesApi(place.access);
  }

  async read(): Promise<readonly HistoryEntry[]> {
    return (await this.#read()).entries;
  }

  /** The runs, and the report of the newest one. */
  async newest(): Promise<{ readonly runs: readonly HistoryEntry[]; readonly report: Report | undefined }> {
    const { entries, newest } = await this.#read();
    return { runs: entries, report: newest };
  }

  /** Adds a run and drops the oldest. Another run at the same time makes this one read and try again. */
  async add(report: Report): Promise<readonly HistoryEntry[]> {
    for (let attempt = 1; ; attempt++) {
      const { entries, resourceVersion } = await this.#read();
      const kept = [entryOf(report), ...entries].slice(0, KEPT_RUNS);
      const answer = await this.#api.request("PATCH", this.#path, {
        contentType: "application/merge-patch+json",
        content: {
          metadata: { resourceVersion },
          data: { [KEY]: JSON.stringify(kept), [NEWEST_KEY]: JSON.stringify(findingsOf(report)) },
        },
      });
      if (answer.status === 200) return kept;
      if (answer.status !== 409 || attempt === 5)
        throw new JobError(`the history ${this.#name} cannot be written: ${refusalOf(answer)}`);
    }
  }

  close(): void {
    this.#api.close();
  }

  async #read() {
    const answer = await this.#api.request("GET", this.#path);
    if (answer.status !== 200)
      throw new JobError(`the history ${this.#name} cannot be read: ${refusalOf(answer)}`);
    const { metadata, data } = configMap.parse(JSON.parse(answer.body));
    return {
      entries: entriesIn(data?.[KEY]),
      newest: reportIn(data?.[NEWEST_KEY]),
      resourceVersion: metadata.resourceVersion,
    };
  }

  get #name(): string {
    return `${this.#place.namespace}/${this.#place.configMap}`;
  }

  get #path(): string {
    return `/api/v1/namespaces/${this.#place.namespace}/configmaps/${this.#place.configMap}`;
  }
}

/** A history that cannot be read, because a person changed it, begins anew. */
function entriesIn(text: string | undefined): HistoryEntry[] {
  try {
    return z.array(entry).parse(JSON.parse(text ?? "[]"));
  } catch {
    return [];
  }
}

function findingsOf({ at, seconds, checks }: Report): z.output<typeof findings> {
  return {
    ...{ at, seconds },
    checks: checks.map(({ id, outcome, detail, seconds: took }) => ({ id, outcome, detail, seconds: took })),
  };
}

/** The report of kept findings. What a check means and what to do comes from the check; one that is gone is left out. */
function reportIn(text: string | undefined): Report | undefined {
  try {
    const { at, seconds, checks } = findings.parse(JSON.parse(text ?? ""));
    const results = checks.flatMap(({ id, ...found }) => {
      const check = CHECKS.find((each) => each.id === id);
      return check ? [{ check, ...found }] : [];
    });
    return reportOf(results, new Date(at), seconds);
  } catch {
    return undefined;
  }
}

function entryOf({ at, score, verdict, seconds, counts, checks }: Report): HistoryEntry {
  const idsOf = (outcome: string) => checks.filter((each) => each.outcome === outcome).map(({ id }) => id);
  return {
    at,
    score,
    verdict,
    seconds,
    failed: idsOf("failed"),
    warnings: idsOf("warning"),
    notChecked: idsOf("not checked"),
    passed: counts.ok,
  };
}

/** How a run compares with the one before it. */
export function trendOf([newest, before]: readonly HistoryEntry[]): string {
  if (!newest || !before) return "no earlier run is known";
  const all = (run: HistoryEntry) => [...run.failed, ...run.warnings, ...run.notChecked];
  const fresh = all(newest).filter((id) => !all(before).includes(id));
  const gone = all(before).filter((id) => !all(newest).includes(id));
  return [
    `${before.score}% at ${before.at}`,
    ...(fresh.length > 0 ? [`new: ${fresh.join(", ")}`] : []),
    ...(gone.length > 0 ? [`mended: ${gone.join(", ")}`] : []),
  ].join("; ");
}
