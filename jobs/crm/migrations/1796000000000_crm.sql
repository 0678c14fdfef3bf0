-- Roles belong to the whole server, so the bootstrap creates them. A server without it gets them here, where the login
-- may create roles.
DO $$
DECLARE
  missing text[] := ARRAY(SELECT name FROM unnest(ARRAY['anon', 'authenticated', 'service_role', 'crm_agents']) AS name
                          WHERE to_regrole(name) IS NULL);
  role text;
BEGIN
  IF missing = '{}' THEN RETURN; END IF;
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    RAISE EXCEPTION 'the roles % do not exist', array_to_string(missing, ', ')
      USING HINT = 'Run `jobs postgres bootstrap` with a specification that has the section `supabase`.';
  END IF;
  FOREACH role IN ARRAY missing LOOP
    EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT %s', role,
      CASE role WHEN 'service_role' THEN 'BYPASSRLS' ELSE 'NOBYPASSRLS' END);
  END LOOP;
END $$;

-- Functions that policies and triggers use. PostgREST serves `public` and not this schema.
CREATE SCHEMA crm;

CREATE TABLE workspaces (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL CHECK (name <> '' AND length(name) <= 200),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);

-- The profile of a user; the id is that of the auth service, whose tables are its own.
CREATE TABLE users (
  id uuid PRIMARY KEY,
  email text NOT NULL CHECK (email LIKE '%_@_%'),
  full_name text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);

CREATE UNIQUE INDEX users_email ON users (lower(email)) WHERE deleted_at IS NULL;

CREATE TABLE workspace_members (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  user_id uuid NOT NULL REFERENCES users,
  -- An owner manages members, a member changes rows, a viewer reads.
  role text NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'member', 'viewer')),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);

CREATE UNIQUE INDEX workspace_members_once ON workspace_members (workspace_id, user_id) WHERE deleted_at IS NULL;
CREATE INDEX workspace_members_user ON workspace_members (user_id) INCLUDE (workspace_id, role) WHERE deleted_at IS NULL;
-- Foreign keys look at deleted rows as well.
CREATE INDEX workspace_members_user_key ON workspace_members (user_id);

-- Reference data of the trade, the same for all workspaces.
CREATE TABLE insurance_types (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);

INSERT INTO insurance_types (name) VALUES
  ('auto'), ('home'), ('renters'), ('umbrella'), ('life'), ('commercial'), ('specialty');

-- In each table of a workspace, foreign keys include the workspace, so that no row refers to one of another workspace.

CREATE TABLE accounts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  name text NOT NULL CHECK (name <> ''),
  kind text NOT NULL DEFAULT 'household' CHECK (kind IN ('household', 'business')),
  phone text,
  website text,
  street text,
  city text,
  state text,
  postal_code text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  UNIQUE (workspace_id, id)
);

CREATE INDEX accounts_name ON accounts (workspace_id, name, id) WHERE deleted_at IS NULL;

CREATE TABLE contacts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  account_id uuid,
  first_name text NOT NULL DEFAULT '',
  last_name text NOT NULL DEFAULT '',
  email text,
  phone text,
  date_of_birth date,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  UNIQUE (workspace_id, id),
  FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id),
  CHECK (first_name <> '' OR last_name <> '' OR email IS NOT NULL OR phone IS NOT NULL)
);

