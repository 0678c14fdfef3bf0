import { fields, type Plan, SERVER } from "../plan";
import { findings, type Rule } from "./rule";

export const offsiteBackups: Rule = {
  name: "offsite-backups",
  reason: "Backups inside the cluster are lost with the cluster.",
  remedy:
    "Set offsite, and leave the jobs that copy dumps, WAL, objects and etcd's snapshots there in place.",
  scope: "stack",
  check: (plan) => {
    if (plan.settings.environment !== "prod") return [];
    if (!plan.settings.offsite)
      return findings("settings: offsite", ["prod has no store for backups off the cluster"]);
    return [...copies(plan), ...snapshots(plan)];
  },
};

const COPIES = ["backup-copy", "postgres-base-backup-full-offsite", "object-mirror"];

function copies({ objects }: Plan) {
  return COPIES.flatMap((name) => {
    const job = objects.find((each) => each.kind === "CronJob" && each.name === name);
    return findings(`CronJob ${job?.namespace ?? "postgres"}/${name}`, [
      !job && "no such job copies backups off the cluster",
      fields(job?.manifest.spec).suspend === true && "the job is suspended",
    ]);
  });
}

/** The credentials by which etcd's snapshots are copied. */
const STORE = "/etc/etcd/store.curl";

function snapshots({ resources, serverFiles }: Plan) {
  return resources
    .filter(({ type, inputs }) => type === SERVER && fields(inputs.labels)["trellis-role-etcd"] === "true")
    .flatMap(({ name, urn }) => {
      const files = serverFiles.get(urn);
      return findings(name, [files && !files.has(STORE) && "its etcd snapshots stay on the server"]);
    });
}
