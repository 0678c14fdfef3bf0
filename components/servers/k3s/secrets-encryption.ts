/**
 * The API server's encryption configuration, in the format that K3s writes. K3s uses an existing file and changes it
 * when keys are rotated (`k3s secrets-encrypt`). The rotated one, shared through etcd, then takes precedence over ours.
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