CREATE INDEX contacts_name ON contacts (workspace_id, last_name, first_name, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX contacts_email ON contacts (workspace_id, lower(email)) WHERE deleted_at IS NULL;
CREATE INDEX contacts_phone ON contacts (workspace_id, phone) WHERE deleted_at IS NULL;
CREATE INDEX contacts_account ON contacts (workspace_id, account_id);

CREATE TABLE pipelines (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  name text NOT NULL CHECK (name <> ''),
  -- Names of the stages, in their order.
  stages text[] NOT NULL CHECK (cardinality(stages) BETWEEN 1 AND 50 AND array_position(stages, NULL) IS NULL),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  UNIQUE (workspace_id, id)
);

CREATE UNIQUE INDEX pipelines_name ON pipelines (workspace_id, name) WHERE deleted_at IS NULL;

CREATE TABLE opportunities (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  contact_id uuid,
  account_id uuid,
  pipeline_id uuid,
  stage text,
  owner_id uuid REFERENCES users,
  name text NOT NULL CHECK (name <> ''),
  status text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'contacted', 'qualified', 'quoted', 'won', 'lost')),
  source text,
  amount numeric(14, 2) CHECK (amount >= 0),
  notes text,
  expected_close date,
  closed_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  UNIQUE (workspace_id, id),
  FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
  FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id),
  FOREIGN KEY (workspace_id, pipeline_id) REFERENCES pipelines (workspace_id, id),
  CHECK (stage IS NULL OR pipeline_id IS NOT NULL)
);

CREATE INDEX opportunities_status ON opportunities (workspace_id, status, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunities_recent ON opportunities (workspace_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunities_contact ON opportunities (workspace_id, contact_id);
CREATE INDEX opportunities_account ON opportunities (workspace_id, account_id);
CREATE INDEX opportunities_pipeline ON opportunities (workspace_id, pipeline_id, stage);
CREATE INDEX opportunities_owner ON opportunities (owner_id);

CREATE TABLE opportunity_participants (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  opportunity_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  role text NOT NULL DEFAULT 'participant',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  FOREIGN KEY (workspace_id, opportunity_id) REFERENCES opportunities (workspace_id, id),
  FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id)
);

CREATE UNIQUE INDEX opportunity_participants_once
  ON opportunity_participants (workspace_id, opportunity_id, contact_id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_participants_opportunity ON opportunity_participants (workspace_id, opportunity_id);
CREATE INDEX opportunity_participants_contact ON opportunity_participants (workspace_id, contact_id);

CREATE TABLE interactions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  opportunity_id uuid,
  contact_id uuid,
  kind text NOT NULL CHECK (kind IN ('email', 'call', 'sms', 'meeting', 'letter', 'chat', 'other')),
  direction text NOT NULL DEFAULT 'outbound' CHECK (direction IN ('inbound', 'outbound', 'internal')),
  subject text,
  body text,
  occurred_at timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  FOREIGN KEY (workspace_id, opportunity_id) REFERENCES opportunities (workspace_id, id),
  FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id)
);

CREATE INDEX interactions_recent ON interactions (workspace_id, occurred_at, id) WHERE deleted_at IS NULL;
CREATE INDEX interactions_opportunity ON interactions (workspace_id, opportunity_id, occurred_at);
CREATE INDEX interactions_contact ON interactions (workspace_id, contact_id, occurred_at);

CREATE TABLE notes (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  opportunity_id uuid,
  contact_id uuid,
  account_id uuid,
  body text NOT NULL CHECK (body <> ''),
  -- A user's id, or agent:<pool> for what an agent wrote.
  created_by text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  FOREIGN KEY (workspace_id, opportunity_id) REFERENCES opportunities (workspace_id, id),
  FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
  FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id)
);

CREATE INDEX notes_opportunity ON notes (workspace_id, opportunity_id, created_at);
CREATE INDEX notes_contact ON notes (workspace_id, contact_id, created_at);
CREATE INDEX notes_account ON notes (workspace_id, account_id, created_at);

CREATE TABLE tasks (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  opportunity_id uuid,
  contact_id uuid,
  assignee_id uuid REFERENCES users,
  title text NOT NULL CHECK (title <> ''),
  description text,
  due_at timestamptz,
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'in_progress', 'done', 'cancelled', 'proposed')),
  -- A user's id, or agent:<pool> for what an agent wrote.
  created_by text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  FOREIGN KEY (workspace_id, opportunity_id) REFERENCES opportunities (workspace_id, id),
  FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id)
);

