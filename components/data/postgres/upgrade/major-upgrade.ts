import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { jobsCronJob } from "../../../shared/pods";
import { LABELS, POSTGRES } from "../names";
import { networkPod, type UpgradePodsArgs, volumePod } from "./upgrade-pods";

export type MajorUpgradeArgs = UpgradePodsArgs;

/** A large database is copied and analyzed for hours. */
const MOST_HOURS = 12;

/**
 * Creates the CronJobs of a move to the next major release. All are suspended: an operator starts one after the other
 * (`kubectl create job --from=cronjob/postgres-upgrade-<action>`), as docs/runbooks/postgres-upgrade.md says. They exist
 * only while the settings name the release that the data are of.
 */
export class MajorUpgrade extends pulumi.ComponentResource {
  constructor(name: string, args: MajorUpgradeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:postgres:MajorUpgrade", name, {}, opts);
    const { namespace } = args;
    const account = new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      {
        metadata: { name: POSTGRES.upgrade, namespace, labels: LABELS.upgrade },
        automountServiceAccountToken: false,
      },
      { parent: this },
    );
    const pods = {
      rehearse: networkPod(args, "rehearse"),
      run: volumePod(args, "run"),
      finish: networkPod(args, "finish"),
      back: volumePod(args, "back"),
      confirm: volumePod(args, "confirm"),
    };
    for (const [action, pod] of Object.entries(pods)) {
      new k8s.batch.v1.CronJob(
        `${name}-${action}`,
        {
          metadata: { name: `${POSTGRES.upgrade}-${action}`, namespace, labels: LABELS.upgrade },
          spec: jobsCronJob(
            {
              startWithinSeconds: 3_600,
              endWithinHours: MOST_HOURS,
              attempts: 1, // a person reads why it failed before the next attempt
              kept: [3, 3],
              memory: ["512Mi", `${args.memoryMib}Mi`],
              cpu: "250m",
            },
            false,
            LABELS.upgrade,
            pod,
          ),
        },
        { parent: this, dependsOn: account },
      );
    }
    this.registerOutputs({});
  }
}
