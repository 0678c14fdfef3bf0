import { describe, expect, it } from "vitest";
import {
  DataSurface,
  type DataSurfaceArgs,
  dataSurfaceDags,
  deployedModel,
} from "../../../../../components/systems/datasurface";
import { datasurface } from "../../../../../jobs/datasurface";
import { ingestionJobs } from "../../../../../jobs/datasurface/stream-list";
import { parseCommandLine, prepare } from "../../../../../jobs/shared";
import { ACCEPTANCE } from "../../../../rigs/airflow/model";
import { DATASURFACE_ARGS } from "../../../../rigs/datasurface/in-cluster";
import { evaluateStack } from "../../../../rigs/evaluate";
import type { Rendered } from "../../../../rigs/rendered-objects";

const SETTINGS = { model: "examples/model", logins: {}, datasetsAtOnce: 1, simulator: { replicas: 0 } };

/** The objects of one kind, by their names in the cluster. */
async function planned(
  args: Partial<DataSurfaceArgs> = {},
): Promise<(kind: string) => Record<string, Rendered>> {
  const { resources } = await evaluateStack({
    program: () => void new DataSurface("datasurface", { ...DATASURFACE_ARGS, ...args }),
  });
  const objects: Rendered[] = resources.filter(({ type }) => type.startsWith("kubernetes:"));
  return (kind) =>
    Object.fromEntries(
      objects
        .filter(({ type }) => type.endsWith(`:${kind}`))
        .map(({ inputs }) => [inputs.metadata.name, inputs]),
    );
}

