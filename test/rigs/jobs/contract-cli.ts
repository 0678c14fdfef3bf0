import { setTimeout as wait } from "node:timers/promises";
import {
  type Domain,
  type DomainEntry,
  database,
  flag,
  JobError,
  verb,
  wholeNumber,
  withDatabase,
} from "../../../jobs/shared";
import { main } from "../../../jobs/supervisor";

/** Jobs that end in every way a job can end; the tests of the result contract run this file as the binary. */
const endings: Domain = {
  name: "endings",
  summary: "every way to end",
  verbs: [
    verb({ name: "succeed", summary: "does its work", settings: {}, run: async () => "done" }),
    verb({ name: "go-on", summary: "has more to do", settings: {}, run: async () => "again" }),
    verb({
      name: "count",
      summary: "wants a number",
      settings: { times: flag("--times <n>", "how often", wholeNumber({ min: 1 })) },
      run: async () => "done",
    }),
    verb({
      name: "refuse",
      summary: "meets what a user can mend",
      settings: {},
      run: async () => {
        throw new JobError("the table has no key; name one");
      },
    }),
    verb({
      name: "break",
      summary: "has a fault",
      settings: {},
      run: async () => {
        throw new TypeError("undefined is not a batch");
      },
    }),
    verb({
      name: "answer",
      summary: "prints a report",
      settings: {},
      answersOnStdout: true,
      run: async (_, { print }) => {
        print('{"streams":[]}');
        return "done";
      },
    }),
    verb({
      name: "wait",
      summary: "waits until it is stopped",
      settings: {},
      run: async (_, { print, signal }) => {
        print(`waiting as ${process.pid}`);
        await wait(600_000, undefined, { signal });
        return "done";
      },
    }),
    verb({
      name: "exhaust",
      summary: "uses more memory than there is",
      settings: {},
      run: async () => {
        const hoard: string[][] = [];
        for (;;) hoard.push(Array.from({ length: 100_000 }, (_, index) => `${index}`));
      },
    }),
    verb({
      name: "crash",
      summary: "dies outside of any promise",
      settings: {},
      run: () =>
        new Promise(() => {
          setImmediate(() => {
            throw new Error("nobody caught this");
          });
        }),
    }),
    verb({
      name: "query",
      summary: "opens a database",
      settings: { merge: database("MERGE", "the merge database") },
      run: async ({ merge }) => {
        await withDatabase(merge, { purpose: "the merge database", applicationName: "test" }, (open) =>
          open.query("SELECT pg_terminate_backend(pg_backend_pid())"),
        );
        return "done";
      },
    }),
  ],
};

const entries: DomainEntry[] = [
  { name: "endings", summary: endings.summary, resultMarker: "RESULT", load: async () => endings },
  {
    name: "heavy",
    summary: "must not be loaded by the others",
    load: () => {
      throw new Error("loaded without need");
    },
  },
];

await main(process.argv.slice(2), entries, () => import("../../../jobs/shared"));
