import { beforeAll, expect, it } from "vitest";
import { type ReadDags, readDags } from "../../support/airflow";
import { folderOf } from "../../support/airflow-model";
import { describeWith } from "../../support/programs";

type Damage = readonly [what: string, file: string, damage: (text: string) => string, error: RegExp];

/** What is put into a file of YellowForensic, and what the import error must say. */
const DAMAGED: readonly Damage[] = [
  [
    "cut in the middle",
    "yellowforensic.json",
    (text) => text.slice(0, 200),
    /is not understood: the file: .*JSON/,
  ],
  ["empty", "yellowforensic.streams.json", () => "", /is not understood: the file/],
  [
    "of a later version",
    "yellowforensic.json",
    (text) => text.replace('"version": 1', '"version": 2'),
    /version: Input should be 1/,
  ],
  [
    "with a word too many",
    "yellowforensic.json",
    (text) => text.replace('"namespace"', '"sidecar": true, "namespace"'),
    /sidecar: Extra inputs/,
  ],
  [
    "with a number for a text",
    "yellowforensic.streams.json",
    (text) => text.replace('"* * * * *"', "60"),
    /ingestion\.0\.schedule: Input should be a valid string/,
  ],
  [
    "with a cron that is none",
    "yellowforensic.streams.json",
    (text) => text.replace("* * * * *", "* * * *"),
    /schedule: .*\* \* \* \* is no cron expression/,
  ],
  [
    "with one DAG twice",
    "yellowforensic.streams.json",
    (text) => text.replace(/\n(\{.*\})\n/, "\n$1,\n$1\n"),
    /two streams would make the DAG yellowforensic__Store1_ingestion/,
  ],
  [
    "with a variable of two origins",
    "yellowforensic.streams.json",
    (text) => text.replace('"secret":{', '"value":"x","secret":{'),
    /either a value or a secret/,
  ],
];

const LIVE = ["yellowlive__Store1_ingestion", "yellowlive_infrastructure"];

/** One folder in which YellowForensic lies once with each damage, under a name of its own. */
function damagedFolder(): Record<string, string> {
  const { "yellowforensic.py": loader = "", ...files } = folderOf();
  const copies = DAMAGED.flatMap(([, damaged, damage], index) =>
    ["yellowforensic.json", "yellowforensic.streams.json"].map((file) => {
      const text = files[file] ?? "";
      const written = file === damaged ? damage(text) : text;
      if (file === damaged && written === text) throw new Error(`damage ${index} changes nothing`);
      return [file.replace("yellowforensic", `copy${index}`), written];
    }),
  );
  const loaders = DAMAGED.map((_, index) => [
    `copy${index}.py`,
    loader.replaceAll("yellowforensic", `copy${index}`),
  ]);
  return { ...files, ...Object.fromEntries([...copies, ...loaders]) };
}

describeWith(["airflow"], "a damaged specification", () => {
  let read: ReadDags;
  beforeAll(async () => {
    read = await readDags(damagedFolder(), "--brief");
  });

  it.each(DAMAGED.map(([what, file, , error], index) => [what, file, error, index] as const))(
    "%s (%s) gives one clear import error",
    (_, file, error, index) => {
      const told = read.importErrors[`copy${index}.py`] ?? "";
      expect(told).toMatch(error);
      expect(told).toContain(file.replace("yellowforensic", `copy${index}`));
    },
  );

  it("never costs another platform its DAGs", () => {
    expect(Object.keys(read.importErrors)).toHaveLength(DAMAGED.length);
    expect(Object.keys(read.dags)).toEqual(expect.arrayContaining(LIVE));
    expect(Object.keys(read.dags)).not.toContain("yellowforensic__Store1_ingestion");
  });
});
