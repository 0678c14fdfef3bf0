-- Where a reading comes from, from the least to the most trusted: the PDF rounds, the workbook does not, the official
-- record was reviewed.
CREATE TYPE source AS ENUM ('pdf', 'workbook', 'fopr');

-- How far a value can be believed; the last two say why there is none.
CREATE TYPE quality AS ENUM ('good', 'estimated', 'incomplete', 'suspect', 'missing', 'not-reported');

CREATE TABLE gauge (
  id text PRIMARY KEY CHECK (id ~ '^\d{3,6}$'),
  name text,
  -- The name of the newest and most trusted file stays, in whatever order files arrive.
  name_source source,
  name_year smallint,
  type text NOT NULL DEFAULT 'Rain',
  city text,
  county text,
  location text,
  latitude numeric(9, 6),
  longitude numeric(9, 6),
  elevation_ft integer,
  data_begins date,
  average_annual_inches numeric(9, 5),
  complete_years integer,
  -- Numbers, or the words that the provider put in their place.
  incomplete_months text,
  missing_months text,
  remarks text,
  statistics jsonb NOT NULL DEFAULT '{}',
  -- Whether the provider has an official record: unknown until asked, false only after its own "not found".
  fopr_available boolean,
  fopr_checked_at timestamptz,
  fopr_imported_at timestamptz,
  fopr_updated date,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Former and alternative numbers. Readings under an alias belong to the gauge until (and without) the day.
CREATE TABLE gauge_alias (
  alias text PRIMARY KEY,
  gauge text NOT NULL CHECK (gauge <> alias),
  until date NOT NULL DEFAULT 'infinity',
  reason text NOT NULL
);

INSERT INTO gauge_alias (alias, gauge, reason) VALUES
  ('50258', '25800', 'third numbering (50000 + number / 100), heads the column in October 2022'),
  ('50365', '36500', 'third numbering (50000 + number / 100), in a note of November 2019');

CREATE TABLE source_file (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  digest text NOT NULL UNIQUE CHECK (digest ~ '^[0-9a-f]{64}$'),
  source source NOT NULL,
  name text NOT NULL,
  bytes integer NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT now()
);

-- One row a gauge and day: the best that any file says. A measured zero is 0, a missing value is null.
CREATE TABLE reading (
  gauge text NOT NULL REFERENCES gauge ON DELETE RESTRICT,
  day date NOT NULL,
  inches numeric(9, 5) CHECK (inches >= 0),
  quality quality NOT NULL,
  footnote text,
  source source NOT NULL,
  source_rank smallint NOT NULL
    GENERATED ALWAYS AS (CASE source WHEN 'pdf' THEN 10 WHEN 'workbook' THEN 20 WHEN 'fopr' THEN 30 END) STORED,
  -- The number under which the file knows the gauge.
  reported_as text NOT NULL,
  file integer NOT NULL REFERENCES source_file,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (gauge, day),
  CHECK ((inches IS NULL) = (quality IN ('missing', 'not-reported')))
);

CREATE TABLE month_summary (
  gauge text NOT NULL REFERENCES gauge ON DELETE CASCADE,
  month date NOT NULL CHECK (extract(day FROM month) = 1),
  total_inches numeric(10, 5) NOT NULL,
  rain_days integer NOT NULL,
  dry_days integer NOT NULL,
  missing_days integer NOT NULL,
  greatest_inches numeric(9, 5),
  first_day date NOT NULL,
  last_day date NOT NULL,
  PRIMARY KEY (gauge, month)
);

CREATE TABLE water_year_summary (
  gauge text NOT NULL REFERENCES gauge ON DELETE CASCADE,
  water_year integer NOT NULL,
  total_inches numeric(10, 5) NOT NULL,
  rain_days integer NOT NULL,
  dry_days integer NOT NULL,
  missing_days integer NOT NULL,
  greatest_inches numeric(9, 5),
  first_day date NOT NULL,
  last_day date NOT NULL,
  PRIMARY KEY (gauge, water_year)
);

-- What the gauges report as it happens: instants, not days, and never mixed with the daily record.
CREATE TABLE live_reading (
  gauge text NOT NULL REFERENCES gauge ON DELETE RESTRICT,
  at timestamptz NOT NULL,
  cumulative_inches numeric(9, 5) NOT NULL,
  incremental_inches numeric(9, 5) NOT NULL,
  PRIMARY KEY (gauge, at)
);

CREATE TABLE outage (
  gauge text NOT NULL REFERENCES gauge ON DELETE CASCADE,
  from_day date NOT NULL,
  to_day date NOT NULL,
  days_down numeric(8, 3),
  cause text NOT NULL,
  notes text NOT NULL,
  quality quality
);

CREATE INDEX outage_gauge ON outage (gauge);

-- Sums that the files themselves state, to check the record against.
CREATE TABLE stated_total (
  file integer NOT NULL REFERENCES source_file ON DELETE CASCADE,
  reported_as text NOT NULL,
  from_day date NOT NULL,
  to_day date NOT NULL,
  inches numeric(10, 5) NOT NULL,
  PRIMARY KEY (file, reported_as, from_day)
);

CREATE TABLE import_run (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- What was imported: workbook:2023, pdf:2019-11, fopr:59700.
  subject text NOT NULL,
  source source NOT NULL,
  file integer NOT NULL REFERENCES source_file,
  parser_version integer NOT NULL,
  status text NOT NULL CHECK (status IN ('running', 'completed', 'failed', 'refused', 'superseded')),
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  times_resumed integer NOT NULL DEFAULT 0,
  readings integer NOT NULL DEFAULT 0,
  inserted integer NOT NULL DEFAULT 0,
  corrected integer NOT NULL DEFAULT 0,
  unchanged integer NOT NULL DEFAULT 0,
  outranked integer NOT NULL DEFAULT 0,
  problems integer NOT NULL DEFAULT 0,
  error text
);

CREATE INDEX import_run_subject ON import_run (subject, id);

-- How far a run has come: one row a gauge and month, written in the transaction that wrote its readings.
CREATE TABLE import_unit (
  run integer NOT NULL REFERENCES import_run ON DELETE CASCADE,
  gauge text NOT NULL,
  month date NOT NULL,
  status text NOT NULL CHECK (status IN ('done', 'failed')),
  readings integer NOT NULL,
  inserted integer NOT NULL,
  corrected integer NOT NULL,
  unchanged integer NOT NULL,
  outranked integer NOT NULL,
  error text,
  finished_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (run, gauge, month)
);

CREATE TABLE import_problem (
  run integer NOT NULL REFERENCES import_run ON DELETE CASCADE,
  place text NOT NULL,
  found text NOT NULL,
  reason text NOT NULL
);

CREATE INDEX import_problem_run ON import_problem (run);

-- What the provider answered last, so that an unchanged file is not fetched again.
CREATE TABLE download (
  address text PRIMARY KEY,
  status integer NOT NULL,
  digest text,
  etag text,
  last_modified text,
  checked_at timestamptz NOT NULL DEFAULT now()
);
