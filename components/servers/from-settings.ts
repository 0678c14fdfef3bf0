import { offsiteStore, postgresShape, type Settings, type SettingsSecrets } from "../settings";
import { surveyAccount } from "./hetzner";
import { HetznerCluster } from "./hetzner-cluster";

/** Declares the servers of a stack; undefined if the stack deploys to an existing cluster. */
export async function serversFor(
  settings: Settings,
  secrets: SettingsSecrets,
  postgresNames: readonly string[],
): Promise<HetznerCluster | undefined> {
  const { cluster, domain, target } = settings;
  if (target.kind !== "hetzner") return undefined;
  return new HetznerCluster("cluster", {
    cluster,
    domain,
    target,
    certificateEpoch: settings.epochs.certificates,
    kubeconfigEpoch: settings.epochs.kubeconfigs,
    hcloudToken: secrets.hcloudToken,
    snapshotStore: offsiteStore(settings, secrets),
    survey: await surveyAccount(cluster),
    postgres: { members: postgresShape(settings).replicas, names: postgresNames },
  });
}
