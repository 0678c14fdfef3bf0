/** An object of Kubernetes that gives or limits rights. */
export interface AccessObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

const ADMISSION = "admissionregistration.k8s.io/v1";

/** An admission policy that denies what its specification refuses, with the binding that puts it in force. */
export const denyingPolicy = (name: string, spec: object): AccessObject[] => [
  { apiVersion: ADMISSION, kind: "ValidatingAdmissionPolicy", metadata: { name }, spec },
  {
    apiVersion: ADMISSION,
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name },
    spec: { policyName: name, validationActions: ["Deny"] },
  },
];
