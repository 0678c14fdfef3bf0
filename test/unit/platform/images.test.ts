import { expect, it } from "vitest";
import { parseSettings } from "../../../components/settings";
import { planOf } from "../../../policy/plan";
import { evaluatePlatform } from "../../rigs/platform/platform";
import { rawSettings } from "../../rigs/platform/stacks";

it("are all accepted by the policy of images that prod deploys, in the namespaces that it guards", async () => {
  const raw = rawSettings("prod");
  const { resources, artefacts: rendered } = await evaluatePlatform(raw, "prod");
  const { objects, workloads } = planOf({ settings: parseSettings(raw), resources, rendered });
  const policy = objects.find(
    ({ kind, manifest }) =>
      kind === "ValidatingAdmissionPolicy" && Object(manifest.metadata).name === "trellis-images",
  );
  const { matchConstraints, variables } = Object(policy?.manifest.spec);
  const { values: namespaces } = matchConstraints.namespaceSelector.matchExpressions[0];
  const [, built = "", others = ""] =
    /matches\((".*?")\) \|\| (\[.*?\])\.exists/.exec(variables[1].expression) ?? [];
  const ours = new RegExp(JSON.parse(built));
  const repositories: string[] = JSON.parse(others);

  const images = workloads
    .filter(({ object }) => namespaces.includes(Object(object.manifest.metadata).namespace))
    .flatMap(({ containers }) => containers.map(({ fields }) => String(fields.image)));
  expect(new Set(images).size).toBeGreaterThan(5);
  const refused = images.filter((image) => {
    // A plan knows no digest of an image that is still to be built.
    const known = image.replace(/<unknown.*>/, "0".repeat(64));
    return (
      !ours.test(known) &&
      !repositories.some((other) => image.startsWith(`${other}:`) || image.startsWith(`${other}@`))
    );
  });
  expect(refused).toEqual([]);
});
