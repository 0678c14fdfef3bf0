import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { airflowProcesses, parseSettings } from "../../../../../components/settings";
import { versions } from "../../../../../components/shared/versions";
import { Airflow, type AirflowArgs, POD_RUNNERS } from "../../../../../components/systems/airflow";
import { configuration, sqlAlchemyUrl } from "../../../../../components/systems/airflow/configuration";
import { AIRFLOW_ARGS, evaluateAirflow } from "../../../../rigs/airflow/in-cluster";
import { evaluateStack } from "../../../../rigs/evaluate";
import { nonempty } from "../../../../rigs/nonempty";
import { rawSettings, withValue } from "../../../../rigs/platform/stacks";
import type { Rendered } from "../../../../rigs/rendered-objects";

const PARTS = ["airflow-api-server", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer"];

async function planned(args: Partial<AirflowArgs> = {}): Promise<(kind: string) => Rendered[]> {
  const { resources } = await evaluateAirflow({ monitoring: false, ...args }); // metrics.test.ts has those
  const objects: Rendered[] = resources.filter(({ type }) => type.startsWith("kubernetes:"));
  return (kind) => objects.filter(({ type }) => type.endsWith(`:${kind}`)).map(({ inputs }) => inputs);
}

const named = (objects: readonly Rendered[], name: string): Rendered =>
  objects.find(({ metadata }) => metadata.name === name);

describe("Airflow in the cluster", () => {
  it("is four processes, of which production doubles those that must not pause", async () => {
    const replicas = async (raw: Record<string, unknown>) => {
      const deployments = (await planned({ processes: airflowProcesses(parseSettings(raw)) }))("Deployment");
      expect(deployments).toHaveLength(PARTS.length);
      return PARTS.map((part) => named(deployments, part).spec.replicas);
    };
    expect(await replicas(rawSettings("dev"))).toEqual([1, 1, 1, 1]);
    expect(await replicas(rawSettings("prod"))).toEqual([2, 2, 1, 2]);
    const roomy = withValue(rawSettings("dev"), "postgres", { memoryMib: 2048 }); // for the sessions of more processes
    const more = withValue(roomy, "airflow", { replicas: { scheduler: 3 } });
    expect(await replicas(more)).toEqual([1, 3, 1, 1]);
  });

  it("never starts a process before the metadata database is of its release", async () => {
    const { resources } = await evaluateAirflow({ monitoring: false });
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
    expect(container.args.at(-1)).toMatch(/^airflow db migrate && printf .* \| airflow users create /);
    expect(job.spec.template.spec.restartPolicy).toBe("Never");
  });

  it("holds no more sessions of its database than it may, not even while it is rolled", async () => {
    const deployments = (await planned())("Deployment");
    const held = deployments.map(({ spec }) => {
      const { env } = spec.template.spec.containers[0];
      const pool = Number(env.find(({ name }: Rendered) => name.endsWith("SQL_ALCHEMY_POOL_SIZE")).value);
      expect(spec.strategy.rollingUpdate).toEqual({ maxSurge: 0, maxUnavailable: 1 });
      const server = spec.selector.matchLabels["app.kubernetes.io/name"] === "airflow-api-server";
      return spec.replicas * (server ? 2 * pool : pool + 1); // two pools, or one and the probe's session
    });
    const total = held.reduce((sum, each) => sum + each);
    expect(total).toBeLessThanOrEqual(AIRFLOW_ARGS.database.sessions);
    expect(total).toBeGreaterThan(AIRFLOW_ARGS.database.sessions / 2);
  });

  it("migrates as who may, past the pooler, and works as who only writes", async () => {
    const of = await planned();
    const key = ({ spec }: Rendered) =>
      spec.template.spec.containers[0].env.find(({ name }: Rendered) => name.endsWith("SQL_ALCHEMY_CONN"))
        .valueFrom.secretKeyRef.key;
    expect(of("Job").map(key)).toEqual(["migrate-url"]);
    expect(new Set(of("Deployment").map(key))).toEqual(new Set(["write-url"]));
    expect(named(of("Secret"), "airflow-database").stringData).toEqual({
      "write-url": "postgresql://airflow_writer:secret@postgres-pooler.postgres.svc:5432/airflow_db",
      "migrate-url": "postgresql://airflow_migrator:secret@postgres-primary.postgres.svc:5432/airflow_db",
    });
    expect(sqlAlchemyUrl("postgresql://a:b@c/d")).toBe("postgresql://a:b@c/d");
  });

  it("starts anew when a password or an authority is another", async () => {
    const annotation = async (args: Partial<AirflowArgs>) =>
      (await planned(args))("Deployment")[0].spec.template.metadata.annotations["trellis/config-digest"];
    const before = await annotation({});
    expect(await annotation({})).toBe(before);
    expect(await annotation({ slackToken: "xoxb-2" })).not.toBe(before);
    expect(await annotation({ database: { ...AIRFLOW_ARGS.database, authority: "another" } })).not.toBe(
      before,
    );
  });

  it("bounds the jobs under way, those that wait in the cluster too", async () => {
    const [job] = (await planned())("Job");
    expect(job.spec.template.spec.containers[0].args.at(-1)).toContain(
      "airflow pools set --include-deferred datasurface 14 ",
    );
  });

  it("is of the release that the tests of the DAGs run", () => {
    const pins = readFileSync("test/toolchain/python/airflow.txt", "utf8").split("\n");
    expect(pins).toContain(`apache-airflow==${versions.airflow.version}`);
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
      for (const { securityContext } of nonempty([...pod.initContainers, ...pod.containers])) {
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
      }
    }
  });

  it("shows no secret in the environment of a pod, and refers to none that is not there", async () => {
    const of = await planned();
    const secrets = Object.fromEntries(
      of("Secret").map(({ metadata, stringData }) => [metadata.name, Object.keys(stringData)]),
    );
    for (const { spec } of nonempty([...of("Deployment"), ...of("Job")])) {
      const { initContainers, containers } = spec.template.spec;
      for (const { name, value, valueFrom } of nonempty(
        [...initContainers, ...containers].flatMap(({ env }) => env),
      )) {
        if (value !== undefined) expect(name).not.toMatch(/KEY|PASSWORD|SECRET|TOKEN|SQL_ALCHEMY_CONN$/);
        else expect(secrets[valueFrom.secretKeyRef.name]).toContain(valueFrom.secretKeyRef.key);
      }
    }
  });

  it("asks every process whether it lives", async () => {
    for (const { spec } of nonempty((await planned())("Deployment"))) {
      const [container] = spec.template.spec.containers;
      expect(Object.keys(container)).toEqual(expect.arrayContaining(["startupProbe", "livenessProbe"]));
    }
  });

  it("is reached at its host by TLS, through a Service that finds the API server alone", async () => {
    const of = await planned({
      ingress: { annotations: { "cert-manager.io/cluster-issuer": "letsencrypt" } },
    });
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

  it("believes the ingress that clients came by https, and nobody else is told to", async () => {
    const believing = (await planned())("Deployment").filter(({ spec }) =>
      spec.template.spec.containers[0].env.some(
        ({ name, value }: Rendered) => name === "FORWARDED_ALLOW_IPS" && value === "*",
      ),
    );
    expect(believing.map(({ metadata }) => metadata.name)).toEqual(["airflow-api-server"]);
  });

  it("mounts the DAG folder where every process looks for it", async () => {
    const of = await planned();
    expect(Object.keys(named(of("ConfigMap"), "airflow-dags").data)).toContain("trellis_factory.py");
    for (const { spec } of nonempty(of("Deployment"))) {
      const { containers, volumes } = spec.template.spec;
      expect(volumes).toContainEqual({
        name: "dags",
        projected: {
          sources: [
            { configMap: { name: "airflow-dags" } },
            // By key: whoever may write the list cannot add a DAG.
            ...["yellowlive", "yellowforensic"].map((platform) => ({
              configMap: {
                name: `${platform}-streams`,
                items: [{ key: `${platform}.streams.json`, path: `${platform}.streams.json` }],
                optional: true,
              },
            })),
          ],
        },
      });
      const folder = containers[0].env.find(
        ({ name }: Rendered) => name === "AIRFLOW__CORE__DAGS_FOLDER",
      ).value;
      expect(containers[0].volumeMounts).toContainEqual({ name: "dags", mountPath: folder, readOnly: true });
    }
  });

  it("keeps its logs with the pods where no store is given, and knows its store's authority where one is", async () => {
    const { logs: _, slackToken: __, ...args } = AIRFLOW_ARGS;
    const without = configuration(
      { host: "a", sessions: 7, logBucket: undefined, monitoring: false, tellsSlack: false },
      "scheduler",
    );
    expect(
      without.map(({ name }) => name).filter((name) => /REMOTE|^AIRFLOW_CONN|SLACK/.test(String(name))),
    ).toEqual([]);
    const { resources } = await evaluateStack({ program: () => void new Airflow("airflow", args) });
    expect(resources.map(({ name }) => name)).not.toContain("airflow-airflow-logs");

    const of = await planned();
    const connection = JSON.parse(named(of("Secret"), "airflow-logs").stringData.connection);
    expect(connection.extra).toEqual({
      endpoint_url: "https://minio-api.storage.svc.cluster.local:9000",
      region_name: "us-east-1",
      verify: "/etc/trellis/authorities/storage.crt",
    });
    expect(named(of("ConfigMap"), "airflow-authorities").data["storage.crt"]).toBe("the authority of MinIO");
  });
});
