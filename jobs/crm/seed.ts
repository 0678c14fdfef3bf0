import { createHash } from "node:crypto";
import { type Database, transaction } from "../shared";

/** The same name always has the same id, so that a second run inserts nothing. */
function idOf(name: string): string {
  const hex = createHash("sha256").update(`trellis crm demo ${name}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export const DEMO_WORKSPACE = idOf("workspace");
export const DEMO_USER = idOf("user");

interface Lead {
  readonly name: string;
  readonly source: string;
  readonly status: string;
  readonly amount: number;
  readonly notes: string;
  /** What the person wrote. */
  readonly message: string;
}

const LEADS: readonly Lead[] = [
  {
    name: "Ada Lind",
    source: "web form",
    status: "new",
    amount: 1_450,
    notes: "Asks for home and auto together.",
    message: "We move in March and need a quote for the house and two cars.",
  },
  {
    name: "Bo Meyer",
    source: "referral",
    status: "contacted",
    amount: 620,
    notes: "Renter, first policy.",
    message: "A friend gave me your number. What does renters insurance cost?",
  },
  {
    name: "Carla Ruiz",
    source: "campaign",
    status: "quoted",
    amount: 2_300,
    notes: "Compares with her present carrier; the renewal is in six weeks.",
    message: "Thank you for the quote. Can the deductible be lower?",
  },
  {
    name: "Dinh Tran",
    source: "web form",
    status: "qualified",
    amount: 980,
    notes: "Motorcycle and umbrella.",
    message: "Please call after 5 pm.",
  },
];

/** Inserts the demo data that is missing; returns how many rows. */
export async function seed(database: Database): Promise<number> {
  return transaction(database, "BEGIN", async () => {
    // Row security binds the owner as well.
    await database.query("SET LOCAL ROLE service_role");
    let rows = 0;
    const insert = async (table: string, row: Readonly<Record<string, unknown>>) => {
      const columns = Object.keys(row);
      const places = columns.map((_, index) => `$${index + 1}`);
      const { rowCount } = await database.query(
        `INSERT INTO public.${table} (${columns.join(", ")}) VALUES (${places.join(", ")}) ON CONFLICT DO NOTHING`,
        Object.values(row),
      );
      rows += rowCount ?? 0;
    };
    const workspace_id = DEMO_WORKSPACE;
    await insert("workspaces", { id: workspace_id, name: "Demo agency" });
    await insert("users", { id: DEMO_USER, email: "demo@example.com", full_name: "Demo User" });
    await insert("workspace_members", {
      id: idOf("member"),
      workspace_id,
      user_id: DEMO_USER,
      role: "owner",
    });
    const pipeline_id = idOf("pipeline");
    const stages = ["new", "contacted", "qualified", "quoted", "won", "lost"];
    await insert("pipelines", { id: pipeline_id, workspace_id, name: "Sales", stages });
    for (const lead of LEADS) await insertLead(insert, { ...lead, pipeline_id });
    return rows;
  });
}

async function insertLead(
  insert: (table: string, row: Readonly<Record<string, unknown>>) => Promise<void>,
  { name, source, status, amount, notes, message, pipeline_id }: Lead & { readonly pipeline_id: string },
): Promise<void> {
  const workspace_id = DEMO_WORKSPACE;
  const [first_name, last_name] = name.split(" ");
  const [account_id, contact_id, opportunity_id] = ["account", "contact", "opportunity"].map((kind) =>
    idOf(`${kind} of ${name}`),
  );
  const email = `${first_name}.${last_name}@example.com`.toLowerCase();
  await insert("accounts", { id: account_id, workspace_id, name: `${last_name} household` });
  await insert("contacts", { id: contact_id, workspace_id, account_id, first_name, last_name, email });
  await insert("opportunities", {
    id: opportunity_id,
    workspace_id,
    contact_id,
    account_id,
    pipeline_id,
    stage: status,
    owner_id: DEMO_USER,
    name: `Insurance for ${name}`,
    status,
    source,
    amount,
    notes,
  });
  const of = { workspace_id, opportunity_id, contact_id };
  await insert("interactions", {
    id: idOf(`interaction of ${name}`),
    ...of,
    kind: "email",
    direction: "inbound",
    subject: "Question",
    body: message,
  });
  await insert("tasks", {
    id: idOf(`task of ${name}`),
    ...of,
    assignee_id: DEMO_USER,
    title: `Answer ${name}`,
    due_at: new Date(Date.now() + 24 * 3_600_000),
    created_by: DEMO_USER,
  });
}