CREATE INDEX tasks_due ON tasks (workspace_id, status, due_at, id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_opportunity ON tasks (workspace_id, opportunity_id);
CREATE INDEX tasks_contact ON tasks (workspace_id, contact_id);
CREATE INDEX tasks_assignee ON tasks (assignee_id, status, due_at);

-- The file itself is an object of the storage service.
CREATE TABLE documents (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  opportunity_id uuid,
  contact_id uuid,
  account_id uuid,
  name text NOT NULL CHECK (name <> ''),
  bucket text NOT NULL,
  path text NOT NULL,
  media_type text,
  bytes bigint CHECK (bytes >= 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  FOREIGN KEY (workspace_id, opportunity_id) REFERENCES opportunities (workspace_id, id),
  FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
  FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id)
);

CREATE UNIQUE INDEX documents_object ON documents (workspace_id, bucket, path) WHERE deleted_at IS NULL;
CREATE INDEX documents_opportunity ON documents (workspace_id, opportunity_id);
CREATE INDEX documents_contact ON documents (workspace_id, contact_id);
CREATE INDEX documents_account ON documents (workspace_id, account_id);

CREATE TABLE properties (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  account_id uuid NOT NULL,
  street text NOT NULL,
  city text,
  state text,
  postal_code text,
  year_built smallint CHECK (year_built BETWEEN 1600 AND 2200),
  square_feet integer CHECK (square_feet > 0),
  details jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(details) = 'object'),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id)
);

CREATE INDEX properties_account ON properties (workspace_id, account_id);

CREATE TABLE vehicles (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  account_id uuid NOT NULL,
  vin text CHECK (vin ~ '^[A-HJ-NPR-Z0-9]{11,17}$'),
  make text NOT NULL,
  model text NOT NULL,
  model_year smallint CHECK (model_year BETWEEN 1900 AND 2200),
  details jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(details) = 'object'),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id)
);

CREATE INDEX vehicles_account ON vehicles (workspace_id, account_id);

CREATE TABLE specialty_items (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  account_id uuid NOT NULL,
  name text NOT NULL CHECK (name <> ''),
  value numeric(14, 2) CHECK (value >= 0),
  details jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(details) = 'object'),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id)
);

CREATE INDEX specialty_items_account ON specialty_items (workspace_id, account_id);

CREATE TABLE insurance_policies (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  account_id uuid NOT NULL,
  insurance_type_id uuid NOT NULL REFERENCES insurance_types,
  carrier text NOT NULL,
  number text,
  premium numeric(12, 2) CHECK (premium >= 0),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'lapsed', 'cancelled', 'expired')),
  starts_on date,
  ends_on date,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id),
  CHECK (ends_on >= starts_on)
);

CREATE INDEX insurance_policies_account ON insurance_policies (workspace_id, account_id);
CREATE INDEX insurance_policies_ending ON insurance_policies (workspace_id, ends_on) WHERE deleted_at IS NULL;
CREATE INDEX insurance_policies_type ON insurance_policies (insurance_type_id);

CREATE TABLE insurance_quotes (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  opportunity_id uuid NOT NULL,
  insurance_type_id uuid NOT NULL REFERENCES insurance_types,
  carrier text NOT NULL,
  premium numeric(12, 2) CHECK (premium >= 0),
  status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'sent', 'accepted', 'declined', 'expired')),
  details jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(details) = 'object'),
  valid_until date,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  FOREIGN KEY (workspace_id, opportunity_id) REFERENCES opportunities (workspace_id, id)
);

CREATE INDEX insurance_quotes_opportunity ON insurance_quotes (workspace_id, opportunity_id);
CREATE INDEX insurance_quotes_type ON insurance_quotes (insurance_type_id);

CREATE TABLE campaigns (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  name text NOT NULL CHECK (name <> ''),
  channel text NOT NULL DEFAULT 'email' CHECK (channel IN ('email', 'sms', 'call', 'letter')),
  status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'active', 'paused', 'finished')),
  starts_at timestamptz,
  ends_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  UNIQUE (workspace_id, id),
  CHECK (ends_at >= starts_at)
);

CREATE INDEX campaigns_status ON campaigns (workspace_id, status, created_at) WHERE deleted_at IS NULL;

