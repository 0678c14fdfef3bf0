import {
  type Context,
  type DatabaseAddress,
  exporterReply,
  JobError,
  type KubernetesAccess,
  reason,
  serve,
} from "../shared";
import { REPORT_MARK } from "./config";
import { History, historyFamilies, trendOf } from "./history";
import type { Platform } from "./platform";
import { type DatabaseRole, type EtcdCertificate, openReaders } from "./readers";
import {
  EXIT_CODES,
  letIn,
  progressLine,
  type Report,
  reportOf,
  reportText,
  runChecks,
  statusText,
} from "./run";

interface Access {
  readonly platform: Platform;
  readonly kubernetes: KubernetesAccess | undefined;
  readonly logins: Readonly<Partial<Record<DatabaseRole, DatabaseAddress>>>;
  readonly authorities: { readonly file: string; readonly certificates: string } | undefined;
  readonly etcd: EtcdCertificate | undefined;
  readonly objectsToken: string | undefined;
  readonly deadlineSeconds: number;
}

interface HealthConfig extends Access {
  readonly namespace: string;
  readonly history: string | undefined;
  readonly json: boolean;
  readonly withJson: boolean;
  readonly scheduled: boolean;
}

/** Runs all checks; prints each as it ends, and then the report. */
export async function health(config: HealthConfig, context: Context): Promise<"done"> {
  const report = await examine(config, context, config.json ? undefined : (line) => context.print(line));
  const trend = await recorded(report, config, context);
  context.print(config.json ? JSON.stringify(report) : `\n${reportText(report, trend)}`);
  if (config.withJson) context.print(`${REPORT_MARK}${JSON.stringify(report)}`);
  endAs(report, config.scheduled);
  return "done";
}

/** Prints one screen. */
export async function status(config: Access & { readonly json: boolean }, context: Context): Promise<"done"> {
  const report = await examine(config, context);
  context.print(config.json ? JSON.stringify(report) : statusText(report));
  endAs(report, false);
  return "done";
}

/** @param onLine Takes a line for each check as it ends. */
async function examine(
  config: Access,
  { signal }: Pick<Context, "signal">,
  onLine?: (line: string) => void,
): Promise<Report> {
  const ended = new AbortController();
  const readers = openReaders(
    { ...config, patroni: config.platform.postgres.patroni, prometheus: config.platform.prometheus },
    AbortSignal.any([signal, ended.signal]),
  );
  const [at, started] = [new Date(), performance.now()];
  try {
    if (config.kubernetes) await letIn(readers, config.platform);
    const results = await runChecks({
      readers,
      platform: config.platform,
      deadlineSeconds: config.deadlineSeconds,
      ...(onLine && {
        onResult: ({ check, outcome, detail }, done, all) =>
          onLine(progressLine({ id: check.id, outcome, detail }, done, all)),
      }),
    });
    signal.throwIfAborted();
    return reportOf(results, at, (performance.now() - started) / 1000);
  } finally {
    ended.abort(); // whatever is still under way was not waited for
    await readers.close();
  }
}

/** Keeps the run where a history is configured. A history that cannot be written does not hide what was found. */
async function recorded(
  report: Report,
  { kubernetes, namespace, history: configMap }: HealthConfig,
  { log }: Context,
): Promise<string | undefined> {
  if (!configMap || !kubernetes) return undefined;
  const history = new History({ access: kubernetes, namespace, configMap });
  try {
    return trendOf(await history.add(report));
  } catch (error) {
    log.warn(reason(error));
    return undefined;
  } finally {
    history.close();
  }
}

function endAs({ verdict, counts }: Report, always: boolean): void {
  const code = EXIT_CODES[verdict];
  if (code === 0 || always) return;
  const { failed, warning, "not checked": unknown } = counts;
  throw new JobError(`${failed} failed, ${warning} warnings, ${unknown} not checked`, code);
}

interface MetricsConfig {
  readonly kubernetes: KubernetesAccess | undefined;
  readonly namespace: string;
  readonly history: string;
  readonly host: string;
  readonly port: number;
}

/** Serves the newest run to Prometheus: the pods of the runs are gone by then. */
export async function serveMetrics(config: MetricsConfig, context: Context): Promise<"done"> {
  const { kubernetes: access, namespace, history: configMap } = config;
  if (!access) throw new JobError("KUBERNETES_API is required outside of a pod: where the API server is", 2);
  const history = new History({ access, namespace, configMap });
  try {
    await serve(
      {
        ...config,
        what: "the exporter of the checks",
        reply: (url) => exporterReply(url, async () => historyFamilies(await history.read())),
      },
      context,
    );
  } finally {
    history.close();
  }
  return "done";
}
