import { describe, expect, it } from "vitest";
import { DataSurface, type DataSurfaceArgs, dataSurfaceDags } from "../../../components/datasurface";
import { datasurface } from "../../../jobs/datasurface/index";
import { parseCommandLine, prepare } from "../../../jobs/shared";
import { ACCEPTANCE } from "../../support/airflow-model";
import { DATASURFACE_ARGS } from "../../support/datasurface-in-cluster";
import { evaluateStack } from "../../support/evaluate";

// biome-ignore lint/suspicious/noExplicitAny: a rendered object is looked into at many depths.
type Planned = any;

/** The objects of one kind, by their names in the cluster. */
async function planned(
  args: Partial<DataSurfaceArgs> = {},
): Promise<(kind: string) => Record<string, Planned>> {
  const { resources } = await evaluateStack({
    program: () => void new DataSurface("datasurface", { ...DATASURFACE_ARGS, ...args }),
  });
  const objects: Planned[] = resources.filter(({ type }) => type.startsWith("kubernetes:"));
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
    const [role] = Object.values(of("Role"));
    const [binding] = Object.values(of("RoleBinding"));
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
    expect(
      Object.entries((await planned())("ConfigMap")).map(([name, configMap]) => [name, configMap.data]),
    ).toEqual([
      ["yellowlive-git-config", data],
      ["yellowforensic-git-config", data],
    ]);
  });

  it("makes every object that the pods of the DAGs refer to", async () => {
    const of = await planned();
    const [platform] = dataSurfaceDags(ACCEPTANCE);
    // biome-ignore lint/suspicious/noExplicitAny: the template is Kubernetes' JSON.
    const spec = platform?.template.spec as any;
    expect(Object.keys(of("ServiceAccount"))).toContain(spec.serviceAccountName);
    const [container] = spec.containers;
    expect(Object.keys(of("ConfigMap"))).toContain(container.envFrom[0].configMapRef.name);
    const references = [
      ...container.env.flatMap((each: Planned) => each.valueFrom?.secretKeyRef ?? []),
      ...(platform?.ingestion ?? []).flatMap(({ environment }) =>
        environment.flatMap((each) => ("secret" in each ? [each.secret] : [])),
      ),
    ];
    expect(references).toHaveLength(5);
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

  it("refuses a model whose credentials have no login, by name", async () => {
    await expect(planned({ credentials: {} })).rejects.toThrow("without a login: postgres; given: none");
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
      container.env.map(({ name, value }: Planned) => [name, value ?? "secret"]),
    );
    const domain = { name: "datasurface", summary: "", load: async () => datasurface };
    const command = await parseCommandLine(container.args, [domain], environment);
    expect(() => prepare(command)).not.toThrow();
  });
});
