/** Styles parts of a text; without colours it returns the text unchanged. */
export interface Palette {
  bold(text: string): string;
  dim(text: string): string;
  accent(text: string): string;
  warning(text: string): string;
  error(text: string): string;
}

export function paletteFor(stream: { readonly isTTY?: boolean }, environment = process.env): Palette {
  const coloured = stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== "dumb";
  const style = (code: number) => (text: string) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: style(1), dim: style(2), accent: style(36), warning: style(33), error: style(31) };
}
