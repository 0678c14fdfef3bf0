import {
  type Leaf,
  leaves,
  type Plan,
  type PlannedObject,
  type PlannedResource,
  remembered,
  SERVER,
} from "../plan";
import { type Finding, findings, type Rule } from "./rule";
import { secretIn } from "./secret-texts";

export const noClearSecrets: Rule = {
  name: "no-clear-secrets",
  reason:
    "What is not marked as a secret stands in the state, in previews and in logs for everybody who reads them.",
  remedy:
    "Make it with pulumi.secret, or keep it in a Secret and refer to that. A secret of the settings: pulumi config set --secret.",
  scope: "resource",
  check: (plan) => [...plan.resources.flatMap(ofResource), ...ofCharts(plan)],
};

const ofResource = remembered((resource: PlannedResource): Finding[] => {
  const marked = resource.secretInputs ?? assumedSecrets(resource.type);
  const isMarked = (path: string) =>
    marked.some(
      (secret) => path === secret || path.startsWith(`${secret}.`) || path.startsWith(`${secret}[`),
    );
  const clear = [...leaves(resource.inputs)].filter(
    ({ path, key }) => !isMarked(path) && key !== "chartContent",
  );
  return findings(resource.name, clear.map(faultOf));
});

/** The engine does not tell a pack what is secret, so that the pack does not judge the fields that are made for secrets. */
function assumedSecrets(type: string): readonly string[] {
  if (type === "kubernetes:core/v1:Secret") return ["data", "stringData"];
  if (type === SERVER) return ["userData"];
  if (type === "pulumi:providers:kubernetes") return ["kubeconfig"];
  if (type.startsWith("pulumi:providers:")) return ["token"];
  if (type.startsWith("tls:")) return ["privateKeyPem", "caPrivateKeyPem", "certRequestPem"];
  return [];
}

/** The objects of a chart are compressed in one input, which is no secret as a whole. */
function ofCharts({ objects }: Plan): Finding[] {
  return objects
    .filter(
      ({ direct, carrier }) =>
        !direct && carrier.type !== SERVER && !carrier.secretInputs?.includes("spec.chartContent"),
    )
    .flatMap(ofChart);
}

const ofChart = remembered(({ subject, manifest }: PlannedObject): Finding[] =>
  findings(subject, [...leaves(manifest)].map(faultOf)),
);

function faultOf({ path, key, value }: Leaf): string | undefined {
  const found = typeof value === "string" ? secretIn(key, value) : undefined;
  return found && `${path} shows ${found} in clear`;
}
