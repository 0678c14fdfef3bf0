import { expect, it } from "vitest";
import { DataSurface } from "../../../components/datasurface";
import { kubernetesObject } from "../../../local/kubernetes-objects";
import { DATASURFACE_ARGS } from "../../support/datasurface-in-cluster";
import { evaluateStack } from "../../support/evaluate";
import { KUBERNETES_VALIDATE, schemaViolations } from "../../support/kubernetes-validate";
import { describeWith } from "../../support/programs";

describeWith([KUBERNETES_VALIDATE], "the Kubernetes objects of DataSurface", () => {
  it("are what Kubernetes' schemas allow, without a field too many", async () => {
    const { resources } = await evaluateStack({
      program: () => void new DataSurface("datasurface", DATASURFACE_ARGS),
    });
    const manifests = resources.flatMap((each) => kubernetesObject(each, each.inputs)?.manifest ?? []);

    expect(manifests).toHaveLength(8);
    expect(schemaViolations(manifests)).toEqual([]);
  });
});
