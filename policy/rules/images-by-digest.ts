import { fields, type PlannedObject, UNKNOWN } from "../plan";
import { findings, type Rule } from "./rule";

export const imagesByDigest: Rule = {
  name: "images-by-digest",
  reason: "Whoever can push to a registry can move a tag, and every new pod would run what it names then.",
  remedy: "Refer to the image by digest (name@sha256:...); the tag may stay in front of it.",
  scope: "resource",
  check: ({ objects, workloads }) => [
    ...workloads.flatMap(({ object, containers }) =>
      findings(object.subject, [...new Set(containers.map(({ fields: { image } }) => image))].map(fault)),
    ),
    ...objects
      .filter(({ kind, apiVersion }) => kind === "Plan" && apiVersion.startsWith("upgrade.cattle.io/"))
      .flatMap((object) => findings(object.subject, [...new Set(upgradeImages(object))].map(fault))),
  ],
};

function upgradeImages({ manifest }: PlannedObject): unknown[] {
  const { upgrade, prepare } = fields(manifest.spec);
  return [upgrade, prepare].flatMap((job) => fields(job).image ?? []);
}

function fault(image: unknown): string | undefined {
  if (image === UNKNOWN || (typeof image === "string" && /@sha256:([0-9a-f]{64}|<unknown.*>)$/.test(image)))
    return undefined;
  return `the image ${String(image)} has no digest`;
}
