import type { DagJob } from "../../../../jobs/datasurface/stream-list";

/** DAGs of a test's own, beside those of the model's platforms. */
export interface Trials {
  /** As their platform is called, in lower case. */
  readonly name: string;
  /** What is different of the pod in which YellowLive's jobs run. */
  readonly podSpec?: object;
  /** Made from YellowLive's one stream. */
  readonly jobs: (stream: DagJob) => readonly DagJob[];
}

/** Stops at its first step, with a result of 1, and is done in its second run. */
export const HURRIED = "hurried";
/** Asks for a store that the model does not have. */
export const MISTAKEN = "mistaken";
/** May use less memory than its job needs to begin. */
export const STARVED = "starved";
/** May run for less time than its job needs where it waits. */
export const IMPATIENT = "impatient";

const withoutStore = ({ arguments: words }: DagJob) =>
  words.map((word) => (word === "Store1" ? "Nowhere" : word));

export const TRIALS: readonly Trials[] = [
  {
    name: "trials",
    jobs: (stream) => [
      { ...stream, dag: HURRIED, schedule: null, arguments: [...stream.arguments, "--max-seconds", "0"] },
      { ...stream, dag: MISTAKEN, schedule: null, arguments: withoutStore(stream) },
      {
        ...stream,
        dag: STARVED,
        schedule: null,
        arguments: withoutStore(stream), // it begins no batch, whenever it is killed
        resources: { requests: { memory: "24Mi" }, limits: { memory: "24Mi" } },
      },
    ],
  },
  {
    name: "trials-in-time",
    podSpec: { activeDeadlineSeconds: 30 },
    jobs: (stream) => [{ ...stream, dag: IMPATIENT, schedule: null }],
  },
];
