import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ecosystemOf, modelFrom, World, writeModel } from "../../rigs/datasurface/datasurface";
import { runJob } from "../../rigs/jobs/run-job";
import { describeWith } from "../../rigs/programs";
import { Collector } from "../../rigs/tracing/collector";

const SPEC = ecosystemOf({
  Store1: {
    datasets: {
      people: [
        { name: "id", type: "integer", key: true },
        { name: "name", type: "varchar(50)" },
      ],
    },
  },
});
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const TASK = "b7ad6b7169203331";
const WORDS = ["ingest", "--platform", "YellowLive", "--store", "Store1"];

describeWith(["otelcol"], "the traces of a job, in a real collector,", () => {
  let collector: Collector;
  let world: World;
  let folder: string;

  beforeAll(async () => {
    collector = await Collector.start();
    world = await World.open(modelFrom(SPEC));
    folder = writeModel(SPEC);
    await world.source.query("CREATE TABLE people (id integer PRIMARY KEY, name varchar(50))");
    await world.source.query("INSERT INTO people VALUES (1, 'Ada Lovelace'), (2, 'Grace Hopper')");
  });
  afterAll(async () => {
    await world?.close();
    await collector?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const run = (environment: Record<string, string>) =>
    runJob(["datasurface", ...WORDS, "--model", folder], {
      environment: {
        ...world.source.environment("SOURCE"),
        ...world.merge.environment("MERGE"),
        ...environment,
      },
    });

  it("lead from the task that started it to its steps and their statements", async () => {
    const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, TRACEPARENT: `00-${TRACE}-${TASK}-00` };
    expect(await run(traced)).toMatchObject({ exitCode: 0 });
    await world.source.query("UPDATE people SET name = 'Ada King' WHERE id = 1");
    expect(await run(traced)).toMatchObject({ exitCode: 0 });

    const spans = await collector.spans("merge people");
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));
    const parentOf = ({ parentSpanId }: { parentSpanId: string }) =>
      spans.find(({ spanId }) => spanId === parentSpanId);
    const jobs = spans.filter(({ name }) => name === "jobs datasurface ingest");
    expect(jobs.map(({ parentSpanId }) => parentSpanId)).toEqual([TASK, TASK]);
    expect(jobs[0]?.attributes).toMatchObject({
      "trellis.platform": "YellowLive",
      "trellis.store": "Store1",
    });
    for (const step of [
      "check source",
      "load people",
      "stage people",
      "find changes of people",
      "merge people",
    ]) {
      const found = spans.filter(({ name }) => name === step);
      expect(found.length, step).toBeGreaterThan(0);
      for (const each of found) expect(parentOf(each)?.name, step).toBe("jobs datasurface ingest");
      const statements = spans.filter((each) => found.some(({ spanId }) => spanId === each.parentSpanId));
      expect(statements.length, step).toBeGreaterThan(0);
      for (const { attributes } of statements) expect(attributes["db.system.name"]).toBe("postgresql");
    }
    const copies = spans.filter(({ name }) => name === "COPY");
    expect(copies.length).toBeGreaterThan(1);
    for (const each of spans.filter(({ spanId }) => !jobs.some((job) => job.spanId === spanId)))
      expect(parentOf(each), each.name).toBeDefined();
  });

  it("hold no value of a row and no password", () => {
    const { text } = collector;
    for (const secret of ["Ada", "Grace", "Hopper", "King", "postgres:postgres"])
      expect(text).not.toContain(secret);
  });

  it("are not recorded unless an endpoint is named, and a collector that is gone stops no job", async () => {
    const before = collector.text.length;
    expect(await run({})).toMatchObject({ exitCode: 0 });
    expect(collector.text.length).toBe(before);
    const gone = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" });
    expect(gone).toMatchObject({ exitCode: 0, termination: { code: 0 } });
    expect(gone.stderr).toContain("traces were not sent");
  });
});
