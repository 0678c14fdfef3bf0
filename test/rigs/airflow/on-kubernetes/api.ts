import { eventually } from "../../waiting";

interface DagRun {
  readonly dag_run_id: string;
  readonly state: string;
  readonly conf: Readonly<Record<string, unknown>> | null;
  readonly run_type: string;
  readonly start_date: string | null;
}

interface TaskInstance {
  readonly task_id: string;
  readonly state: string | null;
  readonly try_number: number;
  readonly end_date: string | null;
}

interface Outcome {
  readonly state: string;
  readonly tasks: Readonly<Record<string, string | null>>;
}

interface Health {
  readonly [part: string]: { readonly status: string | null };
}

const ENDED = ["success", "failed"];
const PATIENCE_MS = 600_000;

/** Airflow's public interface, as a user of it speaks. */
export class AirflowApi {
  #token = "";

  constructor(
    readonly url: string,
    readonly user: string,
    readonly password: string,
  ) {}

  health(): Promise<Health> {
    return this.#ask<Health>("GET", "/api/v2/monitor/health");
  }

  /** Waits until every part says that it lives, also while it is starting for the first time. */
  async healthy(): Promise<void> {
    await eventually(
      "Airflow is healthy",
      2 * PATIENCE_MS,
      async () => Object.values(await this.health()).every(({ status }) => status === "healthy"),
      500,
    );
  }

