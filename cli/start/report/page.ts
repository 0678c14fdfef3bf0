import { html, type Markup, trusted } from "../../../jobs/shared";
import { batchChart, rainChart } from "./charts";
import type { RunFacts, StepFacts, StreamFacts } from "./facts";
import { section, table } from "./parts";
import { STYLE } from "./style";
import { failures, now, timeline } from "./timeline";

/** Reloads the page's content every two seconds. What a reader has opened stays open, and the focus stays. */
const REFRESH = `
const keyOf = (part) => part.dataset.step ?? part.querySelector("summary").textContent;
setInterval(async () => {
  try {
    const fresh = new DOMParser().parseFromString(await (await fetch("/")).text(), "text/html");
    const open = new Set([...document.querySelectorAll("#run details[open]")].map(keyOf));
    const held = document.activeElement?.closest("#run details");
    document.querySelector("#run").replaceWith(fresh.querySelector("#run"));
    for (const part of document.querySelectorAll("#run details")) {
      part.open = open.has(keyOf(part));
      if (held && keyOf(part) === keyOf(held)) part.querySelector("summary").focus({ preventScroll: true });
    }
    document.title = fresh.title;
  } catch {
    document.title = "ended · trellis";
  }
}, 2000);
`;

const STATES: Readonly<Record<RunFacts["state"], string>> = {
  running: "running",
  right: "all passed",
  unsaved: "well, but no backup",
  wrong: "failed",
  stopped: "stopped early",
};

/** The report of a run as one self-contained page that loads nothing from elsewhere. A live page refreshes itself. */
export function reportPage(facts: RunFacts, { live }: { readonly live: boolean }): string {
  const { text } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${STATES[facts.state]} · trellis ${facts.stack}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<main>
<div id="run">
${header(facts)}
${now(facts)}
${failures(facts, { live })}
${checks(facts)}
${facts.streams.length > 0 && html`<a id="datasurface"></a>`}
${facts.streams.map(stream)}
${rain(facts)}
${backups(facts)}
${timeline(facts, { live })}
${services(facts)}
</div>
${resources(facts)}
</main>
${live && html`<script>${trusted(REFRESH)}</script>`}
</body>
</html>
`;
  return text;
}

function header({ stack, state, began, seconds, steps, resources }: RunFacts): Markup {
  const count = (...states: StepFacts["state"][]) =>
    steps.filter((step) => states.includes(step.state)).length;
  const figure = (name: string, value: string | number, label: string) =>
    html`<li><b data-figure="${name}">${value}</b><span>${label}</span></li>`;
  return html`<header>
<h1>trellis · ${stack}</h1>
<p><span class="state ${state}" data-figure="state">${STATES[state]}</span> <span class="dim">run of <time datetime="${began}">${began.slice(0, 19).replace("T", " ")} UTC</time> on this machine</span></p>
<ul class="figures">
${figure("seconds", seconds.toFixed(1), "seconds")}
${figure("ran", count("right", "failed"), "steps ran")}
${figure("failed", count("failed"), "failed")}
${figure("skipped", count("skipped"), "skipped")}
${figure("resources", resources.total, "resources planned")}
</ul>
</header>`;
}

function checks({ checks }: RunFacts): Markup | undefined {
  if (checks.length === 0) return undefined;
  const sorted = [...checks].sort((a, b) => Number(a.holds) - Number(b.holds));
  const rows = sorted.map(
    ({ what, holds, found }) =>
      html`<tr><td class="state ${holds ? "right" : "failed"}">${holds ? "✓ passed" : "✗ failed"}</td><td>${what}</td><td class="dim">${found}</td></tr>`,
  );
  return section("Checks", table(["result", "check", "found"], rows));
}

function stream({ platform, stream: store, batches, tables }: StreamFacts): Markup {
  const sum = (kind: "inserted" | "updated" | "deleted") =>
    batches.reduce((all, batch) => all + batch[kind], 0);
  const legend = (["inserted", "updated", "deleted"] as const).map(
    (kind) => html`<li><i class="${kind}"></i>${sum(kind)} ${kind}</li>`,
  );
  const rows = tables.map(
    ({ dataset, source, merged, open }) =>
      html`<tr data-table="${platform}/${dataset}"><td>${dataset}</td><td class="number" data-figure="source">${source}</td><td class="number" data-figure="merged">${merged}</td><td class="number" data-figure="open">${open}</td></tr>`,
  );
  return section(
    `${platform} · ${store}`,
    html`<div class="two" data-stream="${platform}"><div>
<h3><span data-figure="batches">${batches.length}</span> batches, rows changed in each</h3>
${batchChart(`${platform}: rows changed by each batch`, batches)}
<ul class="legend">${legend}</ul></div>
<div><h3>Rows</h3>${table(["dataset", "source #", "merge table #", "current rows #"], rows)}
<p class="dim">Median batch ${median(batches.map(({ seconds }) => seconds)).toFixed(2)} s.</p></div></div>`,
  );
}

function rain({ rain }: RunFacts): Markup | undefined {
  if (!rain) return undefined;
  const rows = rain.imports.map(
    ({ subject, status, readings }) =>
      html`<tr><td>${subject}</td><td>${status}</td><td class="number">${readings}</td></tr>`,
  );
  return section(
    "Rain Tracker",
    html`<div class="two"><div><h3>Inches of rain a month, mean of all gauges</h3>
${rainChart(rain.months)}</div>
<div><p><b data-figure="readings">${rain.readings}</b> readings of <b data-figure="gauges">${rain.gauges}</b> gauges: <b data-figure="rainDays">${rain.rainDays}</b> with rain, <b data-figure="missing">${rain.missing}</b> missing.</p>
${table(["import", "status", "readings #"], rows)}</div></div>`,
  );
}

function backups({ backups }: RunFacts): Markup | undefined {
  if (!backups) return undefined;
  const { bucket, objects, bytes, backups: names } = backups;
  return section(
    "Backups",
    html`<p><b data-figure="backups">${names.length}</b> backups in the bucket <code>${bucket}</code>: ${objects} objects, ${(bytes / 2 ** 20).toFixed(1)} MiB.</p>
<p class="dim">${names.slice(-5).join(", ")}</p>`,
  );
}

const services = ({ services }: RunFacts): Markup =>
  section(
    "Local replacements",
    table(
      ["here", "replaces", "address"],
      services.map(
        ({ name, standsFor, address }) =>
          html`<tr><td>${name}</td><td>${standsFor}</td><td><code>${address}</code></td></tr>`,
      ),
    ),
  );

function resources({ resources: { total, byType }, picture, warnings }: RunFacts): Markup {
  const rows = byType.map(
    ({ type, count }) => html`<tr><td>${type}</td><td class="number">${count}</td></tr>`,
  );
  return html`${section("Topology", trusted(picture))}
${section(
  "Resources",
  html`${warnings.map((warning) => html`<p class="warning">${warning}</p>`)}<details><summary>${total} resources of ${byType.length} types</summary>${table(["type", "count #"], rows)}</details>`,
)}`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
