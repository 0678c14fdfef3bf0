import { cpSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig } from "vitepress";

const REPOSITORY = "https://github.com/example/trellis";
/** A copy of the pages: Vite looks for the compiled pages' packages in the folders around them. */
const docs = resolve(import.meta.dirname, "../pages");
rmSync(docs, { recursive: true, force: true });
cpSync(resolve(import.meta.dirname, "../../docs"), docs, { recursive: true });
cpSync(resolve(import.meta.dirname, "../index.md"), resolve(docs, "index.md"));

const page = (text: string, name: string) => ({ text, link: `/${name}` });

export default defineConfig({
  title: "Trellis",
  description: "A data platform on Hetzner Cloud as one Pulumi program",
  lang: "en",
  srcDir: docs,
  outDir: resolve(import.meta.dirname, "../dist"),
  cacheDir: resolve(import.meta.dirname, "../node_modules/.cache/site"),
  cleanUrls: true,
  rewrites: {
    "runbooks/README.md": "runbooks/index.md",
    "decisions/README.md": "decisions/index.md",
  },
  markdown: {
    config: (markdown) => {
      // What is no page is in the repository: files of the program, and the pages at its root.
      const render =
        markdown.renderer.rules.link_open ??
        ((tokens, index, options, _, self) => self.renderToken(tokens, index, options));
      markdown.renderer.rules.link_open = (tokens, index, options, environment, self) => {
        const token = tokens[index];
        const href = token?.attrGet("href") ?? "";
        const { relativePath = "" } = environment;
        const [path = "", anchor] = href.split("#");
        if (token && path !== "" && !/^[a-z]+:/.test(path)) {
          const target = resolve(docs, relativePath, "..", path);
          if (!target.startsWith(`${docs}/`) || !/\.md$/.test(target)) {
            const inside = target.startsWith(`${docs}/`)
              ? `/docs${target.slice(docs.length)}`
              : target.slice(resolve(docs, "..").length);
            token.attrSet("href", `${REPOSITORY}/blob/main${inside}${anchor ? `#${anchor}` : ""}`);
          } else token.attrSet("href", href.replace(/README\.md(?=$|#)/, "index.md"));
        }
        return render(tokens, index, options, environment, self);
      };
    },
  },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    socialLinks: [{ icon: "github", link: REPOSITORY }],
    sidebar: [
      {
        text: "Start",
        items: [
          page("Architecture", "architecture"),
          page("From an empty project", "getting-started"),
          page("How do I", "how-to"),
          page("The command line", "command-line"),
          page("Settings", "settings"),
          page("Outputs", "outputs"),
          page("Costs", "costs"),
          page("Glossary", "glossary"),
          page("Comparison", "comparison"),
        ],
      },
      {
        text: "Data",
        items: [
          page("PostgreSQL", "postgres"),
          page("Backups", "backup"),
          page("Object storage", "minio"),
          page("Lake", "lake"),
        ],
      },
      {
        text: "Systems",
        items: [
          page("Airflow", "airflow"),
          page("DataSurface", "datasurface"),
          page("A model", "model"),
          page("Changes", "changes"),
          page("Transformers", "transformers"),
          page("Rain Tracker", "rain"),
          page("GardenOS", "gardenos"),
          page("Agents", "agents"),
        ],
      },
      {
        text: "Operate",
        items: [
          page("Runbooks", "runbooks/"),
          page("Operations", "operations"),
          page("Monitoring", "monitoring"),
          page("Security", "security"),
          page("Upgrades", "upgrade"),
          page("Decisions", "decisions/"),
        ],
      },
    ],
  },
});
