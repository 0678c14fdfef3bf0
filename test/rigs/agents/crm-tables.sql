-- The part of the CRM's schema that the agents use, until the migrations of `jobs crm` are here.
DO $$ BEGIN
  IF to_regrole('crm_agents') IS NULL THEN CREATE ROLE crm_agents NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another test's database was first
END $$;
CREATE SCHEMA crm;
CREATE FUNCTION crm.agent_workspace() RETURNS uuid LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('crm.workspace_id', true), '')::uuid $$;
CREATE TABLE workspaces (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz);
CREATE TABLE contacts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), workspace_id uuid NOT NULL REFERENCES workspaces, account_id uuid,
  first_name text NOT NULL DEFAULT '', last_name text NOT NULL DEFAULT '', email text, phone text,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz, UNIQUE (workspace_id, id));
CREATE TABLE opportunities (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), workspace_id uuid NOT NULL REFERENCES workspaces, contact_id uuid,
  account_id uuid, name text NOT NULL, status text NOT NULL DEFAULT 'new', source text, amount numeric(14, 2), notes text,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz, UNIQUE (workspace_id, id),
  FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id));
CREATE TABLE interactions (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), workspace_id uuid NOT NULL REFERENCES workspaces, opportunity_id uuid,
  contact_id uuid, kind text NOT NULL, direction text NOT NULL DEFAULT 'outbound', subject text, body text,
  occurred_at timestamptz NOT NULL DEFAULT now(), created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz, FOREIGN KEY (workspace_id, opportunity_id) REFERENCES opportunities (workspace_id, id));
CREATE INDEX interactions_opportunity ON interactions (workspace_id, opportunity_id, occurred_at);
CREATE TABLE notes (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), workspace_id uuid NOT NULL REFERENCES workspaces, opportunity_id uuid,
  contact_id uuid, body text NOT NULL CHECK (body <> ''), created_by text, created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz, FOREIGN KEY (workspace_id, opportunity_id) REFERENCES opportunities (workspace_id, id));
CREATE TABLE tasks (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), workspace_id uuid NOT NULL REFERENCES workspaces, opportunity_id uuid,
  contact_id uuid, title text NOT NULL CHECK (title <> ''), description text, due_at timestamptz,
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'in_progress', 'done', 'cancelled', 'proposed')), created_by text,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz,
  FOREIGN KEY (workspace_id, opportunity_id) REFERENCES opportunities (workspace_id, id));
CREATE INDEX tasks_opportunity ON tasks (workspace_id, opportunity_id);
GRANT USAGE ON SCHEMA public, crm TO crm_agents;
GRANT EXECUTE ON FUNCTION crm.agent_workspace TO crm_agents;
DO $$ DECLARE name text; BEGIN
  FOREACH name IN ARRAY ARRAY['contacts', 'opportunities', 'interactions', 'notes', 'tasks'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('GRANT SELECT ON %I TO crm_agents', name);
    EXECUTE format('CREATE POLICY agents_read ON %I FOR SELECT TO crm_agents USING (deleted_at IS NULL AND
      workspace_id = coalesce((SELECT crm.agent_workspace()), workspace_id))', name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['interactions', 'notes', 'tasks'] LOOP
    EXECUTE format('GRANT INSERT ON %I TO crm_agents', name);
    EXECUTE format('CREATE POLICY agents_insert ON %I FOR INSERT TO crm_agents WITH CHECK (deleted_at IS NULL AND
      workspace_id = coalesce((SELECT crm.agent_workspace()), workspace_id))', name);
  END LOOP;
END $$;