CREATE TABLE campaign_participants (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  campaign_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  status text NOT NULL DEFAULT 'enrolled' CHECK (status IN ('enrolled', 'sent', 'opened', 'replied', 'unsubscribed', 'finished')),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  FOREIGN KEY (workspace_id, campaign_id) REFERENCES campaigns (workspace_id, id),
  FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id)
);

CREATE UNIQUE INDEX campaign_participants_once
  ON campaign_participants (workspace_id, campaign_id, contact_id) WHERE deleted_at IS NULL;
CREATE INDEX campaign_participants_campaign ON campaign_participants (workspace_id, campaign_id, status);
CREATE INDEX campaign_participants_contact ON campaign_participants (workspace_id, contact_id);

CREATE TABLE campaign_metrics (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  campaign_id uuid NOT NULL,
  day date NOT NULL,
  sent integer NOT NULL DEFAULT 0 CHECK (sent >= 0),
  opened integer NOT NULL DEFAULT 0 CHECK (opened >= 0),
  replied integer NOT NULL DEFAULT 0 CHECK (replied >= 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  FOREIGN KEY (workspace_id, campaign_id) REFERENCES campaigns (workspace_id, id)
);

CREATE UNIQUE INDEX campaign_metrics_day ON campaign_metrics (workspace_id, campaign_id, day) WHERE deleted_at IS NULL;
CREATE INDEX campaign_metrics_campaign ON campaign_metrics (workspace_id, campaign_id);

-- Each change of a campaign's status.
CREATE TABLE campaign_transitions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  campaign_id uuid NOT NULL,
  from_status text,
  to_status text NOT NULL,
  reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  FOREIGN KEY (workspace_id, campaign_id) REFERENCES campaigns (workspace_id, id)
);

CREATE INDEX campaign_transitions_campaign ON campaign_transitions (workspace_id, campaign_id, created_at);

CREATE TABLE reengagement_schedule (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  contact_id uuid NOT NULL,
  campaign_id uuid,
  due_at timestamptz NOT NULL,
  status text NOT NULL DEFAULT 'planned' CHECK (status IN ('planned', 'done', 'skipped')),
  reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
  FOREIGN KEY (workspace_id, campaign_id) REFERENCES campaigns (workspace_id, id)
);

CREATE INDEX reengagement_schedule_due ON reengagement_schedule (workspace_id, status, due_at) WHERE deleted_at IS NULL;
CREATE INDEX reengagement_schedule_contact ON reengagement_schedule (workspace_id, contact_id);
CREATE INDEX reengagement_schedule_campaign ON reengagement_schedule (workspace_id, campaign_id);

CREATE TABLE ab_tests (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  campaign_id uuid NOT NULL,
  name text NOT NULL CHECK (name <> ''),
  variants jsonb NOT NULL CHECK (jsonb_typeof(variants) = 'array'),
  winner text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  FOREIGN KEY (workspace_id, campaign_id) REFERENCES campaigns (workspace_id, id)
);

CREATE INDEX ab_tests_campaign ON ab_tests (workspace_id, campaign_id);

-- Credentials of the telephone service; no client of the API reads them.
CREATE TABLE ringcentral_tokens (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid NOT NULL REFERENCES workspaces,
  user_id uuid NOT NULL REFERENCES users,
  access_token text NOT NULL,
  refresh_token text NOT NULL,
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);

CREATE UNIQUE INDEX ringcentral_tokens_once ON ringcentral_tokens (workspace_id, user_id) WHERE deleted_at IS NULL;
CREATE INDEX ringcentral_tokens_workspace ON ringcentral_tokens (workspace_id);
CREATE INDEX ringcentral_tokens_user ON ringcentral_tokens (user_id);

-- Who asks, and for which workspaces.

-- PostgREST sets the claims of the verified token for the transaction; without a token there are none.
CREATE FUNCTION crm.user_id() RETURNS uuid
LANGUAGE sql STABLE AS $$
  SELECT nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub', '')::uuid
$$;

