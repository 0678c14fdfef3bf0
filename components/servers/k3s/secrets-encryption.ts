/**
 * How the API server encrypts secrets, in the form in which K3s keeps it. K3s takes over a file that lies there, and
 * changes it when its keys are rotated (`k3s secrets-encrypt`); what it then shares through etcd wins over this one.
 */
export function encryptionConfiguration(key: string): string {
  return JSON.stringify({
    kind: "EncryptionConfiguration",
    apiVersion: "apiserver.config.k8s.io/v1",
    resources: [
      {
        resources: ["secrets"],
        providers: [{ secretbox: { keys: [{ name: "secretboxkey", secret: key }] } }, { identity: {} }],
      },
    ],
  });
}
