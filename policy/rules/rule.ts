import type { Plan } from "../plan";

/** A violation of a rule. */
export interface Finding {
  /** What violates it: `Deployment airflow/airflow-scheduler`, a resource's name, or `settings: offsite`. */
  readonly resource: string;
  /** What is wrong there, with the value that was found. */
  readonly message: string;
}

export interface Rule {
  readonly name: string;
  /** What could happen without the rule. */
  readonly reason: string;
  /** What to change. */
  readonly remedy: string;
  /** Whether the rule can judge each resource by itself, or needs all resources of the stack. */
  readonly scope: "resource" | "stack";
  readonly check: (plan: Plan) => readonly Finding[];
}

/** Findings about one resource, a finding for each message that is not undefined or false. */
export function findings(resource: string, messages: readonly (string | false | undefined)[]): Finding[] {
  return messages.flatMap((message) => (message ? [{ resource, message }] : []));
}
