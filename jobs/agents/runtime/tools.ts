import { z } from "zod";
import type { Database } from "../../shared";
import type { Lead } from "./lead";

/** The task whose lead a tool works on. No tool takes an id: a prompt cannot name another lead. */
export interface Subject {
  readonly workspace: string;
  readonly opportunity: string;
  readonly contact: string | null;
  readonly pool: string;
}

const noArguments = z.strictObject({});

/** Tools that only read; the answer goes to the model. */
const READS = {
  read_lead: {
    description: "The lead: the opportunity and its contact.",
    parameters: noArguments,
    read: (lead: Lead) => ({ lead: lead.lead }),
  },
  read_history: {
    description: "Earlier interactions and tasks of the lead, newest first.",
    parameters: noArguments,
    read: (lead: Lead) => ({ history: lead.history }),
  },
} as const;

interface Effect<S extends z.ZodType> {
  readonly description: string;
  readonly parameters: S;
  /** Writes one row in the task's transaction; returns its id. */
  readonly write: (database: Database, subject: Subject, given: z.output<S>) => Promise<string>;
}

const effect = <S extends z.ZodType>(definition: Effect<S>) => definition;

/** Tools that write. They run when the task completes, in its transaction, under row security. */
const EFFECTS = {
  add_note: effect({
    description: "Adds a note to the lead, for the people who work with it.",
    parameters: z.strictObject({ body: z.string().trim().min(1).max(2_000) }),
    write: (database, subject, { body }) =>
      insert(
        database,
        "INSERT INTO notes (workspace_id, opportunity_id, contact_id, body, created_by) VALUES ($1, $2, $3, $4, $5) RETURNING id",
        [subject.workspace, subject.opportunity, subject.contact, body, `agent:${subject.pool}`],
      ),
  }),
  propose_follow_up: effect({
    description: "Proposes a task to the people who work with the lead. Nothing is sent to the lead.",
    parameters: z.strictObject({
      title: z.string().trim().min(1).max(200),
      description: z.string().trim().min(1).max(4_000),
      due_in_days: z.int().min(0).max(90),
    }),
    write: (database, subject, { title, description, due_in_days }) =>
      insert(
        database,
        `INSERT INTO tasks (workspace_id, opportunity_id, contact_id, title, description, due_at, status, created_by)
         VALUES ($1, $2, $3, $4, $5, now() + $6 * interval '1 day', 'proposed', $7) RETURNING id`,
        [
          subject.workspace,
          subject.opportunity,
          subject.contact,
          title,
          description,
          due_in_days,
          `agent:${subject.pool}`,
        ],
      ),
  }),
} as const;

async function insert(database: Database, sql: string, values: unknown[]): Promise<string> {
  const { rows } = await database.query<{ id: string }>(sql, values);
  return rows[0]?.id ?? "";
}

export type ToolName = keyof typeof READS | keyof typeof EFFECTS;

/** A write that the policy allows, with arguments that fit its schema. */
export interface PlannedEffect {
  readonly tool: ToolName;
  write(database: Database, subject: Subject): Promise<string>;
}

export type ToolOutcome =
  | { readonly kind: "read"; readonly content: unknown }
  | { readonly kind: "planned"; readonly effect: PlannedEffect }
  | { readonly kind: "refused"; readonly reason: string; readonly remedy: string };

/** What the policy and the schemas make of one tool call. Runs nothing that writes. */
export function judgeCall(
  name: string,
  json: string,
  lead: Lead,
  allowed: Readonly<Partial<Record<string, number>>>,
  used: ReadonlyMap<string, number>,
): ToolOutcome {
  const most = Object.hasOwn(allowed, name) ? (allowed[name] ?? 0) : 0;
  if (most === 0) return refused("not-allowed", "this tool is not available");
  if ((used.get(name) ?? 0) >= most)
    return refused("too-often", `this tool may be called ${most} times in a task`);
  let given: unknown;
  try {
    given = JSON.parse(json || "{}");
  } catch {
    return refused("arguments", "the arguments are not JSON");
  }
  if (name in READS) {
    const { parameters, read } = READS[name as keyof typeof READS]; // safe: the line above
    return parameters.safeParse(given).success
      ? { kind: "read", content: read(lead) }
      : refused("arguments", "the tool takes no arguments");
  }
  const { parameters, write } = EFFECTS[name as keyof typeof EFFECTS] as Effect<z.ZodType>; // safe: the policy names known tools
  const parsed = parameters.safeParse(given);
  if (!parsed.success) return refused("arguments", z.prettifyError(parsed.error));
  return {
    kind: "planned",
    effect: {
      tool: name as ToolName, // safe: the policy names known tools
      write: (database, subject) => write(database, subject, parsed.data),
    },
  };
}

const refused = (reason: string, remedy: string): ToolOutcome => ({ kind: "refused", reason, remedy });

/** The tools of a policy, as the model's API takes them. */
export function toolDefinitions(allowed: Readonly<Partial<Record<ToolName, number>>>) {
  return (Object.keys(allowed) as ToolName[]).map((name) => {
    const { description, parameters } = { ...READS, ...EFFECTS }[name];
    const { $schema: _, ...schema } = z.toJSONSchema(parameters);
    return { type: "function" as const, function: { name, description, parameters: schema } };
  });
}
