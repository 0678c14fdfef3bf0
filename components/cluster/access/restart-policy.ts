import { type AccessObject, denyingPolicy } from "./access-object";

const NAME = "trellis-developers-restart-only";

/** What `kubectl rollout restart` sets in a Deployment's pod template. */
const RESTARTED_AT = "kubectl.kubernetes.io/restartedAt";

/**
 * Limits what developers can patch in a Deployment to a restart. RBAC cannot: whoever may patch a Deployment could also
 * start an image of their own in it, with the namespace's Secrets mounted. It does not limit people who may create
 * Deployments, since they need no patch for that.
 */
export function restartPolicy(developers: readonly string[]): AccessObject[] {
  const groups = developers.map((group) => JSON.stringify(group)).join(", ");
  return denyingPolicy(NAME, {
    failurePolicy: "Fail",
    matchConstraints: {
      resourceRules: [
        { apiGroups: ["apps"], apiVersions: ["*"], operations: ["UPDATE"], resources: ["deployments"] },
      ],
    },
    matchConditions: [
      {
        name: "a-developer",
        expression: `request.userInfo.groups.exists(group, group in [${groups}])`,
      },
      {
        name: "who-may-not-create-deployments",
        expression:
          "!authorizer.group('apps').resource('deployments').namespace(request.namespace).check('create').allowed()",
      },
    ],
    variables: [
      {
        name: "before",
        expression: "oldObject.spec.template.?metadata.?annotations.orValue({})",
      },
      { name: "after", expression: "object.spec.template.?metadata.?annotations.orValue({})" },
    ],
    validations: [
      {
        expression: [
          ...["labels", "annotations", "ownerReferences", "finalizers"].map(unchanged("metadata")),
          ...DEPLOYMENT_FIELDS.map(unchanged("spec")),
          "object.spec.template.?spec == oldObject.spec.template.?spec",
          ...["labels", "ownerReferences", "finalizers"].map(unchanged("spec.template.metadata")),
          `variables.after.all(key, key == '${RESTARTED_AT}' || (key in variables.before && variables.before[key] == variables.after[key]))`,
          `variables.before.all(key, key == '${RESTARTED_AT}' || key in variables.after)`,
        ].join(" && "),
        message:
          "developers may only restart a Deployment (kubectl rollout restart); an administrator makes other changes in the stack's settings",
        reason: "Forbidden",
      },
    ],
  });
}

/** The fields of a Deployment's spec besides its pod template. */
const DEPLOYMENT_FIELDS = [
  ...["minReadySeconds", "paused", "progressDeadlineSeconds", "replicas"],
  ...["revisionHistoryLimit", "selector", "strategy"],
];

const unchanged = (of: string) => (field: string) => `object.${of}.?${field} == oldObject.${of}.?${field}`;
