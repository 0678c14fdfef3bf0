import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../components/shared/user-error";
import { RAIN } from "../../components/systems";
import { chooseStack } from "../shared/stack-choice";

/** The parts of a deployed CronJob that a new Job needs. */
const deployed = z.object({
  spec: z.object({
    jobTemplate: z.object({
      spec: z.object({
        template: z.object({
          spec: z.object({
            containers: z.tuple([
              z.object({
                image: z.string(),
                env: z.array(
                  z.object({
                    name: z.string(),
                    valueFrom: z
                      .object({ secretKeyRef: z.object({ name: z.string(), key: z.string() }).optional() })
                      .optional(),
                  }),
                ),
              }),
            ]),
          }),
        }),
      }),
    }),
  }),
});

interface ClusterArgs {
  readonly stack: string | undefined;
  readonly kubeconfig: string | undefined;
  /** A folder for a temporary kubeconfig. */
  readonly folder: string;
}

/** Accesses a stack's cluster with kubectl. */
export class Cluster {
  private path: string | undefined;

  constructor(private readonly args: ClusterArgs) {}

  /** The image and database of the scheduled imports, so that a manual import uses the same ones. */
  deployedPod(namespace: string) {
    const text = this.kubectl(["-n", namespace, "get", "cronjob", RAIN.dailySchedule, "-o", "json"]);
    const [container] = deployed.parse(JSON.parse(text)).spec.jobTemplate.spec.template.spec.containers;
    const secret = container.env.find(({ name }) => name === "RAIN_DATABASE_URL")?.valueFrom?.secretKeyRef;
    if (!secret)
      throw new UserError(`the CronJob ${RAIN.dailySchedule} names no database; is it of this program?`);
    return { image: container.image, databaseSecret: secret };
  }

  create(manifest: string): string {
    return this.kubectl(["create", "-f", "-"], manifest);
  }

  private kubectl(words: readonly string[], input?: string): string {
    return run("kubectl", ["--kubeconfig", this.kubeconfig(), ...words], input);
  }

  private kubeconfig(): string {
    const { kubeconfig, folder } = this.args;
    if (kubeconfig) return kubeconfig;
    if (!this.path) {
      const stack = chooseStack({ cwd: process.cwd(), flag: this.args.stack });
      const text = run("pulumi", ["stack", "output", "kubeconfig", "--show-secrets", "--stack", stack]);
      this.path = join(folder, "kubeconfig");
      writeFileSync(this.path, text, { mode: 0o600 });
    }
    return this.path;
  }
}

function run(program: string, words: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, words, {
    encoding: "utf8",
    ...(input !== undefined && { input }),
  });
  if (error) throw new UserError(`${program} cannot be run: ${error.message}`);
  if (status !== 0) throw new UserError(`${program} ${words.slice(0, 3).join(" ")} failed: ${stderr.trim()}`);
  return stdout;
}
