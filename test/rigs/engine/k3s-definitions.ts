/** The fields of a HelmChart (k3s-io/helm-controller, pkg/apis/helm.cattle.io/v1/types.go) by their types. */
const CHART = {
  string: [
    ...["chart", "chartContent", "helmVersion", "jobImage", "repo", "repoCA"],
    ...["targetNamespace", "timeout", "valuesContent", "version"],
  ],
  boolean: [
    "authPassCredentials",
    "bootstrap",
    "createNamespace",
    "insecureSkipTLSVerify",
    "plainHTTP",
    "takeOwnership",
  ],
  integer: ["backOffLimit"],
} as const;

const REFERENCE = { type: "object", properties: { name: { type: "string" } } };

const FAILURE_POLICY = { type: "string", enum: ["abort", "reinstall", "retry"], default: "reinstall" };

const chart = {
  ...Object.fromEntries(
    Object.entries(CHART).flatMap(([type, names]) => names.map((name) => [name, { type }] as const)),
  ),
  failurePolicy: FAILURE_POLICY,
  set: { type: "object", additionalProperties: { "x-kubernetes-int-or-string": true } },
  authSecret: REFERENCE,
  repoCAConfigMap: REFERENCE,
  valuesSecrets: {
    type: "array",
    items: {
      type: "object",
      properties: {
        name: { type: "string" },
        keys: { type: "array", items: { type: "string" } },
        ignoreUpdates: { type: "boolean" },
      },
    },
  },
};

const configuration = {
  valuesContent: { type: "string" },
  failurePolicy: FAILURE_POLICY,
  valuesSecrets: chart.valuesSecrets,
};

const definition = (kind: string, plural: string, properties: object) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.helm.cattle.io` },
  spec: {
    group: "helm.cattle.io",
    scope: "Namespaced",
    names: { kind, plural, singular: kind.toLowerCase() },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: { type: "object", properties },
              status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
            },
          },
        },
      },
    ],
  },
});

/** The kinds that K3s brings along: what is said with a field that they do not have is refused. */
export const K3S_DEFINITIONS: readonly object[] = [
  definition("HelmChart", "helmcharts", chart),
  definition("HelmChartConfig", "helmchartconfigs", configuration),
];
