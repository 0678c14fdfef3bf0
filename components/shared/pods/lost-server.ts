/**
 * After this time Kubernetes moves a pod of a lost server to another one: the API server's default for every pod, which
 * K3s' own (CoreDNS, metrics-server) cannot be given one by one. Kubernetes' own default is five minutes.
 */
export const LOST_SERVER_SECONDS = 30;

/** A pod whose volume is on its server cannot start elsewhere, so a short absence should not end it. */
const WITH_LOCAL_VOLUME_SECONDS = 300;

const stays = (seconds: number) =>
  ["not-ready", "unreachable"].map((condition) => ({
    key: `node.kubernetes.io/${condition}`,
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds: seconds,
  }));

/** Tolerations of a pod that any server can take over, also where the API server's default is Kubernetes' own. */
export const MOVES_SOON = stays(LOST_SERVER_SECONDS);

/** Tolerations of a pod whose volume is on its server. */
export const STAYS_WITH_VOLUME = stays(WITH_LOCAL_VOLUME_SECONDS);
