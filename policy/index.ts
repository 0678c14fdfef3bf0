import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { PolicyPack, type PolicyResource, type ResourceValidationArgs } from "@pulumi/policy";
import { parse } from "yaml";
import { parseSettings, type Settings } from "../components/settings";
import { UserError } from "../components/shared/user-error";
import { EXEMPTIONS } from "./exemptions";
import { judge } from "./judge";
import { type PlannedResource, planOf, UNKNOWN } from "./plan";
import { RULES, type Rule } from "./rules";

/** Starts the pack. The engine runs this file; importing it starts a server. */
new PolicyPack("trellis", {
  enforcementLevel: "mandatory",
  policies: RULES.map((rule) => {
    const policy = { name: rule.name, description: `${rule.reason} ${rule.remedy}` };
    return rule.scope === "resource"
      ? {
          ...policy,
          validateResource: (args: ResourceValidationArgs, report: (message: string) => void) => {
            for (const message of messagesOf(rule, [resourceOf(args)])) report(message);
          },
        }
      : {
          ...policy,
          validateStack: (
            { resources }: { readonly resources: readonly PolicyResource[] },
            report: (message: string) => void,
          ) => {
            for (const message of messagesOf(rule, resources.map(resourceOf))) report(message);
          },
        };
  }),
});

function messagesOf(rule: Rule, resources: readonly PlannedResource[]): string[] {
  const [first] = resources;
  if (!first) return [];
  const settings = settingsOf(first.urn.split("::")[0]?.replace("urn:pulumi:", "") ?? "");
  const { violations } = judge(planOf({ settings, resources }), { rules: [rule], exemptions: EXEMPTIONS });
  return violations.map(({ resource, message }) => `${resource}: ${message}`);
}

const known = new Map<string, Settings>();

/** The engine tells a pack no configuration: it is read from the stack's file, beside the pack's folder or where the engine runs. */
function settingsOf(stack: string): Settings {
  const cached = known.get(stack);
  if (cached) return cached;
  const places = [process.cwd(), resolve(process.cwd(), ".."), resolve(import.meta.dirname, "..")];
  const file = places.map((folder) => join(folder, `Pulumi.${stack}.yaml`)).find(existsSync);
  if (!file)
    throw new UserError(`Pulumi.${stack}.yaml is neither in ${places.join(" nor in ")}; create it there`);
  const settings = parseSettings(parse(readFileSync(file, "utf8")).config["trellis:settings"]);
  known.set(stack, settings);
  return settings;
}

function resourceOf({
  urn,
  type,
  name,
  props,
  opts,
}: ResourceValidationArgs | PolicyResource): PlannedResource {
  return { urn, type, name, inputs: plain(props), options: { protect: opts.protect } };
}

/** A copy without the engine's guard, which throws when a value is read that is known only after a deployment. */
function plain(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(object).map((key) => {
      try {
        return [key, copy(object[key])];
      } catch {
        return [key, UNKNOWN];
      }
    }),
  );
}

function copy(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (!Array.isArray(value)) return plain(value as Record<string, unknown>); // safe: it is an object and no list
  return Object.values(plain(Object(value)));
}