-- Whether the owner acts for somebody else: inside of a function that runs as its definer, the session's role is
-- still that of the caller. (Those functions turn `row_security` on, since sessions of jobs turn it off.) Row security
-- binds the owner too and lets it pass only there, so that a session of the owner reads and changes no workspace by
-- mistake. It takes the role `service_role` to do so.
CREATE FUNCTION crm.trusted() RETURNS boolean
LANGUAGE sql STABLE AS $$ SELECT current_setting('role') NOT IN ('none', current_user) $$;

-- The workspaces of the user in one of the roles. As its owner, so that the policy of the membership does not recur.
CREATE FUNCTION crm.workspaces_as(roles text[]) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $$
  SELECT coalesce(array_agg(member.workspace_id), '{}')
  FROM public.workspace_members AS member
  JOIN public.workspaces AS workspace ON workspace.id = member.workspace_id AND workspace.deleted_at IS NULL
  WHERE member.user_id = crm.user_id() AND member.deleted_at IS NULL AND member.role = ANY (roles)
$$;

CREATE FUNCTION crm.readable() RETURNS uuid[]
LANGUAGE sql STABLE AS $$ SELECT crm.workspaces_as('{owner,member,viewer}') $$;

CREATE FUNCTION crm.writable() RETURNS uuid[]
LANGUAGE sql STABLE AS $$ SELECT crm.workspaces_as('{owner,member}') $$;

CREATE FUNCTION crm.owned() RETURNS uuid[]
LANGUAGE sql STABLE AS $$ SELECT crm.workspaces_as('{owner}') $$;

-- Agents work for all workspaces; a task that sets `crm.workspace_id` for its transaction is held to that one.
CREATE FUNCTION crm.agent_workspace() RETURNS uuid
LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('crm.workspace_id', true), '')::uuid $$;

-- Timestamps are the database's. A role that row security does not bind (an import, a restore) keeps those that it gives.
CREATE FUNCTION crm.stamp() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF row_security_active(TG_RELID) THEN
      NEW.created_at := now();
      NEW.updated_at := now();
    END IF;
    RETURN NEW;
  END IF;
  IF row_security_active(TG_RELID) THEN NEW.created_at := OLD.created_at; END IF;
  IF NEW.id <> OLD.id THEN
    RAISE EXCEPTION 'the id of a row cannot be changed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  NEW.updated_at := now();
  RETURN NEW;
END $$;

CREATE FUNCTION crm.stay_in_workspace() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.workspace_id <> OLD.workspace_id THEN
    RAISE EXCEPTION 'a row cannot move to another workspace' USING ERRCODE = 'integrity_constraint_violation',
      HINT = 'Insert it there, and delete it here.';
  END IF;
  RETURN NEW;
END $$;

-- A deletion marks the row. To delete a marked row removes it, which only a role without row security can, since
-- no other sees it. The update runs as the owner: the policies hide its result from the one who deletes.
CREATE FUNCTION crm.mark_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $$
BEGIN
  IF OLD.deleted_at IS NOT NULL THEN RETURN OLD; END IF;
  EXECUTE format('UPDATE %I.%I SET deleted_at = now() WHERE id = $1', TG_TABLE_SCHEMA, TG_TABLE_NAME) USING OLD.id;
  RETURN NULL;
END $$;

-- A stage is one of its pipeline.
CREATE FUNCTION crm.check_stage() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $$
BEGIN
  IF NEW.stage IS NOT NULL AND NOT EXISTS (
    SELECT FROM public.pipelines
    WHERE workspace_id = NEW.workspace_id AND id = NEW.pipeline_id AND NEW.stage = ANY (stages)
  ) THEN
    RAISE EXCEPTION 'the pipeline has no stage %', quote_literal(NEW.stage) USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER check_stage BEFORE INSERT OR UPDATE OF stage, pipeline_id ON opportunities
  FOR EACH ROW EXECUTE FUNCTION crm.check_stage();

-- A user's first workspace has no owner yet who could admit the user.
CREATE FUNCTION create_workspace(name text) RETURNS workspaces
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $$
DECLARE
  claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
  made public.workspaces;
