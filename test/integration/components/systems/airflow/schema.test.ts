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

/** A HelmChart is K3s' own kind, of which Kubernetes has no schema. */
const isKnown = (manifest: unknown) => Object(manifest).kind !== "HelmChart";

describeWith([KUBERNETES_VALIDATE], "the Kubernetes objects of Airflow and DataSurface", () => {
  it("of DataSurface are what Kubernetes' schemas allow, without a field too many", async () => {
    const { resources } = await evaluateStack({
      program: () => void new DataSurface("datasurface", DATASURFACE_ARGS),
    });
    const manifests = manifestsOf(resources);

    expect(manifests.length).toBeGreaterThan(18);
    expect(schemaViolations(manifests.filter(isKnown))).toEqual([]);
  });

  it("of Airflow are so too", async () => {
    const { resources } = await evaluateAirflow();
    const manifests = manifestsOf(resources);

    expect(manifests.length).toBeGreaterThan(12);
    const known = manifests.filter(isKnown);
    expect(known).toHaveLength(manifests.length - 1);
    expect(schemaViolations(known)).toEqual([]);
  });
});

describeWith(["airflow"], "the settings of Airflow's processes", () => {
  it("are options that this release knows", async () => {
    const { resources } = await evaluateAirflow();
    const scheduler = resources.find(({ name }) => name === "airflow-airflow-scheduler");
    const deployment = scheduler?.inputs as unknown as Deployment; // safe: the SDK has typed the inputs
    const names = deployment.spec.template.spec.containers
      .slice(0, 1)
      .flatMap(({ env }) => env.map(({ name }) => name))
      .filter((name) => name.startsWith("AIRFLOW__"));
    expect(names.length).toBeGreaterThan(10);

    const unknown = (...more: string[]) =>
      withMounted({}, async (folder, run) =>
        JSON.parse(await run("known_options.py", folder, ...names, ...more)),
      );
    expect(await unknown("AIRFLOW__CORE__NO_SUCH_OPTION")).toEqual(["AIRFLOW__CORE__NO_SUCH_OPTION"]);
  });
});

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: ReadonlyArray<{ readonly env: ReadonlyArray<{ readonly name: string }> }>;
      };
    };
  };
}

function manifestsOf(resources: Evaluation["resources"]): unknown[] {
  return resources.flatMap((each) => kubernetesObject(each, each.inputs)?.manifest ?? []);
}