describe("DataSurface in the cluster", () => {
  it("lets Airflow's scheduler and triggerer run pods, read their logs and events, and nothing else", async () => {
    const of = await planned();
    const role = of("Role")["airflow-runs-jobs"];
    const binding = of("RoleBinding")["airflow-runs-jobs"];
    expect(role.rules).toEqual([
      { apiGroups: [""], resources: ["pods"], verbs: ["create", "get", "list", "watch", "patch", "delete"] },
      { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
      { apiGroups: [""], resources: ["events"], verbs: ["list", "watch"] },
    ]);
    expect(binding.roleRef.name).toBe(role.metadata.name);
    expect(binding.subjects).toEqual([
      { kind: "ServiceAccount", name: "airflow-scheduler", namespace: "airflow" },
      { kind: "ServiceAccount", name: "airflow-triggerer", namespace: "airflow" },
    ]);
  });

  it("tells the jobs of each platform where the model is", async () => {
    const data = { MODEL_REPOSITORY: "https://git.example/model.git", MODEL_BRANCH: "main" };
    const configMaps = (await planned())("ConfigMap");
    expect(configMaps["yellowlive-git-config"].data).toEqual(data);
    expect(configMaps["yellowforensic-git-config"].data).toEqual(data);
    expect(configMaps).not.toHaveProperty("datasurface-model");
  });

  it("brings the model itself where no repository has it", async () => {
    const { model, origin } = deployedModel(SETTINGS);
    const of = await planned({ model, origin });
    const { data } = of("ConfigMap")["datasurface-model"];
    expect(Object.keys(data).sort()).toEqual(["dsg_platform_mapping.json", "model.yaml"]);
    const { containers, volumes } = of("Job")["yellowlive-infrastructure"].spec.template.spec;
    const folder = of("ConfigMap")["yellowlive-git-config"].data.MODEL_DIR;
    const [mount] = containers[0].volumeMounts.filter(({ mountPath }: Rendered) => mountPath === folder);
    expect(volumes).toContainEqual({ name: mount.name, configMap: { name: "datasurface-model" } });
  });

  it("lets the daily work of each platform write its own list of streams, and no other account anything", async () => {
    const of = await planned();
    for (const platform of ["yellowlive", "yellowforensic"]) {
      expect(of("Role")[`${platform}-streams`]).toMatchObject({
        metadata: { namespace: "airflow" },
        rules: [
          {
            apiGroups: [""],
            resources: ["configmaps"],
            resourceNames: [`${platform}-streams`],
            verbs: ["get", "patch"],
          },
        ],
      });
      expect(of("RoleBinding")[`${platform}-streams`].subjects).toEqual([
        { kind: "ServiceAccount", name: `${platform}-infrastructure`, namespace: "datasurface" },
      ]);
    }
    const pods = [...Object.values(of("Job")), ...Object.values(of("Deployment"))].map(
      ({ spec }) => spec.template,
    );
    const tokens = pods.filter(({ spec }) =>
      spec.volumes.some(({ projected }: Rendered) =>
        JSON.stringify(projected)?.includes("serviceAccountToken"),
      ),
    );
    expect(tokens.map(({ spec }) => spec.serviceAccountName).sort()).toEqual([
      "yellowforensic-infrastructure",
      "yellowlive-infrastructure",
    ]);
    for (const { spec } of pods) expect(spec.automountServiceAccountToken).toBe(false);
    for (const { metadata } of tokens) expect(metadata.labels["datasurface/job"]).toBe("infrastructure");
  });

  it("leaves the lists of streams to the daily work once they are made", async () => {
    const { resources } = await evaluateStack({
      program: () => void new DataSurface("datasurface", DATASURFACE_ARGS),
    });
    const lists = resources.filter(
      ({ inputs }) => /-streams$/.test(Object(inputs.metadata).name) && inputs.data,
    );
    expect(lists.map(({ options }) => options.ignoreChanges)).toEqual([["data"], ["data"]]);
  });

  it("does the daily work of each platform once at a deployment, with words that the job takes", async () => {
    const jobs = (await planned())("Job");
    expect(Object.keys(jobs)).toEqual(["yellowlive-infrastructure", "yellowforensic-infrastructure"]);
    for (const { spec } of Object.values(jobs)) {
      const [container] = spec.template.spec.containers;
      const environment = Object.fromEntries(
        container.env.map(({ name, value }: Rendered) => [
          name,
          name.endsWith("ROOTCERT") ? "package.json" : (value ?? "secret"),
        ]),
      );
      const domain = { name: "datasurface", summary: "", load: async () => datasurface };
      const command = await parseCommandLine(container.args, [domain], {
        ...environment,
        MODEL_DIR: "given",
      });
      expect(() => prepare(command)).not.toThrow();
    }
  });

  it("opens the way to the servers that its logins are for and to the repository, and to no other place", async () => {
    const { customers, ...others } = DATASURFACE_ARGS.credentials;
    if (!customers) throw new Error("the rig has no login for the customers");
    const hosts = [
      ...customers.hosts,
      ...["db.example.com:5433", "10.1.2.3:5432", "shop.legacy.svc.cluster.local:5432"],
    ];
    const policies = (await planned({ credentials: { ...others, customers: { ...customers, hosts } } }))(
      "NetworkPolicy",
    );
    const egress = Object.entries(policies).map(([name, { spec }]) => [name, spec.egress[0].to[0]]);
    const { repository, ...sources } = Object.fromEntries(egress);
    expect(repository).toMatchObject({ ipBlock: { cidr: "0.0.0.0/0" } });
    expect(repository.ipBlock.except).toContain("10.0.0.0/8");
    expect(policies.repository?.spec.egress[0].ports).toEqual([{ port: 443, protocol: "TCP" }]);
    expect(sources).toEqual({
      "source-db-example-com-5433": { ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } },
      "source-10-1-2-3-5432": { ipBlock: { cidr: "10.1.2.3/32" } },
      "source-shop-legacy-svc-cluster-local-5432": {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "legacy" } },
      },
    });
  });

  it("makes every object that the pods of the DAGs refer to", async () => {
    const of = await planned();
    const [platform] = dataSurfaceDags(ACCEPTANCE);
    const spec: Rendered = platform?.template.spec;
    expect(Object.keys(of("ServiceAccount"))).toContain(spec.serviceAccountName);
    const [container] = spec.containers;
    expect(Object.keys(of("ConfigMap"))).toContain(container.envFrom[0].configMapRef.name);
    const references = [
      ...container.env.flatMap((each: Rendered) => each.valueFrom?.secretKeyRef ?? []),
      ...ACCEPTANCE.model.ecosystem.platforms.flatMap((each) =>
        ingestionJobs(ACCEPTANCE.model, each).flatMap(({ environment }) =>
          environment.flatMap((variable) => ("secret" in variable ? [variable.secret] : [])),
        ),
      ),
    ];
    expect(references).toHaveLength(11);
    for (const { name, key } of references) {
      expect(Object.keys(of("Secret")[name]?.stringData ?? {})).toContain(key);
    }
  });

  it("makes no Secret of a token that nobody gave", async () => {
    const { gitToken: _, ...args } = DATASURFACE_ARGS;
    const { resources } = await evaluateStack({
      program: () => void new DataSurface("datasurface", args),
    });
    expect(resources.map(({ name }) => name)).not.toContain("datasurface-git");
  });

  it("tells the jobs to read several datasets at once where the settings say so", async () => {
    const several = { name: "DATASETS_AT_ONCE", value: "4" };
    const envOf = async (changes: Parameters<typeof planned>[0]) =>
      (await planned(changes))("Job")["yellowlive-infrastructure"].spec.template.spec.containers[0].env;
    expect(await envOf({ datasetsAtOnce: 4 })).toContainEqual(several);
    expect((await envOf({})).map(({ name }: Rendered) => name)).not.toContain("DATASETS_AT_ONCE");
  });

  it("reaches no repository where the deployment ships the model", async () => {
    const policies = (await planned(deployedModel(SETTINGS)))("NetworkPolicy");
    expect(policies).toEqual({});
  });

  it("binds each login to its servers in the Secret that carries it, out of the model's reach", async () => {
    const { stringData } = (await planned())("Secret").customers;
    expect(stringData).toMatchObject({
      CUSTOMERS_HOSTS: "postgres-primary.postgres.svc.cluster.local:5432",
      CUSTOMERS_SSLMODE: "verify-full",
    });
  });

  it.each([
    { host: "evil.example.com" },
    { port: 5433 },
    { host: "postgres-primary.postgres.svc.cluster.local.evil.example.com" },
  ])("refuses a model that pairs a login with another server: %o", async (elsewhere) => {
    const { ecosystem } = ACCEPTANCE.model;
    const stores = ecosystem.stores.map((store) => ({
      ...store,
      capture: { ...store.capture, source: { ...store.capture.source, ...elsewhere } },
    }));
    const model = { ...ACCEPTANCE.model, ecosystem: { ...ecosystem, stores } };
    await expect(planned({ model })).rejects.toThrow(/datasurface\.logins\.customers\.hosts: .* would send/);
  });

  it("makes a key for the masks of the model, in the Secret from which a transformer's job reads it", async () => {
    const { model } = ACCEPTANCE;
    const [store] = model.ecosystem.stores;
    if (!store) throw new Error("the model has a store");
    const copy = {
      ...{ name: "Masked1", team: "team1", production: false, kind: "mask" as const, from: store.name },
      ...{ key: "people_key", trigger: store.capture.trigger, deletions: store.deletions, datasets: [] },
    };
    const ecosystem = { ...model.ecosystem, transformers: [copy, { ...copy, name: "Masked2" }] };
    const secrets = (await planned({ model: { ...model, ecosystem } }))("Secret");
    expect(Object.keys(secrets).filter((name) => name.startsWith("mask-key"))).toEqual([
      "mask-key-people-key",
    ]);
    expect(Object.keys(secrets["mask-key-people-key"].stringData)).toEqual(["MASK_KEY"]);
  });

  it("refuses a model whose credentials have no login, by name", async () => {
    await expect(planned({ credentials: {} })).rejects.toThrow(
      "without a login: postgres, customers; given: none",
    );
  });

  it("stops the simulator at 0, and leaves it out where no source is named", async () => {
    const { simulator } = DATASURFACE_ARGS;
    if (!simulator) throw new Error("the example has a simulator");
    const stopped = (await planned({ simulator: { ...simulator, replicas: 0 } }))("Deployment");
    expect(stopped["datasurface-simulator"].spec.replicas).toBe(0);
    const { simulator: _, ...without } = DATASURFACE_ARGS;
    const { resources } = await evaluateStack({
      program: () => void new DataSurface("datasurface", without),
    });
    expect(resources.map(({ type }) => type)).not.toContain("kubernetes:apps/v1:Deployment");
  });

  it("runs the simulator restricted, with words and variables that it takes", async () => {
    const { spec } = (await planned())("Deployment")["datasurface-simulator"];
    expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
    expect(spec.template.spec).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    });
    const [container] = spec.template.spec.containers;
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    const environment = Object.fromEntries(
      container.env.map(({ name, value }: Rendered) => [
        name,
        name.endsWith("ROOTCERT") ? "package.json" : (value ?? "secret"),
      ]),
    );
    const domain = { name: "datasurface", summary: "", load: async () => datasurface };
    const command = await parseCommandLine(container.args, [domain], environment);
    expect(() => prepare(command)).not.toThrow();
  });
});
