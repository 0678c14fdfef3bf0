import { offsiteStore, postgresShape, type Settings, type SettingsSecrets } from "../settings";
import { surveyAccount } from "./hetzner";
import { HetznerCluster } from "./hetzner-cluster";

/** The servers that a stack declares; none where it deploys to an existing cluster. */
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
    hcloudToken: secrets.hcloudToken,
    snapshotStore: offsiteStore(settings, secrets),
    survey: await surveyAccount(cluster),
    postgres: { members: postgresShape(settings).replicas, names: postgresNames },
  });
}
