import { describe, expect, it } from "vitest";
import type { KubernetesObject } from "../../../../../cli/shared/kubernetes-objects";
import { backup } from "../../../../../jobs/backup";
import { BACKUP_ARGS, backupObjects } from "../../../../rigs/backup/component";
import type { Rendered } from "../../../../rigs/rendered-objects";

const of = (objects: readonly KubernetesObject[], kind: string): Rendered[] =>
  objects.filter((each) => each.kind === kind).map(({ manifest }) => manifest);

const cronJobs = async (...args: Parameters<typeof backupObjects>) =>
  new Map<string, Rendered>(
    of(await backupObjects(...args), "CronJob")
      .map((job): [string, Rendered] => [job.metadata.name, job.spec])
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
const podOf = (job: Rendered) => job.jobTemplate.spec.template.spec;

/** The names of the variables of a pod's main container, and where their values come from. */
const variables = (job: Rendered): Map<string, Rendered> =>
  new Map(podOf(job).containers[0].env.map(({ name, ...from }: Rendered) => [name, from]));

describe("the backups of a stack", () => {
  it("are made, read back, copied, pruned, tried and watched, each in its own time and never twice at once", async () => {
    const jobs = await cronJobs();
    expect([...jobs].map(([name, { schedule, suspend }]) => [name, suspend ? "by hand" : schedule])).toEqual([
      ["backup-copy", "30 3 * * *"],
      ["backup-create", "0 2 * * *"],
      ["backup-drill", "0 5 * * 0"],
      ["backup-monitor", "15 * * * *"],
      ["backup-prune", "30 4 * * *"],
      ["backup-restore", "by hand"],
      ["backup-verify", "0 */4 * * *"],
    ]);
    for (const job of jobs.values()) {
      expect(job).toMatchObject({ concurrencyPolicy: "Forbid", timeZone: "Etc/UTC" });
      expect(job.startingDeadlineSeconds).toBeGreaterThan(0);
      expect(job.successfulJobsHistoryLimit + job.failedJobsHistoryLimit).toBeLessThanOrEqual(6);
      const { spec } = job.jobTemplate;
      expect(spec.activeDeadlineSeconds).toBeGreaterThanOrEqual(900);
      expect(spec.ttlSecondsAfterFinished).toBe(604_800);
      expect(spec.template.spec.restartPolicy).toBe("Never");
    }
  });

  it("rest in a development stack as far as it does not need them", async () => {
    const awake = [...(await cronJobs({ environment: "dev" }))].filter(([, { suspend }]) => !suspend);
    expect(awake.map(([name]) => name)).toEqual(["backup-copy", "backup-create", "backup-prune"]);
  });

  it("are pruned off the cluster by a job with a key of its own, where there is one: then copies remove nothing", async () => {
    const offsite = BACKUP_ARGS.offsite && {
      ...BACKUP_ARGS.offsite,
      prune: { accessKey: "the-name-of-pruning", secretKey: "the-key-of-pruning" },
    };
    const jobs = await cronJobs({ offsite });
    const holders = [...jobs].filter(([, job]) => JSON.stringify(job).includes("backup-prune-access"));
    expect(holders.map(([name]) => name)).toEqual(["backup-prune-copies"]);
    expect(variables(jobs.get("backup-copy")).get("BACKUP_KEEP_OLD")).toEqual({ value: "true" });
    const pruning = jobs.get("backup-prune-copies");
    expect(pruning.schedule).toBe("50 4 * * *");
    expect(JSON.stringify(pruning)).not.toMatch(/RECIPIENT|IDENTITY/);
    const [policy] = of(await backupObjects({ offsite }), "NetworkPolicy");
    expect(pruning.jobTemplate.spec.template.metadata.labels).toMatchObject(
      policy.spec.podSelector.matchLabels,
    );
    expect(variables((await cronJobs()).get("backup-copy")).has("BACKUP_KEEP_OLD")).toBe(false);
  });

  it("stay in the cluster where there is nowhere else to go", async () => {
    const objects = await backupObjects({ offsite: undefined });
    expect(JSON.stringify(objects)).not.toMatch(/OFFSITE/);
    // The key stays, or copies of before would be noise when the setting comes back.
    const keys = async (args: Parameters<typeof backupObjects>[0]) =>
      of(await backupObjects(args), "Secret").find(({ metadata }) => metadata.name === "backup-offsite-key")
        ?.stringData.BACKUP_S3_IDENTITY;
    expect(await keys({ offsite: undefined })).toMatch(/^AGE-SECRET-KEY-1/);
    expect(await keys({ offsite: undefined })).toBe(await keys({}));
    expect(of(objects, "CronJob").map(({ metadata }) => metadata.name)).not.toContain("backup-copy");
    expect(of(objects, "NetworkPolicy")).toEqual([]);
  });

  it("run by an account without a token, in pods that are one ordinary user", async () => {
    const objects = await backupObjects();
    const pods = [
      ...of(objects, "CronJob").map(({ spec }) => podOf(spec)),
      ...of(objects, "Deployment").map(({ spec }) => spec.template.spec),
    ];
    expect(pods).toHaveLength(8);
    for (const pod of pods) {
      expect(pod).toMatchObject({
        serviceAccountName: "backup",
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      });
      for (const { securityContext, resources } of [...pod.containers, ...(pod.initContainers ?? [])]) {
        expect(securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
        expect(resources).toMatchObject({
          requests: { cpu: expect.any(String) },
          limits: { memory: /Mi|Gi/ },
        });
      }
    }
    expect(of(objects, "Role")).toEqual([]);
  });

  it("are given what their verb reads and nothing else; secrets by reference alone", async () => {
    const common = ["LOG_FORMAT", "NODE_EXTRA_CA_CERTS"];
    for (const [name, job] of await cronJobs()) {
      const verb = backup.verbs.find((each) => `backup-${each.name}` === name);
      const declared = verb?.declares.map(({ syntax, summary }) => `${syntax} ${summary}`).join() ?? "";
      for (const [variable, { value }] of variables(job)) {
        const [, prefix = "", part = ""] = /^(BACKUP_SERVER)(_.*)$/.exec(variable) ?? [];
        const known =
          declared.includes(variable) || (declared.includes(`${prefix}_HOST`) && declared.includes(part));
        expect(common.includes(variable) || known, `${name}: ${variable}`).toBe(true);
        expect(String(value)).not.toMatch(/^the-(key|password)/);
      }
    }
  });

  it("let only a restore be the superuser, only copies leave the cluster, and a drill near nothing of production", async () => {
    const objects = await backupObjects();
    const jobs = await cronJobs();
    const holders = (text: string) =>
      [...jobs].filter(([, job]) => JSON.stringify(job).includes(text)).map(([name]) => name);
    expect(holders("postgres-passwords")).toEqual(["backup-restore"]);
    expect(holders("BACKUP_OFFSITE_SECRET")).toEqual(["backup-copy"]);
    expect(holders("BACKUP_OFFSITE_RECIPIENT")).toEqual(["backup-copy"]);
    expect(holders("BACKUP_S3_IDENTITY")).toEqual(["backup-restore"]); // who writes copies cannot read them
    expect(holders("postgres-primary")).toEqual(["backup-create", "backup-restore"]);

    const [policy] = of(objects, "NetworkPolicy");
    expect(policy.spec.podSelector.matchLabels).toEqual(
      jobs.get("backup-copy").jobTemplate.spec.template.metadata.labels,
    );
    expect(policy.spec.egress[0].ports).toEqual([{ port: 443, protocol: "TCP" }]);
    expect(variables(jobs.get("backup-drill")).get("BACKUP_SERVER_HOST")).toEqual({ value: "127.0.0.1" });
  });

  it("are tried on a server that begins empty, of the members' image, and ends with the drill", async () => {
    const pod = podOf((await cronJobs()).get("backup-drill"));
    const [scratch] = pod.initContainers;
    expect(scratch).toMatchObject({
      image: BACKUP_ARGS.images.postgres,
      restartPolicy: "Always",
      securityContext: { runAsUser: 999 },
      startupProbe: { exec: { command: [expect.any(String), "--host=127.0.0.1", "--quiet"] } },
    });
    const volume = pod.volumes.find(({ ephemeral }: Rendered) => ephemeral);
    expect(volume.ephemeral.volumeClaimTemplate.spec.resources.requests.storage).toBe("10Gi");
    const mounted = scratch.volumeMounts.map(({ name }: Rendered) => name);
    const declared = pod.volumes.map(({ name }: Rendered) => name);
    expect(declared).toEqual(expect.arrayContaining(mounted));
  });

  it("are told to Prometheus by a pod that only its Service finds", async () => {
    const objects = await backupObjects();
    const [service] = of(objects, "Service");
    const [exporter] = of(objects, "Deployment");
    expect(service.metadata.name).toBe("backup-metrics");
    expect(service.spec.ports[0].port).toBe(8080);
    expect(exporter.spec.template.metadata.labels).toMatchObject(service.spec.selector);
    for (const job of of(objects, "CronJob")) {
      expect(job.spec.jobTemplate.spec.template.metadata.labels).not.toMatchObject(service.spec.selector);
    }
    expect(of(await backupObjects({ monitoring: false }), "Deployment")).toEqual([]);
  });
});
