import { expect, it } from "vitest";
import { kubernetesObject } from "../../../cli/shared/kubernetes-objects";
import { KUBERNETES_VALIDATE, schemaViolations } from "../../rigs/kubernetes/validate";
import { evaluatePlatform } from "../../rigs/platform/platform";
import { rawSettings, STACKS } from "../../rigs/platform/stacks";
import { describeWith } from "../../rigs/programs";

/** Kinds that add-ons define: Kubernetes itself has no schema of them. */
const OF_ADD_ONS = /^WARN .*Couldn't find schema for kind HelmChart with api version helm\.cattle\.io\/v1/;

describeWith([KUBERNETES_VALIDATE], "the Kubernetes objects of a stack", () => {
  it.each(STACKS)("of %s are what Kubernetes' schemas allow, without a field too many", async (stack) => {
    const { resources } = await evaluatePlatform(rawSettings(stack), stack);
    const manifests = resources.flatMap((each) => kubernetesObject(each, each.inputs)?.manifest ?? []);

    expect(manifests.length).toBeGreaterThan(80);
    expect(schemaViolations(manifests).filter((line) => !OF_ADD_ONS.test(line))).toEqual([]);
  });

  it("would be refused for one field that Kubernetes does not know", () => {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "a", lables: {} } };

    expect(schemaViolations([namespace]).join()).toContain("'lables' was unexpected");
  });
});
