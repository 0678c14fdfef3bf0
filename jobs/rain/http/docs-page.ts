import type { OpenApiDocument } from "./route";

/** The API's documentation as one page without scripts or external resources. */
export function docsPage(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths).map(([path, { get }]) => {
    const parameters = get.parameters.map(
      ({ name, in: place, schema }) =>
        `<li><code>${name}</code> (${place}) ${escaped(String(schema.description ?? ""))}</li>`,
    );
    const responses = Object.entries(get.responses).map(
      ([status, { description }]) => `<li><code>${status}</code> ${escaped(description)}</li>`,
    );
    return `<h2><code>GET ${escaped(path)}</code></h2><p>${escaped(get.summary)}</p><ul>${parameters.join("")}</ul><ul>${responses.join("")}</ul>`;
  });
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${document.info.title}</title>
<style>body{font:16px/1.5 system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem}h2{margin-top:2rem}</style>
<h1>${document.info.title}</h1><p>${document.info.description} <a href="/api-docs/openapi.json">openapi.json</a></p>
${operations.join("\n")}
</html>`;
}

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
