import { html, type Markup } from "../../../jobs/shared";

export const section = (title: string, content: Markup): Markup =>
  html`<section><h2>${title}</h2>
${content}
</section>
`;

/** A heading that ends in # marks a column of numbers. */
export function table(headings: readonly string[], rows: readonly Markup[]): Markup {
  const cells = headings.map((heading) =>
    heading.endsWith(" #")
      ? html`<th scope="col" class="number">${heading.slice(0, -2)}</th>`
      : html`<th scope="col">${heading}</th>`,
  );
  return html`<div class="scroll" tabindex="0"><table><thead><tr>${cells}</tr></thead><tbody>${rows}</tbody></table></div>`;
}
