import { z } from "zod";
import { assignmentsSchema, ecosystemSchema } from "./schema";

/** The JSON Schemas of a model's files, for editors. What several parts must agree on is checked by `lint` alone. */
export const modelJsonSchema = () => ({
  ...z.toJSONSchema(ecosystemSchema, { io: "input" }),
  title: "A model of DataSurface",
});

export const assignmentsJsonSchema = () => ({
  ...z.toJSONSchema(assignmentsSchema, { io: "input" }),
  title: "The platforms that serve the groups of a model",
});