BEGIN
  IF crm.user_id() IS NULL THEN
    RAISE EXCEPTION 'the token names no user' USING ERRCODE = 'insufficient_privilege';
  END IF;
  INSERT INTO public.users (id, email) VALUES (crm.user_id(), claims ->> 'email') ON CONFLICT (id) DO NOTHING;
  INSERT INTO public.workspaces (name) VALUES (create_workspace.name) RETURNING * INTO made;
  INSERT INTO public.workspace_members (workspace_id, user_id, role) VALUES (made.id, crm.user_id(), 'owner');
  RETURN made;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA crm FROM PUBLIC;
REVOKE ALL ON FUNCTION create_workspace FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role, crm_agents;
GRANT USAGE ON SCHEMA crm TO authenticated, service_role, crm_agents;
GRANT EXECUTE ON FUNCTION crm.user_id, crm.workspaces_as, crm.readable, crm.writable, crm.owned TO authenticated;
GRANT EXECUTE ON FUNCTION crm.agent_workspace TO crm_agents;
GRANT EXECUTE ON FUNCTION create_workspace TO authenticated;

-- What holds for every table: row security also for the owner, timestamps, deletion that marks. `anon` gets nothing.
DO $$
DECLARE
  name text;
  own constant text := 'workspace_id = ANY ((SELECT crm.%s())::uuid[]) AND deleted_at IS NULL';
  plain constant text[] := ARRAY['accounts', 'contacts', 'pipelines', 'opportunities', 'opportunity_participants',
    'interactions', 'notes', 'tasks', 'documents', 'properties', 'vehicles', 'specialty_items', 'insurance_policies',
    'insurance_quotes', 'campaigns', 'campaign_participants', 'reengagement_schedule', 'ab_tests'];
  -- Only added to and read.
  records constant text[] := ARRAY['campaign_metrics', 'campaign_transitions'];
