import { readFileSync } from "node:fs";
import { z } from "zod";
import { text } from "./setting";

/** A JSON file, read and checked with the settings, so that all its problems are reported at once. */
export const jsonFile = <Schema extends z.ZodType>(schema: Schema) =>
  text("the path of a file").transform((path, issues): z.output<Schema> => {
    const refuse = (message: string) => {
      issues.addIssue({ code: "custom", message });
      return z.NEVER;
    };
    let content: unknown;
    try {
      content = JSON.parse(readFileSync(path, "utf8"));
    } catch {
      return refuse("allowed: a file of JSON that can be read");
    }
    const judged = schema.safeParse(content);
    if (judged.success) return judged.data;
    return refuse(
      judged.error.issues
        .map(({ path: at, message }) => (at.length > 0 ? `${at.join(".")}: ${message}` : message))
        .join("; "),
    );
  });
