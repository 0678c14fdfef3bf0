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

interface Sheet {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly subtitle: string;
  readonly style: string;
}

/** A whole picture. It fills the width of its page up to its own, and says to screen readers what it is. */
export function sheet({ width, height, title, subtitle, style }: Sheet, parts: readonly string[]): string {
  return `${element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${rounded(width)} ${rounded(height)}`,
      width,
      height,
      style: "max-width:100%;height:auto",
      role: "img",
    },
    `\n${element("title", {}, escaped(title))}`,
    `\n${element("desc", {}, escaped(subtitle))}`,
    `\n<style>\n${style}\n</style>`,
    `\n${box(0, 0, width, height, "page", 0)}`,
    ...parts.map((part) => `\n${part}`),
    "\n",
  )}\n`;
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
    element("circle", { cx: x2, cy: y2, r: 3.5, class: `at-${style.split(" ")[0]}` })
  );
}

/** A straight line to a dot, at one height. */
export function across(from: number, to: number, y: number, style: string): string {
  return (
    element("path", { d: `M${rounded(from)} ${rounded(y)}H${rounded(to)}`, class: `to-${style}` }) +
    element("circle", { cx: to, cy: y, r: 3.5, class: `at-${style}` })
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
