import type { Database } from "../../shared";

/** A lead as an agent sees it: an opportunity with its contact, and what happened before. */
export interface Lead {
  readonly contactId: string | null;
  readonly lead: Readonly<Record<string, unknown>>;
  readonly history: readonly Readonly<Record<string, unknown>>[];
}

/** The most characters of one field: a lead's text may be of any length, and each costs tokens. */
const LONGEST_FIELD = 4_000;

const HISTORY_ENTRIES = 20;

/** Reads the lead in a transaction of its workspace; undefined where the workspace has no such lead. */
export async function readLead(
  database: Database,
  workspace: string,
  opportunity: string,
): Promise<Lead | undefined> {
  const { rows } = await database.query<{
    contact_id: string | null;
    lead: Lead["lead"];
    history: Lead["history"] | null;
  }>(
    `SELECT o.contact_id,
       jsonb_build_object('name', o.name, 'status', o.status, 'source', o.source, 'amount', o.amount,
         'notes', left(o.notes, ${LONGEST_FIELD}), 'created_at', o.created_at,
         'contact', CASE WHEN c.id IS NOT NULL THEN jsonb_build_object('first_name', c.first_name, 'last_name', c.last_name,
           'has_email', c.email IS NOT NULL, 'has_phone', c.phone IS NOT NULL) END) AS lead,
       (SELECT jsonb_agg(entry ORDER BY at DESC) FROM (
          (SELECT occurred_at AS at, jsonb_build_object('at', occurred_at, 'kind', kind, 'direction', direction,
             'subject', left(subject, 300), 'body', left(body, ${LONGEST_FIELD})) AS entry
           FROM interactions WHERE workspace_id = $1 AND opportunity_id = $2 AND deleted_at IS NULL
           ORDER BY occurred_at DESC LIMIT ${HISTORY_ENTRIES})
          UNION ALL
          (SELECT created_at, jsonb_build_object('at', created_at, 'kind', 'task', 'title', left(title, 300),
             'status', status, 'due_at', due_at)
           FROM tasks WHERE workspace_id = $1 AND opportunity_id = $2 AND deleted_at IS NULL
           ORDER BY created_at DESC LIMIT ${HISTORY_ENTRIES})) AS entries) AS history
     FROM opportunities AS o
     LEFT JOIN contacts AS c ON c.workspace_id = o.workspace_id AND c.id = o.contact_id AND c.deleted_at IS NULL
     WHERE o.workspace_id = $1 AND o.id = $2 AND o.deleted_at IS NULL`,
    [workspace, opportunity],
  );
  const [row] = rows;
  return row && { contactId: row.contact_id, lead: row.lead, history: row.history ?? [] };
}
