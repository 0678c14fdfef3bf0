import { html, type Markup, trusted } from "../../shared";
import { hoursBetween, type Outcome } from "../checks";
import type { HistoryEntry } from "../history";
import { type Report, type ReportedCheck, type StatusGroup, statusGroups, type Verdict } from "../run";
import { historyChart } from "./history-chart";
import { STYLE } from "./style";

export interface StatusPageArgs {
  /** The newest run. @default none has been made yet */
  readonly report: Report | undefined;
  /** The last runs, newest first. */
  readonly runs: readonly HistoryEntry[];
  readonly runbooks: string | undefined;
  readonly everyHours: number;
  readonly now: Date;
}

/** Seconds after which a browser asks again. */
const REFRESH_SECONDS = 60;

/** A page without scripts: screens show it, and it works in every browser. */
export function statusPage({ report, ...args }: StatusPageArgs): Markup {
  const title = report ? `${report.score}% ${report.verdict}` : "no run yet";
  return html`<html lang="en"><head><meta charset="utf-8"><title>${title} - status</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><meta http-equiv="refresh" content="${REFRESH_SECONDS}">
<style>${trusted(STYLE)}</style></head><body><main>
${report ? content(report, args) : html`<h1>No run yet</h1><p>The checks have not run. Start one: <code>npx trellis health</code></p>`}
</main></body></html>`;
}

function content(report: Report, args: Omit<StatusPageArgs, "report">): Markup {
  const { at, score, verdict, counts } = report;
  const applicable = report.checks.length - counts["not applicable"];
  return html`<header><p class="verdict ${VERDICT_STATE[verdict]}">${VERDICT_WORDS[verdict]}</p>
<p class="dim"><b>${score}%</b>: ${counts.ok} of ${applicable} checks passed, at <time datetime="${at}">${minutes(at)}</time></p></header>
${late(at, args)}
${statusGroups(report).map((group) => groupOf(group, args.runbooks))}
<section><h2>The last ${args.runs.length} runs</h2>${historyChart(args.runs)}</section>`;
}

const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  well: "All is well",
  "with warnings": "Well, with warnings",
  failing: "Something fails",
  "not all could be checked": "Not all could be checked",
};
const VERDICT_STATE: Readonly<Record<Verdict, State>> = {
  well: "ok",
  "with warnings": "warning",
  failing: "failed",
  "not all could be checked": "unknown",
};

type State = "ok" | "warning" | "failed" | "unknown" | "none";

/** By word and sign, not by colour alone. */
const STATES: Readonly<Record<Outcome, readonly [state: State, sign: string, word: string]>> = {
  ok: ["ok", "\u2713", "ok"],
  warning: ["warning", "!", "warning"],
  failed: ["failed", "\u2717", "failed"],
  "not checked": ["unknown", "?", "not checked"],
  "not applicable": ["none", "\u2013", "not in this stack"],
};

function late(at: string, { everyHours, now }: Pick<StatusPageArgs, "everyHours" | "now">): Markup | false {
  const hours = hoursBetween(Date.parse(at), now.getTime());
  if (hours < 3 * everyHours) return false;
  return html`<p class="late failed">These findings are ${Math.floor(hours)} hours old: the checks do not run.
<code>kubectl -n operations get jobs</code></p>`;
}

function groupOf({ name, checks }: StatusGroup, runbooks: string | undefined): Markup {
  const ill = checks.filter(({ outcome }) => outcome !== "ok" && outcome !== "not applicable");
  const well = checks.filter(({ outcome }) => outcome === "ok");
  const outcome = (["failed", "not checked", "warning"] as const).find((each) =>
    ill.some((check) => check.outcome === each),
  );
  const [state, sign, word] = STATES[outcome ?? (well.length > 0 ? "ok" : "not applicable")];
  return html`<section class="group"><h2><span class="sign ${state}" title="${word}">${sign}</span>${name}</h2>
${ill.length > 0 && html`<ul>${ill.map((check) => illOf(check, runbooks))}</ul>`}
${well.length > 0 && html`<details><summary>${well.length} passed</summary><ul>${well.map(wellOf)}</ul></details>`}</section>`;
}

const wellOf = ({ title, detail }: ReportedCheck) =>
  html`<li>${title}: <span class="dim">${detail}</span></li>`;

function illOf({ outcome, title, detail, means, next, runbook }: ReportedCheck, runbooks?: string): Markup {
  const [state, sign, word] = STATES[outcome];
  const link = runbooks
    ? html`<a href="${runbooks}${runbook}">${runbook}</a>`
    : html`<code>${runbook}</code>`;
  return html`<li class="ill"><b><span class="sign ${state}">${sign}</span>${title}: ${word}</b><p>${detail}</p>
<p class="dim">${means}</p><p>Next: <code>${next}</code></p><p>Runbook: ${link}</p></li>`;
}

/** To the minute, in UTC. */
const minutes = (at: string) => `${at.slice(0, 16).replace("T", " ")} UTC`;
