import { beforeAll, expect, it } from "vitest";
import { type ReadDags, type ReadTask, readDags } from "../../../../rigs/airflow/airflow";
import { ACCEPTANCE, folderOf, modelWithStores } from "../../../../rigs/airflow/model";
import { KUBERNETES_VALIDATE, schemaViolations } from "../../../../rigs/kubernetes/validate";
import { describeWith, findProgram } from "../../../../rigs/programs";

const FOUR = [
  "yellowforensic__Store1_ingestion",
  "yellowforensic_infrastructure",
  "yellowlive__Store1_ingestion",
  "yellowlive_infrastructure",
];

const FACTORY = "trellis_factory.py";

describeWith(["airflow"], "the DAGs of the acceptance model, read by Airflow", () => {
  let read: ReadDags;
  beforeAll(async () => {
    read = await readDags(folderOf());
  });

  it("are the four, without an error or a warning, each file read once", () => {
    expect(read.importErrors).toEqual({});
    expect(read.warnings).toEqual([]);
    expect(Object.keys(read.dags).sort()).toEqual(FOUR);
    expect(Object.keys(read.files).sort()).toEqual([
      "yellowforensic.py",
      "yellowforensic_streams.py",
      "yellowlive.py",
      "yellowlive_streams.py",
    ]);
  });

  it("run one at a time, catch up with nothing, and follow the model's cron or the day", () => {
    for (const [name, dag] of Object.entries(read.dags)) {
      expect(dag).toMatchObject({ catchup: false, maxActiveRuns: 1, pausedAtFirst: false });
      expect(dag.schedule).toBe(name.endsWith("_ingestion") ? "* * * * *" : "@daily");
    }
  });

  it("decide after the job whether it runs again at once or waits", () => {
    const tasks: Record<string, ReadTask> = { ...read.dags.yellowlive__Store1_ingestion?.tasks };
    expect(Object.fromEntries(Object.entries(tasks).map(([id, { downstream }]) => [id, downstream]))).toEqual(
      {
        snapshot_merge_job: ["check_result"],
        check_result: ["reschedule_immediately", "wait_for_trigger"],
        reschedule_immediately: [],
        wait_for_trigger: [],
      },
    );
    expect(Object.keys(read.dags.yellowlive_infrastructure?.tasks ?? {})).toEqual([
      "infrastructure_merge_task",
    ]);
  });

  it("hold no worker while a pod works, believe the end of a stream's job, and tell Slack of failures", () => {
    for (const [name, { tasks }] of Object.entries(read.dags)) {
      const daily = name.endsWith("_infrastructure");
      const operator = daily ? "JobOperator" : "StreamOperator";
      const job = Object.values(tasks).find(({ type }) => type === operator);
      expect(job).toMatchObject({ deferrable: true, onFinish: "delete_succeeded_pod", tellsSlack: true });
      expect(job?.typedEnvironment).toBe(true);
      expect(job?.pool).toBe("datasurface"); // which the migration makes
      expect(job?.retries).toBe(daily ? 1 : 2);
    }
  });

  it("make pods that are restricted, labelled, named in lower case, and know the model's own names", () => {
    const pod = read.dags.yellowforensic__Store1_ingestion?.tasks.snapshot_merge_job?.pod;
    expect(pod.metadata.name).toMatch(/^yellowforensic-store1-job-[a-z0-9]{8}$/);
    expect(pod.metadata.namespace).toBe("datasurface");
    expect(pod.metadata.labels).toMatchObject({
      "datasurface/platform": "YellowForensic",
      "datasurface/store": "Store1",
      "datasurface/stream": "Store1",
    });
    expect(pod.spec).toMatchObject({
      serviceAccountName: "datasurface",
      automountServiceAccountToken: false,
      restartPolicy: "Never",
      priorityClassName: "trellis-job",
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    });
    const [container, ...sidecars] = pod.spec.containers;
    expect(sidecars).toEqual([]);
    expect(container.args).toEqual([
      ...["datasurface", "ingest", "--platform", "YellowForensic", "--store", "Store1"],
    ]);
    expect(container).toMatchObject({
      image: ACCEPTANCE.image,
      imagePullPolicy: "IfNotPresent",
      envFrom: [{ configMapRef: { name: "yellowforensic-git-config" } }],
      resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { cpu: "500m", memory: "1Gi" } },
      securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
    });
    expect(pod.spec.volumes.map((volume: object) => Object.keys(volume).sort())).toEqual([
      ["emptyDir", "name"],
      ["emptyDir", "name"],
      ["configMap", "name"],
      ["configMap", "name"],
    ]);
  });

  it("give a token of Kubernetes to the daily work alone, with a label by which it may use it", () => {
    const pod = read.dags.yellowforensic_infrastructure?.tasks.infrastructure_merge_task?.pod;
    expect(pod.metadata.labels).toMatchObject({ "datasurface/job": "infrastructure" });
    expect(pod.spec).toMatchObject({
      serviceAccountName: "yellowforensic-infrastructure",
      automountServiceAccountToken: false,
    });
    const [{ projected }] = pod.spec.volumes.filter(({ projected }: { projected?: object }) => projected);
    expect(projected.sources[0].serviceAccountToken).toMatchObject({ path: "token" });
    expect(pod.spec.containers[0].env).toContainEqual({
      name: "STREAM_LIST",
      value: "airflow/yellowforensic-streams",
    });
  });

  it("may use what the model says of their store, and for the rest what all may", async () => {
    const { ecosystem } = ACCEPTANCE.model;
    const resources = { requests: { cpu: "1" }, limits: { memory: "4Gi" } };
    const stores = ecosystem.stores.map((store) => ({ ...store, resources }));
    const { dags } = await readDags(
      folderOf({ model: { ...ACCEPTANCE.model, ecosystem: { ...ecosystem, stores } } }),
    );
    const pod = dags.yellowlive__Store1_ingestion?.tasks.snapshot_merge_job?.pod;
    expect(pod.spec.containers[0].resources).toEqual({
      requests: { cpu: "1", memory: "256Mi" },
      limits: { cpu: "500m", memory: "4Gi" },
    });
  });

  it("name the Secrets of all passwords, and show none", () => {
    const [container] =
      read.dags.yellowlive__Store1_ingestion?.tasks.snapshot_merge_job?.pod.spec.containers ?? [];
    const byName = Object.fromEntries(
      container.env.map(({ name, ...rest }: { name: string }) => [name, rest]),
    );
    const secret = (name: string, key: string) => ({ valueFrom: { secretKeyRef: { name, key } } });
    expect(byName).toMatchObject({
      MERGE_USER: secret("postgres", "POSTGRES_USER"),
      MERGE_PASSWORD: secret("postgres", "POSTGRES_PASSWORD"),
      SOURCE_USER: secret("customers", "CUSTOMERS_USER"),
      SOURCE_PASSWORD: secret("customers", "CUSTOMERS_PASSWORD"),
      SOURCE_HOSTS: secret("customers", "CUSTOMERS_HOSTS"),
      SOURCE_SSLMODE: secret("customers", "CUSTOMERS_SSLMODE"),
      GIT_TOKEN: secret("git", "token"),
      MERGE_DATABASE: { value: "datasurface_merge" },
      SOURCE_DATABASE: { value: "customer_db" },
    });
  });

  it.runIf(findProgram(KUBERNETES_VALIDATE))("make pods that Kubernetes' schemas allow", () => {
    const pods = Object.values(read.dags).flatMap(({ tasks }) =>
      Object.values(tasks).flatMap(({ pod }) => pod ?? []),
    );
    expect(pods).toHaveLength(4);
    expect(schemaViolations(pods)).toEqual([]);
  });

  it("pull an image without a digest anew for every pod", async () => {
    const { dags } = await readDags(folderOf({ image: "registry.example/jobs:latest" }));
    const pod = dags.yellowlive_infrastructure?.tasks.infrastructure_merge_task?.pod;
    expect(pod.spec.containers[0].imagePullPolicy).toBe("Always");
  });

  it("come and go with the stream list alone", async () => {
    const before = folderOf();
    const after = {
      ...before,
      "yellowlive.streams.json": folderOf({ model: modelWithStores(2) })["yellowlive.streams.json"] ?? "",
    };
    const grown = await readDags(after);
    expect(Object.keys(grown.dags).sort()).toEqual([...FOUR, "yellowlive__Store2_ingestion"].sort());
    const gone = await readDags({ ...before, "yellowlive.streams.json": '{"version":2,"ingestion":[]}' });
    expect(Object.keys(gone.dags).sort()).toEqual(
      FOUR.filter((name) => name !== "yellowlive__Store1_ingestion"),
    );
  });

  it("would be shown to warn of what Airflow is about to drop", async () => {
    const factory = (folderOf()[FACTORY] ?? "").replace(
      "do_xcom_push=False,",
      "do_xcom_push=False, reattach_on_restart=True,",
    );
    const { warnings } = await readDags({ ...folderOf(), [FACTORY]: factory });
    expect(warnings.join()).toContain("reattach_on_restart");
  });
});
