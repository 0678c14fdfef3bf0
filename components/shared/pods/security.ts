/**
 * What the restricted pod security profile asks for, and a little more. Every pod of the platform is made with these,
 * so that a weaker one stands out where it is declared.
 */

/** A pod whose processes are one ordinary user from the first on. */
export function restrictedPod(user: number) {
  return {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: user,
    fsGroup: user,
    fsGroupChangePolicy: "OnRootMismatch", // walking a large volume at each start takes minutes
    seccompProfile: { type: "RuntimeDefault" },
  } as const;
}

/** A container that can gain nothing and write nowhere but into its volumes. */
export const restrictedContainer = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

/** Room for temporary files, since the root file system is read-only. */
export const SCRATCH = {
  volume: { name: "scratch", emptyDir: { sizeLimit: "256Mi" } },
  mount: { name: "scratch", mountPath: "/tmp" },
};
