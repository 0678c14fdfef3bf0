import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type AirflowArgs, POD_RUNNERS } from "../../../components/airflow";
import { configuration } from "../../../components/airflow/configuration";
import { AIRFLOW_RELEASE } from "../../../components/airflow/names";
import { AIRFLOW_ARGS, evaluateAirflow } from "../../support/airflow-in-cluster";

// biome-ignore lint/suspicious/noExplicitAny: a rendered object is looked into at many depths.
type Planned = any;

const PARTS = ["airflow-api-server", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer"];

async function planned(args: Partial<AirflowArgs> = {}): Promise<(kind: string) => Planned[]> {
  const { resources } = await evaluateAirflow(args);
  const objects: Planned[] = resources.filter(({ type }) => type.startsWith("kubernetes:"));
  return (kind) => objects.filter(({ type }) => type.endsWith(`:${kind}`)).map(({ inputs }) => inputs);
}

const named = (objects: readonly Planned[], name: string): Planned =>
  objects.find(({ metadata }) => metadata.name === name);

describe("Airflow in the cluster", () => {
  it("is four processes, of which production doubles those that must not pause", async () => {
    const replicas = async (environment: AirflowArgs["environment"], own: AirflowArgs["replicas"] = {}) => {
      const deployments = (await planned({ environment, replicas: own }))("Deployment");
      expect(deployments).toHaveLength(PARTS.length);
      return PARTS.map((part) => named(deployments, part).spec.replicas);
    };
    expect(await replicas("dev")).toEqual([1, 1, 1, 1]);
    expect(await replicas("prod")).toEqual([2, 2, 1, 2]);
    expect(await replicas("dev", { scheduler: 3 })).toEqual([1, 3, 1, 1]);
  });

  it("never starts a process before the metadata database is of its release", async () => {
    const { resources } = await evaluateAirflow();
    const migration = resources.find(({ name }) => name === "airflow-migration");
    const deployments = resources.filter(({ type }) => type.endsWith(":Deployment"));
    expect(deployments).toHaveLength(4);
    for (const { dependencies } of deployments) expect(dependencies).toContain(migration?.urn);
  });

  it("names the migration by the release, so that a new one migrates again", async () => {
    const [job] = (await planned())("Job");
    expect(job.metadata.name).toMatch(/^airflow-migrate-[0-9a-f]{8}$/);
    const [container] = job.spec.template.spec.containers;
    expect(container.image).toBe("apache/airflow:3.3.2-python3.12");
    expect(container.args.at(-1)).toMatch(/^airflow db migrate && airflow users create /);
    expect(job.spec.template.spec.restartPolicy).toBe("Never");
  });

  it("is of the release that the tests of the DAGs run", () => {
    const pins = readFileSync("test/toolchain/python/airflow.txt", "utf8").split("\n");
    expect(pins).toContain(`apache-airflow==${AIRFLOW_RELEASE}`);
  });

  it("gives a token of Kubernetes to those alone that run pods", async () => {
    const deployments = (await planned())("Deployment");
    const holders = deployments
      .filter(({ spec }) => spec.template.spec.automountServiceAccountToken)
      .map(({ spec }) => spec.template.spec.serviceAccountName);
    expect(holders.sort()).toEqual([...POD_RUNNERS]);
  });

  it("runs everything under the restricted profile, and writes into volumes alone", async () => {
    const of = await planned();
    const pods = [...of("Deployment"), ...of("Job")].map(({ spec }) => spec.template.spec);
    expect(pods).toHaveLength(5);
    for (const pod of pods) {
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 50_000,
        seccompProfile: { type: "RuntimeDefault" },
      });
      expect(pod.containers[0].securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    }
  });

  it("shows no secret in the environment of a pod, and refers to none that is not there", async () => {
    const of = await planned();
    const own = Object.keys(named(of("Secret"), "airflow").stringData);
    const given = [AIRFLOW_ARGS.database, AIRFLOW_ARGS.remoteLogs?.connection, AIRFLOW_ARGS.slackToken];
    for (const { spec } of [...of("Deployment"), ...of("Job")]) {
      for (const { name, value, valueFrom } of spec.template.spec.containers[0].env) {
        if (value !== undefined) expect(name).not.toMatch(/KEY|PASSWORD|SECRET|TOKEN|SQL_ALCHEMY_CONN$/);
        else if (valueFrom.secretKeyRef.name === "airflow") expect(own).toContain(valueFrom.secretKeyRef.key);
        else expect(given).toContainEqual(valueFrom.secretKeyRef);
      }
    }
  });

  it("asks every process whether it lives", async () => {
    for (const { spec } of (await planned())("Deployment")) {
      const [container] = spec.template.spec.containers;
      expect(Object.keys(container)).toEqual(expect.arrayContaining(["startupProbe", "livenessProbe"]));
    }
  });

  it("is reached at its host by TLS, through a Service that finds the API server alone", async () => {
    const of = await planned({ certificateAnnotations: { "cert-manager.io/cluster-issuer": "letsencrypt" } });
    const [ingress] = of("Ingress");
    expect(ingress.spec.rules[0].host).toBe("airflow.example.com");
    expect(ingress.spec.tls[0].hosts).toEqual(["airflow.example.com"]);
    expect(ingress.metadata.annotations["cert-manager.io/cluster-issuer"]).toBe("letsencrypt");
    const [service] = of("Service");
    const reached = of("Deployment").filter(({ spec }) =>
      Object.entries(service.spec.selector).every(
        ([label, value]) => spec.template.metadata.labels[label] === value,
      ),
    );
    expect(reached.map(({ metadata }) => metadata.name)).toEqual([service.metadata.name]);
  });

  it("mounts the DAG folder where every process looks for it", async () => {
    const of = await planned();
    expect(Object.keys(named(of("ConfigMap"), "airflow-dags").data)).toContain("trellis_factory.py");
    for (const { spec } of of("Deployment")) {
      const { containers, volumes } = spec.template.spec;
      expect(volumes).toContainEqual({ name: "dags", configMap: { name: "airflow-dags" } });
      const folder = containers[0].env.find(
        ({ name }: Planned) => name === "AIRFLOW__CORE__DAGS_FOLDER",
      ).value;
      expect(containers[0].volumeMounts).toContainEqual({ name: "dags", mountPath: folder, readOnly: true });
    }
  });

  it("keeps its logs with the pods where no store is given", () => {
    const { remoteLogs: _, ...args } = AIRFLOW_ARGS;
    const names = configuration(args).map(({ name }) => name);
    expect(names.filter((name) => name.includes("REMOTE") || name.startsWith("AIRFLOW_CONN"))).toEqual([]);
  });
});
