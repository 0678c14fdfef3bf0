import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { inlineChart } from "../../../../components/cluster/helm/inline-chart";
import { describeWith, program } from "../../../rigs/programs";

const MANIFEST = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "x" },
  data: { text: "{{ not a template }}" },
};

describeWith(["tar"], "an inline chart", () => {
  const chart = inlineChart({
    name: "demo",
    crds: [{ kind: "CustomResourceDefinition" }],
    manifests: [MANIFEST],
  });
  const tar = (...args: string[]) =>
    execFileSync(program("tar"), args, { input: Buffer.from(chart, "base64"), encoding: "utf8" });

  it("is an archive that tar reads, laid out as Helm wants it", () => {
    expect(tar("-tzf", "-").trim().split("\n")).toEqual([
      "demo/Chart.yaml",
      "demo/crds/0.yaml",
      "demo/templates/0.yaml",
    ]);
    expect(parse(tar("-xzOf", "-", "demo/Chart.yaml"))).toMatchObject({ apiVersion: "v2", name: "demo" });
  });

  it("says literally what its manifests say, braces and all", () => {
    const template = tar("-xzOf", "-", "demo/templates/0.yaml");

    expect(template.replaceAll('{{ "{{" }}', "{{")).toContain("{{ not a template }}");
    expect(template).not.toContain("{{ not");
  });

  it("is the same for the same content", () => {
    expect(inlineChart({ name: "demo", manifests: [MANIFEST] })).toBe(
      inlineChart({ name: "demo", manifests: [MANIFEST] }),
    );
  });
});
