import type * as pulumi from "@pulumi/pulumi";
import { type Authority, type KeyPair, LIFETIMES } from "../../shared/pki";

/** Who gets a kubeconfig that cannot administer the cluster. */
export interface People<Each> {
  /** Sees the whole cluster except Secrets. */
  readonly reader: Each;
  /** Works on the systems: reads them and their logs, forwards ports, restarts Deployments. */
  readonly developer: Each;
}

/**
 * The groups in their certificates. The epoch is part of the name: RBAC binds the current group only, so a certificate of
 * an earlier epoch logs in without any rights. Kubernetes has no other way to revoke a certificate.
 */
export const peopleGroups = (epoch: number): People<string> => ({
  reader: `trellis:readers:${epoch}`,
  developer: `trellis:developers:${epoch}`,
});

/** Issues the certificates of developers and readers. */
export function issuePeople(
  client: Authority,
  { cluster, epoch }: { readonly cluster: string; readonly epoch: number },
): People<pulumi.Output<KeyPair>> {
  const issue = (person: keyof People<unknown>) =>
    client.issue(person, {
      subject: { commonName: `${cluster}-${person}`, organization: peopleGroups(epoch)[person] },
      uses: ["client_auth"],
      lifetime: LIFETIMES.person,
      epoch,
    });
  return { reader: issue("reader"), developer: issue("developer") };
}
