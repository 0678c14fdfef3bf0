import { html, type Markup } from "../../../jobs/shared";
import type { RunFacts, StepFacts } from "./facts";
import { section } from "./parts";

interface PageKind {
  readonly live: boolean;
}

const SIGNS: Readonly<Record<StepFacts["state"], readonly [sign: string, word: string]>> = {
  running: ["…", "running"],
  right: ["✓", "done"],
  failed: ["✗", "failed"],
  skipped: ["–", "skipped"],
  stopped: ["■", "stopped"],
};

/** Where the logs are, from a page in out/<stack> or from the live page. */
const logOf = (log: string, { live }: PageKind) => (live ? `/logs/${log}` : `../../.local/logs/${log}`);

const verbOf = ({ words }: StepFacts) => words.slice(0, 2).join(" ");

/** What runs at the moment, since when, and when it was last heard of. */
export function now({ state, steps, seconds, began }: RunFacts): Markup | undefined {
  const running = steps.filter((step) => step.state === "running");
  if (running.length === 0)
    return state === "running" ? section("Now", html`<p>The stack starts.</p>`) : undefined;
  const rows = running.map((step) => {
    const { name, round, at = 0, heard } = step;
    const last = heard
      ? html`heard <b>${duration(seconds - heard.at)}</b> ago: <q>${heard.message}</q>`
      : html`not heard of yet`;
    return html`<li data-running="${name}"><b>${verbOf(step)}</b>${round !== undefined && ` · round ${round}`}, since ${clock(began, at)} (<b>${duration(seconds - at)}</b>); <span class="dim">${last}</span></li>`;
  });
  return section("Now", html`<ul class="plain">${rows}</ul>`);
}

/** The steps that failed, with the end of their output. */
export function failures({ steps }: RunFacts, kind: PageKind): Markup | undefined {
  const failed = steps.filter(({ state }) => state === "failed");
  if (failed.length === 0) return undefined;
  return section(
    failed.length === 1 ? "A step failed" : `${failed.length} steps failed`,
    html`${failed.map(
      (
        step,
      ) => html`<h3><span class="state failed">✗</span> ${verbOf(step)} <span class="dim">${step.name}</span></h3>
<pre>${step.error}${step.tail && step.tail.length > 0 && `\n\n${step.tail.join("\n")}`}</pre>
${step.log && html`<p><a href="${logOf(step.log, kind)}">the whole log of ${step.name}</a></p>`}`,
    )}`,
  );
}

/** When each workload ran: one line for each, one bar for each of its runs. */
export function timeline(facts: RunFacts, kind: PageKind): Markup {
  const { steps, seconds } = facts;
  const began = steps.filter(({ at }) => at !== undefined);
  const end = Math.max(seconds, 1, ...began.map(({ at = 0, seconds: took = 0 }) => at + took));
  const names = [...new Set(began.map(({ name }) => name))];
  const rows = names.map((name) =>
    row(
      began.filter((step) => step.name === name),
      end,
      seconds,
      kind,
    ),
  );
  const others = steps.filter(({ at }) => at === undefined);
  const why = others.map(
    (step) =>
      html`<li data-step="${step.name}"><span class="state ${step.state}">${SIGNS[step.state].join(" ")}</span> ${verbOf(step)} <span class="dim">${step.name}${step.note && `: ${step.note}`}</span></li>`,
  );
  return section(
    "What ran",
    html`<p class="dim">Each line is a workload of the rendered manifests, run as a process with the manifest's arguments and environment; cluster addresses are mapped to this machine. The bars show when, from 0 to ${duration(end)}.</p>
<div class="timeline">${rows}</div>
${why.length > 0 && html`<details><summary>${why.length} did not run here</summary><ul class="plain">${why}</ul></details>`}`,
  );
}

/** The runs of one workload; the worst of them gives the line its mark. */
function row(runs: readonly StepFacts[], end: number, now: number, kind: PageKind): Markup | undefined {
  const order: readonly StepFacts["state"][] = ["failed", "stopped", "running", "skipped", "right"];
  const worst = [...runs].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state))[0];
  const last = runs.at(-1);
  if (!worst || !last) return undefined;
  const [sign, word] = SIGNS[worst.state];
  const took = runs.reduce((sum, run) => sum + secondsOf(run, now), 0);
  const bars = runs.map((run) => {
    const left = round((100 * (run.at ?? 0)) / end);
    const width = round((100 * secondsOf(run, now)) / end);
    const which = run.round === undefined ? "" : `round ${run.round}: `;
    return html`<i class="bar ${run.state}" style="left:${left}%;width:${width}%" title="${which}${SIGNS[run.state][1]}, ${duration(secondsOf(run, now))}"></i>`;
  });
  const { kind: manifest, name, schedule, words, exitCode, note, log } = last;
  return html`<details data-step="${name}"><summary><span class="state ${worst.state}">${sign} ${word}</span><span class="verb">${verbOf(last)}</span><span class="number">${duration(took)}${runs.length > 1 && ` in ${runs.length} runs`}</span><span class="lane" aria-hidden="true">${bars}</span></summary>
<p><code>jobs ${words.join(" ")}</code></p>
<p class="dim">${manifest} ${name}${schedule && `, ${schedule}`}${exitCode !== undefined && `; exit code ${exitCode}`}${note && `; ${note}`}</p>
${log && html`<p><a href="${logOf(log, kind)}">log of ${name}</a></p>`}</details>`;
}

const secondsOf = ({ at = 0, seconds, state }: StepFacts, now: number) =>
  seconds ?? (state === "running" ? Math.max(0, now - at) : 0);

/** `0.42 s`, `12.3 s`, `2 min 05 s`. */
function duration(seconds: number): string {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(2)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`;
}

/** The time of day in UTC, so many seconds after the run began. */
const clock = (began: string, at: number) =>
  `${new Date(Date.parse(began) + at * 1000).toISOString().slice(11, 19)} UTC`;

const round = (value: number) => Math.round(value * 100) / 100;
