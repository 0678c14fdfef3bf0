import { expect, it } from "vitest";
import { withMounted } from "../../../../rigs/airflow/airflow";
import { folderOf } from "../../../../rigs/airflow/model";
import { describeWith } from "../../../../rigs/programs";

interface Rendered {
  readonly importErrors: Readonly<Record<string, string>>;
  readonly dags: Readonly<
    Record<
      string,
      Record<
        string,
        {
          readonly fields: readonly string[];
          readonly pod?: Pod;
          /** The span that the job is told of. */
          readonly traced?: Readonly<Record<string, string | null>>;
        }
      >
    >
  >;
}

interface Pod {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly containers: ReadonlyArray<{
      readonly args: readonly string[];
      readonly env: readonly unknown[];
    }>;
  };
}

/** A stream of a list, as far as the attack changes it. */
interface Stream {
  readonly arguments: readonly string[];
  readonly environment: ReadonlyArray<{ readonly name: string; readonly value?: string }>;
  readonly labels: Readonly<Record<string, string>>;
}

/** Jinja that runs a program where Airflow renders it. */
const ATTACK = "{{ macros.uuid.os.popen('echo rendered-by-airflow').read() }}";

/** The list of streams of a model that has got past the loader, with the attack in each of its texts. */
function attacked(list: string): string {
  const { ingestion, ...rest }: { readonly ingestion: readonly Stream[] } = JSON.parse(list);
  return JSON.stringify({
    ...rest,
    ingestion: ingestion.map((job) => ({
      ...job,
      arguments: [...job.arguments, ATTACK, "attack.json"],
      environment: [
        ...job.environment.map((each) =>
          each.value === undefined ? each : { name: each.name, value: ATTACK },
        ),
        { name: "FROM_A_FILE", value: "attack.json" },
        { name: "FROM_A_SECRET", secret: { name: ATTACK, key: ATTACK } },
      ],
      labels: { ...job.labels, attack: ATTACK },
      resources: { requests: { cpu: ATTACK }, limits: { memory: ATTACK } },
    })),
  });
}

describeWith(["airflow"], "the texts of a model, rendered by Airflow", () => {
  it("are what they were: no operator has a template", async () => {
    const files = folderOf();
    const lists = Object.entries(files).filter(([name]) => name.endsWith(".streams.json"));
    const rendered: Rendered = await withMounted(
      {
        ...files,
        ...Object.fromEntries(lists.map(([name, text]) => [name, attacked(text)])),
        "attack.json": `"${ATTACK}"`,
      },
      async (folder, run) => JSON.parse(await run("render_dags.py", folder)),
    );

    expect(rendered.importErrors).toEqual({});
    expect(Object.keys(rendered.dags)).toHaveLength(4);
    expect(JSON.stringify(rendered)).not.toContain("rendered-by-airflow\\n");
    const pod = rendered.dags.yellowlive__Store1_ingestion?.snapshot_merge_job?.pod;
    const container = pod?.spec.containers[0];
    expect(container?.args.slice(-2)).toEqual([ATTACK, "attack.json"]);
    expect(container?.env).toContainEqual({ name: "SOURCE_HOST", value: ATTACK });
    expect(container?.env).toContainEqual({ name: "FROM_A_FILE", value: "attack.json" });
    expect(pod?.metadata.labels.attack).toBe(ATTACK);
    const tasks = Object.values(rendered.dags).flatMap((dag) => Object.entries(dag));
    expect(tasks.filter(([, { fields }]) => fields.length > 0)).toEqual([]);
  });

  it("have beside them the span that the job belongs to: its task's, or its DAG run's where Airflow records none", async () => {
    const { dags }: Rendered = await withMounted(folderOf(), async (folder, run) =>
      JSON.parse(await run("render_dags.py", folder)),
    );

    const traced = Object.values(dags).flatMap((dag) =>
      Object.values(dag).flatMap((task) => (task.traced ? [task.traced] : [])),
    );
    expect(traced.length).toBeGreaterThan(2);
    for (const each of traced)
      expect(each).toEqual({
        "by its task": "00-0af7651916cd43dd8448eb211c80319c-a2fb4a1d1a96d312-01",
        "by its DAG run": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
      });
  });
});
