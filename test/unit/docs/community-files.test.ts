import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { repository } from "../../rigs/platform/stacks";

/** The sha256 of each license's text as its authors publish it, by SPDX identifier. */
const LICENSE_TEXTS: Readonly<Record<string, string>> = {
  // https://www.apache.org/licenses/LICENSE-2.0.txt, with its appendix
  "Apache-2.0": "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
};

const TEMPLATES = ".github/ISSUE_TEMPLATE";

/** The button of GitHub's private vulnerability reporting. */
const PRIVATE_REPORT = "Report a vulnerability";

/** What GitHub requires of an issue form: https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-issue-forms */
const input = z.strictObject({
  type: z.enum(["input", "textarea", "dropdown"]),
  id: z.string().regex(/^[\w-]+$/),
  attributes: z.strictObject({
    label: z.string().min(1),
    description: z.string().optional(),
    placeholder: z.string().optional(),
    render: z.string().optional(),
    options: z.array(z.string()).min(1).optional(),
  }),
  validations: z.strictObject({ required: z.boolean() }).optional(),
});
const text = z.strictObject({
  type: z.literal("markdown"),
  attributes: z.strictObject({ value: z.string().min(1) }),
});
const form = z.strictObject({
  name: z.string().min(1),
  description: z.string().min(1),
  title: z.string().optional(),
  labels: z.array(z.string()).optional(),
  body: z.array(z.discriminatedUnion("type", [text, input])).min(1),
});
const chooser = z.strictObject({
  blank_issues_enabled: z.boolean(),
  contact_links: z.array(
    z.strictObject({
      name: z.string().min(1),
      url: z.url({ protocol: /^https$/ }),
      about: z.string().min(1),
    }),
  ),
});

const read = (path: string) => readFileSync(join(repository, path), "utf8");

it("LICENSE is the whole text of the license that package.json names", () => {
  const { license } = JSON.parse(read("package.json"));
  expect(Object.keys(LICENSE_TEXTS)).toContain(license);
  expect(createHash("sha256").update(read("LICENSE")).digest("hex")).toBe(LICENSE_TEXTS[license]);
});

it("the chooser of issues sends security reports to the private form that SECURITY.md describes", () => {
  const { blank_issues_enabled, contact_links } = chooser.parse(parse(read(`${TEMPLATES}/config.yml`)));
  expect(blank_issues_enabled).toBe(false);
  expect(contact_links.filter(({ about }) => about.includes(PRIVATE_REPORT))).toHaveLength(1);
  expect(read("SECURITY.md")).toContain(PRIVATE_REPORT);
});

const forms = readdirSync(join(repository, TEMPLATES)).filter((file) => file !== "config.yml");

it("there are a form for bugs and one for features", () => {
  expect(forms.sort()).toEqual(["bug.yml", "feature.yml"]);
});

describe.each(forms)("the issue form %s", (file) => {
  const inputs = () =>
    form.parse(parse(read(`${TEMPLATES}/${file}`))).body.filter((element) => element.type !== "markdown");

  it("asks for something, and requires an answer", () => {
    expect(inputs().filter(({ validations }) => validations?.required)).not.toEqual([]);
  });

  it("has inputs with distinct ids and labels, and options in each dropdown", () => {
    const all = inputs();
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(new Set(all.map(({ attributes }) => attributes.label)).size).toBe(all.length);
    for (const { type, attributes } of all)
      expect(attributes.options !== undefined, attributes.label).toBe(type === "dropdown");
  });
});
