import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type AccessObject, denyingPolicy } from "../access";

export interface ImagePolicyArgs {
  /** The namespaces whose pods may run only these images. */
  readonly namespaces: readonly string[];

  /** The prefix of the images that the program builds (`images.repository`). They are allowed by digest only. */
  readonly repository: string;

  /** Repositories of other images, without tag and digest. They are allowed with any tag or digest. */
  readonly others: readonly string[];
}

const NAME = "trellis-images";

/**
 * Refuses pods with any other image in the namespaces of the platform, also to those who may create pods there: schedulers,
 * controllers and administrators. Kubernetes cannot verify a signature without a webhook of its own; the
 * digest says which build of ours it is, and the program pushes that build itself.
 */
export class ImagePolicy extends pulumi.ComponentResource {
  constructor(name: string, args: ImagePolicyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:cluster:ImagePolicy", name, {}, opts);
    for (const object of imagePolicy(args))
      new k8s.apiextensions.CustomResource(`${name}-${object.kind}`, object, { parent: this });
    this.registerOutputs({});
  }
}

/** The policy and its binding, as objects of Kubernetes. */
export function imagePolicy({ namespaces, repository, others }: ImagePolicyArgs): AccessObject[] {
  const built = `^${repository.replaceAll(".", "\\.")}-[a-z]+@sha256:[0-9a-f]{64}$`;
  return denyingPolicy(NAME, {
    failurePolicy: "Fail",
    matchConstraints: {
      namespaceSelector: {
        matchExpressions: [
          { key: "kubernetes.io/metadata.name", operator: "In", values: [...namespaces].sort() },
        ],
      },
      resourceRules: [
        {
          apiGroups: [""],
          apiVersions: ["v1"],
          operations: ["CREATE", "UPDATE"],
          resources: ["pods", "pods/ephemeralcontainers"],
        },
      ],
    },
    matchConditions: [
      {
        // A pod from before an upgrade can still be labelled, whatever its image.
        name: "with-another-spec",
        expression: "request.operation == 'CREATE' || object.spec != oldObject.spec",
      },
    ],
    variables: [
      {
        name: "images",
        expression: ["object.spec.containers", ...["initContainers", "ephemeralContainers"].map(optional)]
          .map((containers) => `${containers}.map(container, container.image)`)
          .join(" + "),
      },
      {
        name: "refused",
        expression: `variables.images.filter(image, !(image.matches(${text(built)}) || [${[...others].sort().map(text).join(", ")}].exists(other, image.startsWith(other + ':') || image.startsWith(other + '@'))))`,
      },
    ],
    validations: [
      {
        expression: "variables.refused.size() == 0",
        messageExpression: `'this namespace runs only images that the platform is made of; refused: ' + variables.refused.join(', ')`,
        reason: "Forbidden",
      },
    ],
  });
}

const optional = (field: string) => `object.spec.?${field}.orValue([])`;

/** A string of CEL. */
const text = (value: string) => JSON.stringify(value);
