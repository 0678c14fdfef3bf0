import { describe, expect, it } from "vitest";
import { dagFiles } from "../../../../../components/systems/airflow";
import { dataSurfaceDags } from "../../../../../components/systems/datasurface";
import { datasurface } from "../../../../../jobs/datasurface";
import type { Model } from "../../../../../jobs/datasurface/model";
import { type DagJob, ingestionJobs, streamsFile } from "../../../../../jobs/datasurface/stream-list";
import { parseCommandLine, prepare } from "../../../../../jobs/shared";
import { ACCEPTANCE, deployedFolder, folderOf, modelWithStores } from "../../../../rigs/airflow/model";
import { DATASURFACE_ARGS } from "../../../../rigs/datasurface/in-cluster";
import { nonempty } from "../../../../rigs/nonempty";
import type { Rendered } from "../../../../rigs/rendered-objects";

/** What a ConfigMap may hold. */
const MEBIBYTE = 1024 * 1024;

const [live] = dataSurfaceDags(ACCEPTANCE);
if (!live) throw new Error("the acceptance model has no platform");

/** What Airflow runs for the streams of a model's first platform. */
function jobsOf(model: Model = ACCEPTANCE.model): DagJob[] {
  const [platform] = model.ecosystem.platforms;
  return platform ? ingestionJobs(model, platform) : [];
}

const [ingestion] = jobsOf();
if (!ingestion) throw new Error("the acceptance model has no stream");

describe("the DAG folder", () => {
  it("holds what all share, and for each platform two loaders, its specification and its streams", () => {
    expect(Object.keys(folderOf()).sort()).toEqual([
      ".airflowignore",
      "trellis_factory.py",
      "trellis_loaded.py",
      "yellowforensic.json",
      "yellowforensic.py",
      "yellowforensic.streams.json",
      "yellowforensic_streams.py",
      "yellowlive.json",
      "yellowlive.py",
      "yellowlive.streams.json",
      "yellowlive_streams.py",
    ]);
    expect(nonempty(Object.keys(folderOf())).every((name) => /^[-._a-zA-Z0-9]+$/.test(name))).toBe(true);
  });

  it("has Airflow load, before it forks, what the factory imports of it", () => {
    const { "trellis_factory.py": factory = "", "trellis_loaded.py": loaded = "", ...files } = folderOf();
    const imported = (text: string, lines: RegExp) => [...text.matchAll(lines)].map(([, module]) => module);
    const needed = imported(factory, /^from (airflow\.providers\.\S+) import /gm);
    expect(needed.length).toBeGreaterThan(3);
    expect(imported(loaded, /^import (\S+)$/gm)).toEqual(expect.arrayContaining(needed));
    for (const name of nonempty(Object.keys(files).filter((each) => each.endsWith(".py")))) {
      expect(imported(files[name] ?? "", /^import (\S+)$/gm)).toEqual(needed);
    }
  });

  it("says of which version its specifications are", () => {
    const files = folderOf();
    for (const name of nonempty(Object.keys(files).filter((each) => each.endsWith(".json")))) {
      expect(JSON.parse(files[name] ?? "")).toMatchObject({ version: 2 });
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

  it("does not grow with the model where only a deployment changes it", () => {
    expect(deployedFolder({ model: modelWithStores(1000) })).toEqual(deployedFolder());
  });
});

describe("the jobs of the DAGs", () => {
  it("are words and variables that the job itself takes", async () => {
    const [container] = podOf(live).containers;
    const variables: { name: string; value?: string }[] = [...container.env, ...ingestion.environment];
    const given = variables.map(({ name }) => name);
    const environment = {
      ...Object.fromEntries(variables.map(({ name, value }) => [name, value ?? "from a secret"])),
      ...{ MERGE_SSLROOTCERT: "package.json", SOURCE_SSLROOTCERT: "package.json" }, // any file that can be read
      // From the Secret of the login, which binds it.
      ...{
        SOURCE_SSLMODE: "verify-full",
        SOURCE_HOSTS: DATASURFACE_ARGS.credentials.customers?.hosts.join(","),
      },
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
    for (const name of nonempty(given.filter((each) => !["HOME", "LOG_FORMAT"].includes(each)))) {
      expect(declared).toContain(name.replace(/^(SOURCE|MERGE)/, ""));
    }
  });

  it("give one dataset alone its name, in the DAG, the pod, the label and the arguments", () => {
    const { ecosystem } = ACCEPTANCE.model;
    const stores = ecosystem.stores.map((store) => ({
      ...store,
      capture: { ...store.capture, consistency: "SINGLE_DATASET" as const },
    }));
    const jobs = jobsOf({ ...ACCEPTANCE.model, ecosystem: { ...ecosystem, stores } });
    expect(jobs.map(({ dag }) => dag)).toEqual([
      "yellowlive__Store1_customers_ingestion",
      "yellowlive__Store1_addresses_ingestion",
    ]);
    expect(jobs[0]).toMatchObject({
      pod: "yellowlive-store1-customers-job",
      labels: { "datasurface/stream": "Store1.customers" },
    });
    expect(jobs[0]?.arguments.slice(-2)).toEqual(["--dataset", "customers"]);
  });

  it("have no schedule where something else triggers them", () => {
    const { ecosystem } = ACCEPTANCE.model;
    const stores = ecosystem.stores.map((store) => ({
      ...store,
      capture: { ...store.capture, trigger: { external: true as const } },
    }));
    const jobs = jobsOf({ ...ACCEPTANCE.model, ecosystem: { ...ecosystem, stores } });
    expect(jobs[0]?.schedule).toBeNull();
  });

  it("are as urgent as the most urgent of their consumers", () => {
    const { ecosystem } = ACCEPTANCE.model;
    const workspaces = ecosystem.workspaces.map((each) => ({ ...each, priority: "CRITICAL" as const }));
    const jobs = jobsOf({ ...ACCEPTANCE.model, ecosystem: { ...ecosystem, workspaces } });
    expect(jobs[0]?.priority).toBeGreaterThan(ingestion.priority);
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
    const model = { assignments, ecosystem: { ...ecosystem, platforms, stores, workspaces } };
    const jobs = platforms.flatMap((platform) => ingestionJobs(model, platform));
    expect(jobs).toHaveLength(2);
    expect(() => streamsFile(jobs)).not.toThrow();
    expect(() => dagFiles(dataSurfaceDags({ ...ACCEPTANCE, model }))).not.toThrow();
    expect(new Set(jobs.map(({ dag }) => dag)).size).toBe(2);
  });

  it("may use what the model says of their store, and else what all may", () => {
    const { ecosystem } = ACCEPTANCE.model;
    const resources = { requests: { memory: "512Mi" }, limits: { memory: "4Gi" } };
    const stores = ecosystem.stores.map((store) => ({ ...store, resources }));
    expect(jobsOf({ ...ACCEPTANCE.model, ecosystem: { ...ecosystem, stores } })[0]?.resources).toEqual(
      resources,
    );
    expect(ingestion).not.toHaveProperty("resources");
  });
});

function podOf({ template }: { readonly template: Rendered }): Rendered {
  return template.spec;
}
