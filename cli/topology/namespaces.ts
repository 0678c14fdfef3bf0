import { box, element, label, type Piece, place } from "./svg";
import type { Namespace, Workload } from "./topology";

const CARD = 262;
const GAP = 14;
const PADDING = 18;
const CAPTION = 40;
const ROW = 21;
const HEAD = 34;
/** A card shows at most this many workloads and counts the rest. */
const MOST_ROWS = 9;

const ABBREVIATIONS: Readonly<Record<string, string>> = {
  HelmChart: "chart",
  StatefulSet: "stateful",
  DaemonSet: "daemon",
};

/** The cluster's workloads: one card for each namespace, in columns of similar height. */
export function namespacesPiece(namespaces: readonly Namespace[], width: number): Piece {
  const columns = Math.max(1, Math.floor((width - 2 * PADDING + GAP) / (CARD + GAP)));
  const cardWidth = (width - 2 * PADDING + GAP) / columns - GAP;
  const heights = Array.from({ length: columns }, () => 0);
  const cards = namespaces.map((namespace) => {
    const piece = card(namespace, cardWidth);
    const column = heights.indexOf(Math.min(...heights));
    const y = heights[column] ?? 0;
    heights[column] = y + piece.height + GAP;
    return place(piece, PADDING + column * (cardWidth + GAP), CAPTION + y);
  });
  const height = CAPTION + Math.max(0, ...heights) - GAP + PADDING;
  return {
    width,
    height,
    svg: [
      box(0, 0, width, height, "zone", 16),
      label(PADDING, 26, "KUBERNETES", { style: "caption", size: 12 }),
      ...cards,
    ].join("\n"),
  };
}

function card({ name, workloads, others }: Namespace, width: number): Piece {
  const shown = workloads.length > MOST_ROWS ? workloads.slice(0, MOST_ROWS - 1) : workloads;
  const hidden = workloads.length - shown.length;
  const rows = shown.flatMap((workload, index) => row(workload, HEAD + 16 + index * ROW, width));
  if (hidden > 0) {
    rows.push(label(16, HEAD + 16 + shown.length * ROW, `and ${hidden} more`, { style: "dim", size: 12 }));
  }
  const lines = shown.length + (hidden > 0 ? 1 : 0);
  const height = HEAD + (lines > 0 ? lines * ROW + 10 : 4);
  return {
    width,
    height,
    svg: [
      box(0, 0, width, height, "card", 12),
      label(16, 23, name, { style: "mono strong", size: 13, room: width - 140 }),
      label(width - 14, 23, contents(workloads.length, others), { style: "dim", size: 11, anchor: "end" }),
      ...rows,
    ].join("\n"),
  };
}

function contents(workloads: number, others: number): string {
  if (others === 0) return "";
  return `${others} ${workloads > 0 ? "other " : ""}object${others === 1 ? "" : "s"}`;
}

function row({ kind, name, replicas }: Workload, y: number, width: number): string[] {
  const shape = ABBREVIATIONS[kind] ?? kind.toLowerCase();
  const times = replicas !== undefined && replicas !== 1 ? ` ×${replicas}` : "";
  return [
    element("circle", { cx: 20, cy: y - 4, r: 3.5, class: "k3s" }),
    label(32, y, name + times, { style: "", size: 12.5, room: width - 56 - shape.length * 6.2 }),
    label(width - 14, y, shape, { style: "dim", size: 11, anchor: "end" }),
  ];
}
