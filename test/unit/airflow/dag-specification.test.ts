import { describe, expect, it } from "vitest";
import { dagFiles, streamsFile } from "../../../components/airflow";
import { dataSurfaceDags } from "../../../components/datasurface";
import { datasurface } from "../../../jobs/datasurface/index";
import { parseCommandLine, prepare } from "../../../jobs/shared";
import { ACCEPTANCE, folderOf, modelWithStores } from "../../support/airflow-model";

/** What a ConfigMap may hold. */
const MEBIBYTE = 1024 * 1024;

const [live] = dataSurfaceDags(ACCEPTANCE);
if (!live) throw new Error("the acceptance model has no platform");
const [ingestion] = live.ingestion;
if (!ingestion) throw new Error("the acceptance model has no stream");

describe("the DAG folder", () => {
  it("holds the factory, and for each platform a loader, its specification and its streams", () => {
    expect(Object.keys(folderOf()).sort()).toEqual([
      ".airflowignore",
      "trellis_factory.py",
      "yellowforensic.json",
      "yellowforensic.py",
      "yellowforensic.streams.json",
      "yellowlive.json",
      "yellowlive.py",
      "yellowlive.streams.json",
    ]);
    expect(Object.keys(folderOf()).every((name) => /^[-._a-zA-Z0-9]+$/.test(name))).toBe(true);
  });

  it("says of which version its specifications are", () => {
    const files = folderOf();
    for (const name of Object.keys(files).filter((each) => each.endsWith(".json"))) {
      expect(JSON.parse(files[name] ?? "")).toMatchObject({ version: 1 });
    }
  });

  it("never holds what the factory would refuse", () => {
    expect(() => streamsFile([{ ...ingestion, dag: "two words" }])).toThrow();
    expect(() => streamsFile([{ ...ingestion, pod: "Upper_case" }])).toThrow();
    expect(() => streamsFile([{ ...ingestion, priority: 0 }])).toThrow();
    expect(() => streamsFile([ingestion, ingestion])).toThrow("two streams would make one DAG");
    expect(() => dagFiles([{ ...live, template: { apiVersion: "v1", kind: "Job" as "Pod" } }])).toThrow();
  });

  it("has room in one ConfigMap for a thousand streams of a platform", () => {
    const files = folderOf({ model: modelWithStores(1000) });
    expect((files["yellowlive.streams.json"] ?? "").length).toBeLessThan(MEBIBYTE);
  });
});

describe("the jobs of the DAGs", () => {
  it("are words and variables that the job itself takes", async () => {
    const [container] = podOf(live).containers;
    const given = [...container.env, ...ingestion.environment].map(({ name }: { name: string }) => name);
    const environment = {
      ...Object.fromEntries(given.map((name: string) => [name, name.endsWith("_PORT") ? "5432" : "given"])),
      MODEL_REPOSITORY: "https://git.example/model.git", // from the platform's ConfigMap
    };
    for (const { arguments: words } of [ingestion, live.infrastructure]) {
      const domain = { name: "datasurface", summary: "", load: async () => datasurface };
      const command = await parseCommandLine(words, [domain], environment);
      expect(() => prepare(command)).not.toThrow();
    }
    const declared = datasurface.verbs
      .flatMap(({ declares }) => declares.map(({ syntax }) => syntax))
      .join(" ");
    for (const name of given.filter((each: string) => !["HOME", "LOG_FORMAT"].includes(each))) {
      expect(declared).toContain(name.replace(/^(SOURCE|MERGE)/, ""));
    }
  });

  it("give one dataset alone its name, in the DAG, the pod, the label and the arguments", () => {
    const { ecosystem } = ACCEPTANCE.model;
    const stores = ecosystem.stores.map((store) => ({
      ...store,
      capture: { ...store.capture, consistency: "SINGLE_DATASET" as const },
    }));
    const [platform] = dataSurfaceDags({
      ...ACCEPTANCE,
      model: { ...ACCEPTANCE.model, ecosystem: { ...ecosystem, stores } },
    });
    expect(platform?.ingestion.map(({ dag }) => dag)).toEqual([
      "yellowlive__Store1_customers_ingestion",
      "yellowlive__Store1_addresses_ingestion",
    ]);
    expect(platform?.ingestion[0]).toMatchObject({
      pod: "yellowlive-store1-customers-job",
      labels: { "datasurface/stream": "Store1.customers" },
    });
    expect(platform?.ingestion[0]?.arguments.slice(-2)).toEqual(["--dataset", "customers"]);
  });

  it("have no schedule where something else triggers them", () => {
    const { ecosystem } = ACCEPTANCE.model;
    const stores = ecosystem.stores.map((store) => ({
      ...store,
      capture: { ...store.capture, trigger: { external: true as const } },
    }));
    const [platform] = dataSurfaceDags({
      ...ACCEPTANCE,
      model: { ...ACCEPTANCE.model, ecosystem: { ...ecosystem, stores } },
    });
    expect(platform?.ingestion[0]?.schedule).toBeNull();
  });

  it("are as urgent as the most urgent of their consumers", () => {
    const { ecosystem } = ACCEPTANCE.model;
    const workspaces = ecosystem.workspaces.map((each) => ({ ...each, priority: "CRITICAL" as const }));
    const [platform] = dataSurfaceDags({
      ...ACCEPTANCE,
      model: { ...ACCEPTANCE.model, ecosystem: { ...ecosystem, workspaces } },
    });
    expect(platform?.ingestion[0]?.priority).toBeGreaterThan(ingestion.priority);
  });

  it("keep names within the limits of Airflow and Kubernetes, and apart", () => {
    const { ecosystem } = ACCEPTANCE.model;
    const name = "S".repeat(128);
    const platforms = ecosystem.platforms.map((each) => ({
      ...each,
      name: `${each.name}${"P".repeat(110)}`,
    }));
    const stores = ecosystem.stores.map((store) => ({ ...store, name }));
    const workspaces = ecosystem.workspaces.map((workspace) => ({
      ...workspace,
      groups: workspace.groups.map((group) => ({
        ...group,
        sinks: group.sinks.map((sink) => ({ ...sink, store: name })),
      })),
    }));
    const assignments = ACCEPTANCE.model.assignments.map((each) => ({
      ...each,
      assignments: each.assignments.map((one) => ({
        ...one,
        dataPlatform: `${one.dataPlatform}${"P".repeat(110)}`,
      })),
    }));
    const dags = dataSurfaceDags({
      ...ACCEPTANCE,
      model: { assignments, ecosystem: { ...ecosystem, platforms, stores, workspaces } },
    });
    expect(dags.flatMap(({ ingestion: streams }) => streams)).toHaveLength(2);
    expect(() => dagFiles(dags)).not.toThrow();
    expect(new Set(dags.flatMap(({ ingestion: streams }) => streams.map(({ dag }) => dag))).size).toBe(2);
  });
});

// biome-ignore lint/suspicious/noExplicitAny: a pod is looked into at many depths.
function podOf({ template }: { readonly template: any }): any {
  return template.spec;
}
