import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AlertRule } from "../../../components/shared/workloads";
import { Child } from "../child";
import { freePort } from "../postgres/postgres";
import { eventually } from "../waiting";

/** A target that Prometheus scrapes, with the labels that its series get. */
export interface Target {
  readonly job: string;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface AlertingArgs {
  /** Alertmanager's configuration. */
  readonly config: string;
  readonly rules: readonly AlertRule[];
  readonly targets: readonly Target[];
  /** File with the CA that Alertmanager trusts. */
  readonly authority: string;
  /** How often Prometheus scrapes and evaluates. @default 1s */
  readonly interval?: string;
}

/** A real Prometheus and a real Alertmanager on loopback. */
export class Alerting {
  readonly alertmanager: string;
  readonly prometheus: string;
  readonly #folder: string;
  readonly #children: Child[];

  private constructor(
    urls: Pick<Alerting, "alertmanager" | "prometheus">,
    folder: string,
    children: Child[],
  ) {
    this.alertmanager = urls.alertmanager;
    this.prometheus = urls.prometheus;
    this.#folder = folder;
    this.#children = children;
  }

  static async start({
    config,
    rules,
    targets,
    authority,
    interval = "1s",
  }: AlertingArgs): Promise<Alerting> {
    const folder = mkdtempSync(join(tmpdir(), "trellis-alerting-"));
    const [web, prometheus] = [await freePort(), await freePort()];
    const file = (name: string, content: string) => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const alertmanager = new Child(
      "alertmanager",
      [
        `--config.file=${file("alertmanager.yaml", config)}`,
        `--storage.path=${join(folder, "alertmanager")}`,
        `--web.listen-address=127.0.0.1:${web}`,
        "--cluster.listen-address=",
      ],
      { SSL_CERT_FILE: authority },
    );
    const jobs = [...new Set(targets.map(({ job }) => job))];
    const scraping = {
      global: { scrape_interval: interval, scrape_timeout: "1s", evaluation_interval: interval },
      rule_files: [file("rules.json", JSON.stringify({ groups: [{ name: "rules", rules }] }))],
      alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${web}`] }] }] },
      scrape_configs: jobs.map((job) => ({
        job_name: job,
        static_configs: targets
          .filter((target) => target.job === job)
          .map(({ address, labels }) => ({ targets: [address], labels })),
      })),
    };
    const children = [
      alertmanager,
      new Child("prometheus", [
        `--config.file=${file("prometheus.json", JSON.stringify(scraping))}`,
        `--storage.tsdb.path=${join(folder, "prometheus")}`,
        `--web.listen-address=127.0.0.1:${prometheus}`,
        "--rules.alert.resend-delay=1s",
      ]),
    ];
    const alerting = new Alerting(
      { alertmanager: `http://127.0.0.1:${web}`, prometheus: `http://127.0.0.1:${prometheus}` },
      folder,
      children,
    );
    try {
      for (const [name, url] of [
        ["Alertmanager", `${alerting.alertmanager}/-/ready`],
        ["Prometheus", `${alerting.prometheus}/-/ready`],
      ] as const) {
        await eventually(`${name} is ready`, 20_000, async () => (await fetch(url)).ok);
      }
    } catch (error) {
      await alerting.stop();
      throw new Error(children.map(({ output }) => output).join("\n"), { cause: error });
    }
    return alerting;
  }

  /** The names of the alerts that Alertmanager holds, and whether it suppresses each. */
  async alerts(): Promise<ReadonlyMap<string, "active" | "suppressed" | "unprocessed">> {
    const response = await fetch(`${this.alertmanager}/api/v2/alerts`);
    // Safe: the shape of Alertmanager's own API.
    const alerts = (await response.json()) as {
      labels: { alertname: string };
      status: { state: "active" | "suppressed" | "unprocessed" };
    }[];
    return new Map(alerts.map(({ labels, status }) => [labels.alertname, status.state]));
  }

  /** Series that Prometheus holds in memory. */
  async series(): Promise<number> {
    const response = await fetch(`${this.prometheus}/api/v1/status/tsdb`);
    const { data } = Object(await response.json());
    return Number(data.headStats.numSeries);
  }

  /** Resident memory in MiB of Alertmanager and of Prometheus. */
  memoryMib(): { readonly alertmanager: number; readonly prometheus: number } {
    const [alertmanager = 0, prometheus = 0] = this.#children.map(({ pid }) => {
      const [, kib] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
      return Math.round(Number(kib) / 1024);
    });
    return { alertmanager, prometheus };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.kill()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
