import { beforeAll, expect, it } from "vitest";
import { type ReadDags, readDags } from "../../../../rigs/airflow/airflow";
import { folderOf } from "../../../../rigs/airflow/model";
import { describeWith } from "../../../../rigs/programs";

type Damage = readonly [what: string, file: string, damage: (text: string) => string, error: RegExp];

/** What is put into a file of YellowForensic, and what the import error must say. */
const DAMAGED: readonly Damage[] = [
  [
    "cut in the middle",
    "yellowforensic.json",
    (text) => text.slice(0, 200),
    /is not valid: the file: .*JSON/,
  ],
  ["empty", "yellowforensic.streams.json", () => "", /is not valid: the file/],
  [
    "of a later version",
    "yellowforensic.json",
    (text) => text.replace('"version": 2', '"version": 3'),
    /version: Input should be 2/,
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
    /schedule: .*\* \* \* \* is not a cron expression/,
  ],
  [
    "with one DAG twice",
    "yellowforensic.streams.json",
    (text) => text.replace(/\n(\{.*\})\n/, "\n$1,\n$1\n"),
    /two streams would create the DAG yellowforensic__Store1_ingestion/,
  ],
  [
    "with a variable of two origins",
    "yellowforensic.streams.json",
    (text) => text.replace('"secret":{', '"value":"x","secret":{'),
    /a value or a secret/,
  ],
];

const LIVE = ["yellowlive__Store1_ingestion", "yellowlive_infrastructure"];

/** The file of DAGs that reads a specification, and tells of its damage. */
const readerOf = (file: string) => file.replace(/\.streams\.json$/, "_streams.py").replace(/\.json$/, ".py");

/** One folder in which YellowForensic lies once with each damage, under a name of its own. */
function damagedFolder(): Record<string, string> {
  const { "yellowforensic.py": daily = "", "yellowforensic_streams.py": streams = "", ...files } = folderOf();
  const copies = DAMAGED.flatMap(([, damaged, damage], index) =>
    ["yellowforensic.json", "yellowforensic.streams.json"].map((file) => {
      const text = files[file] ?? "";
      const written = file === damaged ? damage(text) : text;
      if (file === damaged && written === text) throw new Error(`damage ${index} changes nothing`);
      // Airflow takes each DAG once, so that each copy's daily work needs an id of its own.
      const own = written.replaceAll("yellowforensic_infrastructure", `copy${index}_infrastructure`);
      return [file.replace("yellowforensic", `copy${index}`), own];
    }),
  );
  const loaders = DAMAGED.flatMap((_, index) => [
    [`copy${index}.py`, daily.replaceAll("yellowforensic", `copy${index}`)],
    [`copy${index}_streams.py`, streams.replaceAll("yellowforensic", `copy${index}`)],
  ]);
  return { ...files, ...Object.fromEntries([...copies, ...loaders]) };
}

describeWith(["airflow"], "a damaged list of streams", () => {
  it("leaves its platform the daily work, which writes it anew", async () => {
    const { dags, importErrors } = await readDags(
      { ...folderOf(), "yellowlive.streams.json": "{" },
      "--brief",
    );
    expect(Object.keys(importErrors)).toEqual(["yellowlive_streams.py"]);
    expect(Object.keys(dags).sort()).toEqual([
      "yellowforensic__Store1_ingestion",
      "yellowforensic_infrastructure",
      "yellowlive_infrastructure",
    ]);
  });

  it("that is not there yet is an error of its own file alone", async () => {
    const { "yellowlive.streams.json": _, ...folder } = folderOf();
    const { dags, importErrors } = await readDags(folder, "--brief");
    expect(importErrors["yellowlive_streams.py"]).toContain("yellowlive.streams.json cannot be read");
    expect(Object.keys(dags)).toContain("yellowlive_infrastructure");
  });
});

describeWith(["airflow"], "a damaged specification", () => {
  let read: ReadDags;
  beforeAll(async () => {
    read = await readDags(damagedFolder(), "--brief");
  });

  it.each(DAMAGED.map(([what, file, , error], index) => [what, file, error, index] as const))(
    "%s (%s) gives one clear import error",
    (_, file, error, index) => {
      const damaged = file.replace("yellowforensic", `copy${index}`);
      const told = read.importErrors[readerOf(damaged)] ?? "";
      expect(told).toMatch(error);
      expect(told).toContain(damaged);
    },
  );

  it("never costs another platform its DAGs", () => {
    expect(Object.keys(read.importErrors)).toHaveLength(DAMAGED.length); // one damage, one error
    expect(Object.keys(read.dags)).toEqual(expect.arrayContaining(LIVE));
    expect(Object.keys(read.dags)).not.toContain("yellowforensic__Store1_ingestion");
  });
});
