import { expect, it } from "vitest";
import type { Evaluation } from "../../../../../cli/pulumi-monitor";
import { kubernetesObject } from "../../../../../cli/shared/kubernetes-objects";
import { DataSurface } from "../../../../../components/systems/datasurface";
import { withMounted } from "../../../../rigs/airflow/airflow";
import { evaluateAirflow } from "../../../../rigs/airflow/in-cluster";
import { DATASURFACE_ARGS } from "../../../../rigs/datasurface/in-cluster";
import { evaluateStack } from "../../../../rigs/evaluate";
import { KUBERNETES_VALIDATE, schemaViolations } from "../../../../rigs/kubernetes/validate";
import { describeWith } from "../../../../rigs/programs";

describeWith([KUBERNETES_VALIDATE], "the Kubernetes objects of Airflow and DataSurface", () => {
  it("of DataSurface are what Kubernetes' schemas allow, without a field too many", async () => {
    const { resources } = await evaluateStack({
      program: () => void new DataSurface("datasurface", DATASURFACE_ARGS),
    });
    const manifests = manifestsOf(resources);

    expect(manifests.length).toBeGreaterThan(18);
    expect(schemaViolations(manifests)).toEqual([]);
  });

  it("of Airflow are so too", async () => {
    const { resources } = await evaluateAirflow();
    const manifests = manifestsOf(resources);

    expect(manifests.length).toBeGreaterThan(12);
    // A HelmChart is K3s' own kind, of which Kubernetes has no schema.
    const known = manifests.filter((each) => Object(each).kind !== "HelmChart");
    expect(known).toHaveLength(manifests.length - 1);
    expect(schemaViolations(known)).toEqual([]);
  });
});

describeWith(["airflow"], "the settings of Airflow's processes", () => {
  it("are options that this release knows", async () => {
    const { resources } = await evaluateAirflow();
    const scheduler = resources.find(({ name }) => name === "airflow-airflow-scheduler");
    // biome-ignore lint/suspicious/noExplicitAny: a rendered object is looked into at many depths.
    const deployment: any = scheduler?.inputs;
    const { env } = deployment.spec.template.spec.containers[0];
    const names: string[] = env
      .map(({ name }: { name: string }) => name)
      .filter((name: string) => name.startsWith("AIRFLOW__"));
    expect(names.length).toBeGreaterThan(10);

    const unknown = (...more: string[]) =>
      withMounted({}, async (folder, run) =>
        JSON.parse(await run("known_options.py", folder, ...names, ...more)),
      );
    expect(await unknown("AIRFLOW__CORE__NO_SUCH_OPTION")).toEqual(["AIRFLOW__CORE__NO_SUCH_OPTION"]);
  });
});

function manifestsOf(resources: Evaluation["resources"]): unknown[] {
  return resources.flatMap((each) => kubernetesObject(each, each.inputs)?.manifest ?? []);
}
