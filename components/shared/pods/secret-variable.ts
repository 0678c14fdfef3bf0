import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** A variable of a container whose value is in a Secret, by default under the variable's own name. */
export const secretVariable = (
  name: string,
  secret: pulumi.Input<string>,
  key: string = name,
): k8s.types.input.core.v1.EnvVar => ({ name, valueFrom: { secretKeyRef: { name: secret, key } } });
