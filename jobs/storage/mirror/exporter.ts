import {
  type Context,
  exporterReply,
  type GaugeFamily,
  type GaugeSample,
  type ObjectStore,
  reason,
  serve,
} from "../../shared";
import { RUNS, type Run, readState, type State } from "./state";

interface ExporterArgs {
  readonly host: string;
  readonly port: number;
  readonly reports: ObjectStore;
}

/** Serves metrics on the last runs, read from their reports: the pods of the runs have ended by then. */
export async function exportMetrics(args: ExporterArgs, context: Context): Promise<void> {
  await serve(
    {
      ...args,
      what: "the exporter of the mirror",
      reply: (url) => exporterReply(url, () => families(args.reports, context)),
    },
    context,
  );
}

async function families(reports: ObjectStore, { log }: Pick<Context, "log">): Promise<GaugeFamily[]> {
  try {
    const states = await Promise.all(RUNS.map(async (run) => [run, await readState(reports, run)] as const));
    const known = states.flatMap(([run, state]) => (state ? [{ run, state }] : []));
    return [up(true), ...mirrorFamilies(known)];
  } catch (error) {
    log.warn(`the reports cannot be read: ${reason(error)}`);
    return [up(false)];
  }
}

const up = (value: boolean) =>
  family("store_up", "Whether the reports of the mirror can be read", [{ value: Number(value) }]);

export function mirrorFamilies(
  known: readonly { readonly run: Run; readonly state: State }[],
): GaugeFamily[] {
  const ofRuns = (value: (state: State) => number | undefined): GaugeSample[] =>
    known.map(({ run, state }) => ({ labels: { run }, value: value(state) }));
  const counts = known.flatMap(({ run, state: { buckets } }) =>
    Object.entries(buckets).flatMap(([bucket, counted]) =>
      Object.entries(counted).map(([count, value]) => ({ labels: { run, bucket, count }, value })),
    ),
  );
  return [
    family(
      "run_timestamp",
      "When the last run of each kind was begun",
      ofRuns(({ at }) => seconds(at)),
    ),
    family(
      "success_timestamp",
      "When the last good run of each kind was begun: what was stored before is in the copy",
      ofRuns(({ goodAt }) => seconds(goodAt)),
    ),
    family(
      "run_good",
      "Whether the last run of each kind ended well",
      ofRuns(({ good }) => Number(good)),
    ),
    family(
      "run_duration_seconds",
      "How long the last run of each kind took",
      ofRuns((run) => run.seconds),
    ),
    family("count", "What the last run of each kind counted in each bucket", counts),
  ];
}

const seconds = (time: string | undefined) => (time === undefined ? undefined : Date.parse(time) / 1000);

const family = (name: string, help: string, samples: readonly GaugeSample[]): GaugeFamily => ({
  name: `trellis_mirror_${name}`,
  help,
  samples,
});