BEGIN
  EXECUTE format('GRANT EXECUTE ON FUNCTION crm.trusted TO %I', current_user);
  FOREACH name IN ARRAY plain || records || ARRAY['workspaces', 'users', 'workspace_members', 'insurance_types',
    'ringcentral_tokens']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY owner ON %I TO CURRENT_ROLE USING (crm.trusted()) WITH CHECK (crm.trusted())', name);
    EXECUTE format('CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON %I
      FOR EACH ROW EXECUTE FUNCTION crm.stamp()', name);
    EXECUTE format('CREATE TRIGGER mark_deleted BEFORE DELETE ON %I
      FOR EACH ROW EXECUTE FUNCTION crm.mark_deleted()', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO service_role', name);
  END LOOP;
  FOREACH name IN ARRAY plain || records || ARRAY['workspace_members', 'ringcentral_tokens'] LOOP
    EXECUTE format('CREATE TRIGGER stay_in_workspace BEFORE UPDATE OF workspace_id ON %I
      FOR EACH ROW EXECUTE FUNCTION crm.stay_in_workspace()', name);
  END LOOP;
  FOREACH name IN ARRAY plain || records LOOP
    EXECUTE format('GRANT SELECT, INSERT ON %I TO authenticated', name);
    EXECUTE format('CREATE POLICY members_read ON %I FOR SELECT TO authenticated USING (%s)', name, format(own, 'readable'));
    EXECUTE format('CREATE POLICY members_insert ON %I FOR INSERT TO authenticated WITH CHECK (%s)',
      name, format(own, 'writable'));
    EXECUTE format('GRANT SELECT ON %I TO crm_agents', name);
    EXECUTE format('CREATE POLICY agents_read ON %I FOR SELECT TO crm_agents USING (deleted_at IS NULL AND
      workspace_id = coalesce((SELECT crm.agent_workspace()), workspace_id))', name);
  END LOOP;
  FOREACH name IN ARRAY plain LOOP
    EXECUTE format('GRANT UPDATE, DELETE ON %I TO authenticated', name);
    EXECUTE format('CREATE POLICY members_update ON %I FOR UPDATE TO authenticated USING (%s) WITH CHECK (%s)',
      name, format(own, 'writable'), format(own, 'writable'));
    EXECUTE format('CREATE POLICY members_delete ON %I FOR DELETE TO authenticated USING (%s)',
      name, format(own, 'writable'));
  END LOOP;
  -- What an agent may write. A lead's own rows stay as they are, whatever its text says.
  FOREACH name IN ARRAY ARRAY['interactions', 'notes', 'tasks'] LOOP
    EXECUTE format('GRANT INSERT ON %I TO crm_agents', name);
    EXECUTE format('CREATE POLICY agents_insert ON %I FOR INSERT TO crm_agents WITH CHECK (deleted_at IS NULL AND
      workspace_id = coalesce((SELECT crm.agent_workspace()), workspace_id))', name);
  END LOOP;
END $$;

GRANT UPDATE (title, description, due_at, status) ON tasks TO crm_agents;
CREATE POLICY agents_update ON tasks FOR UPDATE TO crm_agents
  USING (created_by LIKE 'agent:%' AND deleted_at IS NULL
    AND workspace_id = coalesce((SELECT crm.agent_workspace()), workspace_id))
  WITH CHECK (created_by LIKE 'agent:%' AND deleted_at IS NULL);

GRANT SELECT ON insurance_types TO authenticated, crm_agents;
CREATE POLICY all_read ON insurance_types FOR SELECT TO authenticated, crm_agents USING (deleted_at IS NULL);

GRANT SELECT, UPDATE (name), DELETE ON workspaces TO authenticated;
CREATE POLICY members_read ON workspaces FOR SELECT TO authenticated
  USING (id = ANY ((SELECT crm.readable())::uuid[]) AND deleted_at IS NULL);
CREATE POLICY owners_update ON workspaces FOR UPDATE TO authenticated
  USING (id = ANY ((SELECT crm.owned())::uuid[]) AND deleted_at IS NULL) WITH CHECK (deleted_at IS NULL);
CREATE POLICY owners_delete ON workspaces FOR DELETE TO authenticated
  USING (id = ANY ((SELECT crm.owned())::uuid[]) AND deleted_at IS NULL);
GRANT SELECT ON workspaces TO crm_agents;
CREATE POLICY agents_read ON workspaces FOR SELECT TO crm_agents
  USING (deleted_at IS NULL AND id = coalesce((SELECT crm.agent_workspace()), id));

GRANT SELECT, INSERT (id, email, full_name), UPDATE (full_name) ON users TO authenticated;
CREATE POLICY colleagues_read ON users FOR SELECT TO authenticated USING (deleted_at IS NULL AND (
  id = (SELECT crm.user_id()) OR EXISTS (
    SELECT FROM workspace_members AS member
    WHERE member.user_id = users.id AND member.workspace_id = ANY ((SELECT crm.readable())::uuid[])
      AND member.deleted_at IS NULL)));
CREATE POLICY self_insert ON users FOR INSERT TO authenticated WITH CHECK (id = (SELECT crm.user_id())
  AND email = (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'));
CREATE POLICY self_update ON users FOR UPDATE TO authenticated
  USING (id = (SELECT crm.user_id()) AND deleted_at IS NULL);

GRANT SELECT, INSERT (workspace_id, user_id, role), UPDATE (role), DELETE ON workspace_members TO authenticated;
CREATE POLICY members_read ON workspace_members FOR SELECT TO authenticated
  USING (workspace_id = ANY ((SELECT crm.readable())::uuid[]) AND deleted_at IS NULL);
CREATE POLICY owners_insert ON workspace_members FOR INSERT TO authenticated
  WITH CHECK (workspace_id = ANY ((SELECT crm.owned())::uuid[]) AND deleted_at IS NULL);
CREATE POLICY owners_update ON workspace_members FOR UPDATE TO authenticated
  USING (workspace_id = ANY ((SELECT crm.owned())::uuid[]) AND deleted_at IS NULL)
  WITH CHECK (deleted_at IS NULL);
CREATE POLICY owners_delete ON workspace_members FOR DELETE TO authenticated
  USING (workspace_id = ANY ((SELECT crm.owned())::uuid[]) AND deleted_at IS NULL);
