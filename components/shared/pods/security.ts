/**
 * Security contexts that meet the restricted pod security profile and go slightly beyond it. Every pod of the platform
 * uses them, so that a weaker setting is visible where the pod is declared.
 */

/** The security context of a pod whose processes all run as this user, never as root. */
export function restrictedPod(user: number) {
  return {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: user,
    fsGroup: user,
    fsGroupChangePolicy: "OnRootMismatch", // a change of every file of a large volume takes minutes at each start
    seccompProfile: { type: "RuntimeDefault" },
  } as const;
}

/** The security context of a container that has no capabilities and can write to its volumes only. */
export const restrictedContainer = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

/** A volume for temporary files, because the root file system is read-only. */
export const SCRATCH = {
  volume: { name: "scratch", emptyDir: { sizeLimit: "256Mi" } },
  mount: { name: "scratch", mountPath: "/tmp" },
};
