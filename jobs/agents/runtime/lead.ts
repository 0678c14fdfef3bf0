/** A lead as an agent sees it: an opportunity with its contact, and what happened before. `agents.opened` reads it. */
export interface Lead {
  readonly contactId: string | null;
  readonly lead: Readonly<Record<string, unknown>>;
  readonly history: readonly Readonly<Record<string, unknown>>[];
}
