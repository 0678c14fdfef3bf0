/** A part of a picture and its size. */
export interface Piece {
  readonly width: number;
  readonly height: number;
  readonly svg: string;
}

export type Point = readonly [x: number, y: number];

type Attributes = Readonly<Record<string, string | number | undefined>>;

export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? rounded(value) : escaped(String(value))}"`)
    .join("");
  return children.length > 0 ? `<${name}${written}>${children.join("")}</${name}>` : `<${name}${written}/>`;
}

export function box(x: number, y: number, width: number, height: number, style: string, radius = 10): string {
  return element("rect", { x, y, width, height, rx: radius, class: style });
}

interface TextStyle {
  readonly style: string;
  readonly size?: number;
  readonly anchor?: "start" | "middle" | "end";
  /** The available width. A longer text is cut, and its tooltip shows all of it. @default unlimited */
  readonly room?: number;
}

export function label(
  x: number,
  y: number,
  text: string,
  { style, size = 13, anchor, room }: TextStyle,
): string {
  const fitting = room === undefined ? text : cut(text, room, size * (/\bmono\b/.test(style) ? 0.605 : 0.56));
  const attributes = { x, y, class: style, "font-size": size, "text-anchor": anchor };
  const tooltip = fitting === text ? [] : [element("title", {}, escaped(text))];
  return element("text", attributes, escaped(fitting), ...tooltip);
}

export function place(piece: Piece, x: number, y: number): string {
  return element("g", { transform: `translate(${rounded(x)} ${rounded(y)})` }, piece.svg);
}

const CORNER = 10;

/** A line that starts downwards, follows a horizontal rail and ends downwards in a dot. */
export function cable(from: Point, rail: number, to: Point, style: string): string {
  const [x1, y1] = from;
  const [x2, y2] = to;
  const turn = Math.sign(x2 - x1) * Math.min(CORNER, Math.abs(x2 - x1) / 2);
  const path = [
    `M${rounded(x1)} ${rounded(y1)}`,
    `V${rounded(rail - CORNER)}`,
    `Q${rounded(x1)} ${rounded(rail)} ${rounded(x1 + turn)} ${rounded(rail)}`,
    `H${rounded(x2 - turn)}`,
    `Q${rounded(x2)} ${rounded(rail)} ${rounded(x2)} ${rounded(rail + CORNER)}`,
    `V${rounded(y2)}`,
  ];
  return (
    element("path", { d: path.join(" "), class: `to-${style}` }) +
    element("circle", { cx: x2, cy: y2, r: 3.5, class: `at-${style}` })
  );
}

export function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function cut(text: string, room: number, perCharacter: number): string {
  const most = Math.floor(room / perCharacter);
  return text.length <= most ? text : `${text.slice(0, Math.max(1, most - 1))}…`;
}

function rounded(value: number): string {
  return String(Math.round(value * 10) / 10);
}