  async importErrors(): Promise<string[]> {
    const { import_errors } = await this.#ask<{ import_errors: { filename: string; stack_trace: string }[] }>(
      "GET",
      "/api/v2/importErrors",
    );
    return import_errors.map(({ filename, stack_trace }) => `${filename}: ${stack_trace}`);
  }

  /** Waits until these DAGs can be run: one is listed a moment before it can be read. */
  async known(...dags: string[]): Promise<void> {
    for (const dag of dags) await eventually(`${dag} is known`, PATIENCE_MS, () => this.runs(dag), 500);
  }

  /** Starts a run of a DAG and answers its id. */
  async trigger(dag: string): Promise<string> {
    const { dag_run_id } = await this.#ask<DagRun>("POST", `/api/v2/dags/${dag}/dagRuns`, {
      logical_date: null,
    });
    return dag_run_id;
  }

  run(dag: string, run: string): Promise<DagRun> {
    return this.#ask<DagRun>("GET", `/api/v2/dags/${dag}/dagRuns/${encodeURIComponent(run)}`);
  }

  /** The runs of a DAG, the oldest first. */
  async runs(dag: string): Promise<DagRun[]> {
    const { dag_runs } = await this.#ask<{ dag_runs: DagRun[] }>(
      "GET",
      `/api/v2/dags/${dag}/dagRuns?limit=100&order_by=run_after`,
    );
    return dag_runs;
  }

  /** Waits for the end of a run, and answers in what it ended. */
  async ended(dag: string, run: string): Promise<string> {
    return eventually(
      `run ${run} of ${dag} ends`,
      PATIENCE_MS,
      async () => {
        const { state } = await this.run(dag, run);
        return ENDED.includes(state) ? state : undefined;
      },
      500,
    );
  }

  /** Each task of a run that did not succeed, with the end of its log: what a failed test shows. */
  async story(dag: string, run: string): Promise<string> {
    const others = Object.entries(await this.tasks(dag, run)).filter(([, state]) => state !== "success");
    const told = others.map(async ([task, state]) => {
      const log = await this.#log(dag, run, task, "last").catch((error: Error) => error.message);
      return `${task}: ${state}\n${log.slice(-4_000)}`;
    });
    return (await Promise.all(told)).join("\n");
  }

  /** Waits for the end of a run, and answers in what it and each of its tasks ended. */
  async outcome(dag: string, run: string): Promise<Outcome> {
    const state = await this.ended(dag, run);
    return { state, tasks: await this.tasks(dag, run) };
  }

  /** How each task of a run stands. */
  async tasks(dag: string, run: string): Promise<Record<string, string | null>> {
    const instances = await this.taskInstances(dag, run);
    return Object.fromEntries(instances.map(({ task_id, state }) => [task_id, state]));
  }

  /** Waits until a task has come to a state. */
  async reaches(dag: string, run: string, task: string, state: string): Promise<void> {
    await eventually(
      `${task} of ${dag} ${run} is ${state}`,
      PATIENCE_MS,
      async () => (await this.tasks(dag, run))[task] === state,
      500,
    );
  }

  /** Waits for the end of a task's first try. */
  async tried(dag: string, run: string, task: string): Promise<void> {
    await eventually(
      `${task} of ${dag} ${run} was tried`,
      PATIENCE_MS,
      async () => {
        const { state, try_number } = await this.#task(dag, run, task);
        return try_number > 1 || ["success", "failed", "up_for_retry"].includes(state ?? "");
      },
      500,
    );
  }

  /** Waits until the interface shows these words in the log of a try: the end of a log is kept after the task has ended. */
  async says(
    ...[dag, run, task, words, which = "last"]: [
      dag: string,
      run: string,
      task: string,
      words: RegExp,
      which?: "first" | "last",
    ]
  ): Promise<void> {
    await eventually(
      `the log of ${task} of ${dag} ${run} says ${words}`,
      PATIENCE_MS,
      async () => {
        const log = await this.#log(dag, run, task, which);
        if (!words.test(log)) throw new Error(log.slice(-4_000));
        return true;
      },
      500,
    );
  }

  /** All that the interface shows of one try of a task. */
  async #log(dag: string, run: string, task: string, which: "first" | "last"): Promise<string> {
    const { try_number } = await this.#task(dag, run, task);
    const number = which === "first" ? 1 : try_number;
    const { content } = await this.#ask<{ content: unknown }>(
      "GET",
      `/api/v2/dags/${dag}/dagRuns/${encodeURIComponent(run)}/taskInstances/${task}/logs/${number}?full_content=true`,
    );
    return typeof content === "string" ? content : JSON.stringify(content, null, 1);
  }

  async mark(dag: string, run: string, state: "failed" | "success"): Promise<void> {
    await this.#ask("PATCH", `/api/v2/dags/${dag}/dagRuns/${encodeURIComponent(run)}`, { state });
  }

  /** Lets a run's tasks run again. */
  async clear(dag: string, run: string): Promise<void> {
    await this.#ask("POST", `/api/v2/dags/${dag}/dagRuns/${encodeURIComponent(run)}/clear`, {
      dry_run: false,
    });
  }

  async #task(dag: string, run: string, task: string): Promise<TaskInstance> {
    const found = (await this.taskInstances(dag, run)).find(({ task_id }) => task_id === task);
    if (!found) throw new Error(`run ${run} of ${dag} has no task ${task}`);
    return found;
  }

  async taskInstances(dag: string, run: string): Promise<readonly TaskInstance[]> {
    const { task_instances } = await this.#ask<{ task_instances: TaskInstance[] }>(
      "GET",
      `/api/v2/dags/${dag}/dagRuns/${encodeURIComponent(run)}/taskInstances`,
    );
    return task_instances;
  }

  async #ask<T>(method: string, path: string, body?: object): Promise<T> {
    if (!path.endsWith("/health") && !this.#token) await this.#logIn();
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${this.#token}`,
        "Content-Type": "application/json",
        Accept: "application/json",
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T; // the caller knows the interface
  }

  async #logIn(): Promise<void> {
    const response = await fetch(`${this.url}/auth/token`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ username: this.user, password: this.password }),
    });
    if (!response.ok) throw new Error(`no token: ${response.status} ${await response.text()}`);
    this.#token = ((await response.json()) as { access_token: string }).access_token; // so says its document
  }
}
