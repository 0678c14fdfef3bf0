import { AirflowOnKubernetes, HURRIED, TRIALS } from "../test/rigs/airflow/on-kubernetes";
import { eventually } from "../test/rigs/waiting";

const PATIENCE_MS = 600_000;
const WORK = "snapshot_merge_job";

interface Round {
  /** Seconds from a trigger to its pod. */
  readonly untilPod: number;
  /** Seconds from a result of 1 to the start of the next run. */
  readonly untilNextRun: number;
}

/** Measures Airflow's latency and memory in pods of a real Kubernetes on this machine. */
export async function inCluster(rounds: number): Promise<void> {
  const airflow = await AirflowOnKubernetes.start(TRIALS);
  try {
    await airflow.api.known(HURRIED);
    const seen: Round[] = [];
    for (let each = 0; each < rounds; each++) seen.push(await round(airflow));
    console.log(`\nseconds in ${rounds} rounds                            median  worst`);
    tell(
      "from a trigger to its pod",
      seen.map(({ untilPod }) => untilPod),
    );
    tell(
      "from a result of 1 to the beginning of the next run",
      seen.map(({ untilNextRun }) => untilNextRun),
    );
    console.log("\nmemory, MiB");
    for (const [pod, bytes] of await memoryOf(airflow)) {
      console.log(`${pod.padEnd(48)} ${(bytes / 2 ** 20).toFixed(0).padStart(5)}`);
    }
  } finally {
    await airflow.stop();
  }
}

/** One run that ends with result 1, and the run that follows it. */
async function round(airflow: AirflowOnKubernetes): Promise<Round> {
  const { api } = airflow;
  const before = new Set((await api.runs(HURRIED)).map(({ dag_run_id }) => dag_run_id));
  const began = performance.now();
  const first = await api.trigger(HURRIED);
  await eventually("a pod", PATIENCE_MS, async () => (await airflow.jobPods(HURRIED)).length > 0); // old pods are gone
  const untilPod = (performance.now() - began) / 1000;
  const next = await eventually("the next run has begun", PATIENCE_MS, async () =>
    (await api.runs(HURRIED)).find(
      ({ dag_run_id, start_date }) => !before.has(dag_run_id) && dag_run_id !== first && start_date !== null,
    ),
  );
  const work = (await api.taskInstances(HURRIED, first)).find(({ task_id }) => task_id === WORK);
  await api.ended(HURRIED, next.dag_run_id);
  return {
    untilPod,
    untilNextRun: (Date.parse(next.start_date ?? "") - Date.parse(work?.end_date ?? "")) / 1000,
  };
}

function tell(what: string, seconds: readonly number[]): void {
  const sorted = [...seconds].sort((one, other) => one - other);
  const columns = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  const numbers = columns.map((each) => (each ?? Number.NaN).toFixed(1).padStart(6));
  console.log([what.padEnd(52), ...numbers].join(" "));
}

/** The working set of each pod, as the kubelet reports it. */
async function memoryOf({ cluster }: AirflowOnKubernetes): Promise<[string, number][]> {
  const summary = await cluster.run(["get", "--raw", "/api/v1/nodes/node-1/proxy/stats/summary"]);
  const { pods } = JSON.parse(summary) as {
    pods: { podRef: { name: string; namespace: string }; memory?: { workingSetBytes?: number } }[];
  }; // safe: the kubelet documents this format
  return pods
    .filter(({ podRef }) => podRef.namespace === "airflow")
    .map(({ podRef, memory }): [string, number] => [podRef.name, memory?.workingSetBytes ?? 0])
    .sort();
}
