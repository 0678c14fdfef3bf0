import { html, type Markup } from "../../../jobs/shared";
import type { BatchFacts, RainFacts } from "./facts";

const WIDTH = 480;
const HEIGHT = 190;
const LEFT = 44;
const BOTTOM = 24;
const TOP = 10;

const KINDS = ["inserted", "updated", "deleted"] as const;

/** More bars than this could not be distinguished. */
const MOST_BARS = 40;

/** A bar chart of the rows that each batch changed. */
export function batchChart(title: string, batches: readonly BatchFacts[]): Markup {
  const shown = batches.slice(-MOST_BARS);
  const scale = scaleTo(
    Math.max(1, ...shown.map((batch) => KINDS.reduce((sum, kind) => sum + batch[kind], 0))),
  );
  const bar = barsOf(shown.length);
  const bars = shown.map((batch, index) => {
    let top = HEIGHT - BOTTOM;
    const said = `batch ${batch.batch}: ${KINDS.map((kind) => `${batch[kind]} ${kind}`).join(", ")} of ${batch.total} rows in ${batch.seconds.toFixed(2)} s`;
    const pieces = KINDS.map((kind) => {
      const height = scale.length(batch[kind]);
      top -= height;
      return html`<rect class="${kind}" x="${bar.x(index)}" y="${round(top)}" width="${bar.width}" height="${round(height)}" rx="1.5"/>`;
    });
    return html`<g>${pieces}<title>${said}</title></g>`;
  });
  return chart(title, [
    axis(scale),
    ...bars,
    labels(
      shown.map(({ batch }) => String(batch)),
      bar,
    ),
  ]);
}

/** A bar chart of the rain in each month, as the mean of all gauges. */
export function rainChart(months: RainFacts["months"]): Markup {
  const scale = scaleTo(Math.max(0.1, ...months.map(({ inches }) => inches)));
  const bar = barsOf(months.length);
  const bars = months.map(({ month, inches, greatest }, index) => {
    const height = scale.length(inches);
    return html`<rect class="rain" x="${bar.x(index)}" y="${round(HEIGHT - BOTTOM - height)}" width="${bar.width}" height="${round(height)}" rx="1.5"><title>${month}: ${inches.toFixed(2)} inches, at most ${greatest.toFixed(2)} at one gauge</title></rect>`;
  });
  const names = months.map(({ month }) => (month.endsWith("-01") ? month.slice(0, 4) : month.slice(5)));
  return chart("Inches of rain a month, mean of all gauges", [axis(scale), ...bars, labels(names, bar)]);
}

interface Scale {
  readonly most: number;
  length(value: number): number;
}

function scaleTo(largest: number): Scale {
  const step = 10 ** Math.floor(Math.log10(largest));
  const most = Math.ceil(largest / step) * step;
  return { most, length: (value) => (value / most) * (HEIGHT - BOTTOM - TOP) };
}

function barsOf(count: number) {
  const room = (WIDTH - LEFT) / Math.max(1, count);
  return { x: (index: number) => round(LEFT + index * room + room * 0.14), width: round(room * 0.72), room };
}

type Bars = ReturnType<typeof barsOf>;

function axis({ most, length }: Scale): Markup {
  const lines = [0, 0.5, 1].map((share) => {
    const y = round(HEIGHT - BOTTOM - length(most * share));
    const value = most * share;
    return html`<line x1="${LEFT}" x2="${WIDTH}" y1="${y}" y2="${y}"/><text x="${LEFT - 6}" y="${y + 4}" text-anchor="end">${most < 5 ? value.toFixed(2) : value}</text>`;
  });
  return html`${lines}`;
}

/** Shows only as many labels as fit side by side. */
function labels(names: readonly string[], { x, width, room }: Bars): Markup {
  const every = Math.ceil(30 / room);
  const shown = names.map((name, index) =>
    index % every === 0
      ? html`<text x="${round(x(index) + width / 2)}" y="${HEIGHT - 7}" text-anchor="middle">${name}</text>`
      : undefined,
  );
  return html`${shown}`;
}

const chart = (title: string, parts: readonly Markup[]): Markup =>
  html`<svg class="chart" role="img" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" aria-label="${title}"><title>${title}</title>${parts}</svg>`;

const round = (value: number) => Math.round(value * 10) / 10;
