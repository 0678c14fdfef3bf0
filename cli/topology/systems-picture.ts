import { type Flow, INTERNET, SERVERS } from "./flows";
import { stylesheet } from "./style";
import { across, box, cable, label, type Piece, place, sheet } from "./svg";
import type { SystemCard, Systems } from "./systems";

const MARGIN = 36;
const WIDTH = 960;
const HEADER = 92;
const GAP = 20;
const ROW = 19;
const HEAD = 36;
const FOOT = 12;
/** The space above a band for its caption, and for the lines between two bands. */
const CAPTION = 30;
const RAILS = 64;
const RAIL = 18;

/** A line of text in a card. */
interface Row {
  readonly text: string;
  readonly style: string;
}

/** A card that is placed, for the ends of lines. */
interface Placed {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Draws who talks to whom as one self-contained SVG. The same systems always give the same text. */
export function systemsPicture(systems: Systems): string {
  const { entry, flows, offsite } = systems;
  const rowsOf = (card: SystemCard): Row[] => [
    ...card.hosts.map((text) => ({ text, style: "on-front" })),
    ...(card.holds
      ? [
          { text: card.holds.kind, style: "dim" },
          ...card.holds.names.map((text) => ({ text, style: "mono" })),
        ]
      : []),
    ...told(flows, card.name),
  ];
  const at = { y: HEADER };
  const placed = new Map<string, Placed>();
  const parts: string[] = [];
  const band = (caption: string, cards: readonly { name: string; rows: readonly Row[]; style: string }[]) => {
    if (cards.length === 0) return;
    parts.push(label(MARGIN, at.y + 16, caption, { style: "caption", size: 12 }));
    const top = at.y + CAPTION;
    const { height, boxes, svg } = bandPiece(cards, top);
    for (const each of boxes) placed.set(each.name, each);
    parts.push(svg);
    at.y = top + height + RAILS;
  };

  const inside = (cards: readonly SystemCard[], style: string) =>
    cards.map((card) => ({ name: card.name, rows: rowsOf(card), style }));
  if (entry !== undefined)
    band("REQUESTS FROM OUTSIDE", [
      {
        name: entry,
        rows: [
          { text: "HAProxy on the servers → the ingress controller → the hosts below", style: "" },
          ...told(flows, entry),
        ],
        style: "front",
      },
    ]);
  band("SYSTEMS", inside(systems.systems, "card"));
  band("DATA", inside(systems.data, "card"));
  if (offsite)
    band("OFF THE CLUSTER", [
      {
        name: offsite.bucket,
        rows: [
          { text: offsite.endpoint, style: "" },
          { text: `copies from ${offsite.from.join(" and ")}`, style: "dim" },
        ],
        style: "etcd",
      },
    ]);
  at.y += GAP - RAILS;
  band("WATCHES AND SERVES THE OTHERS", inside(systems.others, "card"));
  const servers = told(flows, SERVERS);
  at.y += GAP - RAILS;
  band("SERVERS", servers.length > 0 ? [{ name: SERVERS, rows: servers, style: "edge" }] : []);

  const lines = linesBetween(systems, placed);
  const height = at.y - RAILS + MARGIN;
  return sheet(
    {
      width: WIDTH + 2 * MARGIN,
      height,
      title: systems.title,
      subtitle: systems.subtitle,
      style: stylesheet(),
    },
    [
      label(MARGIN, 46, systems.title, { style: "strong", size: 24 }),
      label(MARGIN, 70, systems.subtitle, { style: "dim", size: 13, room: WIDTH }),
      ...lines,
      ...parts,
    ],
  );
}

/** The connections that a place opens, one line for each. */
function told(flows: readonly Flow[], from: string): Row[] {
  return flows
    .filter((flow) => flow.from === from)
    .map(({ to, ports }) => ({
      text: `→ ${to} ${ports.join(" ")}`,
      style: to === INTERNET ? "on-front" : "",
    }));
}

function bandPiece(
  cards: readonly { readonly name: string; readonly rows: readonly Row[]; readonly style: string }[],
  top: number,
): { readonly height: number; readonly boxes: readonly Placed[]; readonly svg: string } {
  const columns = Math.min(cards.length, 4);
  const width = (WIDTH + GAP) / columns - GAP;
  const boxes: Placed[] = [];
  const svg: string[] = [];
  let y = top;
  for (let first = 0; first < cards.length; first += columns) {
    const line = cards.slice(first, first + columns);
    const height = Math.max(...line.map(({ rows }) => HEAD + rows.length * ROW + FOOT));
    line.forEach((card, column) => {
      const x = MARGIN + column * (width + GAP);
      boxes.push({ name: card.name, x, y, width, height });
      svg.push(place(cardPiece(card, width, height), x, y));
    });
    y += height + GAP;
  }
  return { height: y - GAP - top, boxes, svg: svg.join("\n") };
}

function cardPiece(
  { name, rows, style }: { readonly name: string; readonly rows: readonly Row[]; readonly style: string },
  width: number,
  height: number,
): Piece {
  return {
    width,
    height,
    svg: [
      box(0, 0, width, height, "card", 12),
      ...(style === "card" ? [] : [box(0, 0, width, height, style, 12)]),
      label(14, 24, name, { style: "mono strong", size: 13.5, room: width - 28 }),
      ...rows.map((row, index) =>
        label(14, HEAD + 12 + index * ROW, row.text, { style: row.style, size: 12, room: width - 28 }),
      ),
    ].join("\n"),
  };
}

/** Lines from the entry to the systems, from those to the data, and from the data to the copies. */
function linesBetween(
  { entry, systems, data, offsite, flows }: Systems,
  placed: ReadonlyMap<string, Placed>,
): string[] {
  const has = (from: string, to: string) => flows.some((flow) => flow.from === from && flow.to === to);
  const names = (cards: readonly SystemCard[]) => cards.map(({ name }) => name);
  const from = entry === undefined ? [] : names(systems).filter((name) => has(entry, name));
  return [
    ...from.flatMap((to) => lineDown(placed, [entry ?? "", to], "front", [0.5, 0.5, 0])),
    ...names(data).flatMap((to, index) => {
      const style = index % 2 === 0 ? "k3s" : "edge";
      const share = (index + 1) / (data.length + 1);
      return names(systems)
        .filter((name) => has(name, to))
        .flatMap((name) => lineDown(placed, [name, to], style, [share, 0.5, index]));
    }),
    ...names(data).flatMap((from) =>
      names(data).flatMap((to) => (has(from, to) ? lineAcross(placed, from, to) : [])),
    ),
    ...(offsite?.from ?? []).flatMap((name) =>
      lineDown(placed, [name, offsite?.bucket ?? ""], "etcd", [0.5, 0.5, 0]),
    ),
  ];
}

/** A line from a card's bottom to the top of one in the band below; the shares say where along their widths. */
function lineDown(
  placed: ReadonlyMap<string, Placed>,
  [from, to]: readonly [string, string],
  style: string,
  [leaves, enters, rail]: readonly [number, number, number],
): string[] {
  const [a, b] = [placed.get(from), placed.get(to)];
  if (!a || !b) return [];
  const start = [a.x + a.width * leaves, a.y + a.height] as const;
  const end = [b.x + b.width * enters, b.y] as const;
  return [cable(start, end[1] - CAPTION - RAIL + rail * 10, end, style)];
}

/** A line between neighbours in a band. */
function lineAcross(placed: ReadonlyMap<string, Placed>, from: string, to: string): string[] {
  const [a, b] = [placed.get(from), placed.get(to)];
  if (!a || !b || a.y !== b.y) return [];
  const rightwards = a.x < b.x;
  return [across(rightwards ? a.x + a.width : a.x, rightwards ? b.x : b.x + b.width, a.y + HEAD / 2, "edge")];
}
