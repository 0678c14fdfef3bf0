-- Two foreign keys on every reading took two thirds of the time in which a year's 132,000 readings go in: each looked
-- up and locked the gauge and the file of each reading again. These triggers keep the same promise, but look up each
-- gauge and each file once a statement. They take the locks of foreign keys, so they hold beside other writers too.
ALTER TABLE reading DROP CONSTRAINT reading_gauge_fkey, DROP CONSTRAINT reading_file_fkey;

CREATE FUNCTION refuse_stray_readings() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  stray record;
BEGIN
  PERFORM FROM gauge WHERE id IN (SELECT DISTINCT gauge FROM written) ORDER BY id FOR KEY SHARE;
  PERFORM FROM source_file WHERE id IN (SELECT DISTINCT file FROM written) ORDER BY id FOR KEY SHARE;
  SELECT gauge, file INTO stray FROM (SELECT DISTINCT gauge, file FROM written) AS given
  WHERE NOT EXISTS (SELECT FROM gauge WHERE id = given.gauge)
    OR NOT EXISTS (SELECT FROM source_file WHERE id = given.file)
  LIMIT 1;
  IF FOUND THEN
    RAISE foreign_key_violation
      USING MESSAGE = format('a reading names gauge %s and file %s, and one of them does not exist', stray.gauge, stray.file),
        TABLE = 'reading';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER reading_inserted AFTER INSERT ON reading REFERENCING NEW TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_stray_readings();
CREATE TRIGGER reading_updated AFTER UPDATE ON reading REFERENCING NEW TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_stray_readings();

-- They run after the row is gone, when nobody can add a reading to it any more; an error brings the row back. Above READ
-- COMMITTED they would not see a reading that came after the transaction began, and refuse.
CREATE FUNCTION refuse_loss() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  referred boolean;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE feature_not_supported
      USING MESSAGE = format('change a row of %s in a transaction of level READ COMMITTED', TG_TABLE_NAME);
  END IF;
  EXECUTE format('SELECT EXISTS (SELECT FROM reading WHERE %I = $1)', TG_ARGV[0]) INTO referred USING OLD.id;
  IF referred THEN
    RAISE foreign_key_violation
      USING MESSAGE = format('%s %s still has readings', TG_ARGV[0], OLD.id), TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER gauge_deleted AFTER DELETE ON gauge FOR EACH ROW EXECUTE FUNCTION refuse_loss('gauge');
CREATE TRIGGER gauge_renamed AFTER UPDATE OF id ON gauge FOR EACH ROW WHEN (OLD.id <> NEW.id)
  EXECUTE FUNCTION refuse_loss('gauge');
CREATE TRIGGER source_file_deleted AFTER DELETE ON source_file FOR EACH ROW EXECUTE FUNCTION refuse_loss('file');
CREATE TRIGGER source_file_renumbered AFTER UPDATE OF id ON source_file FOR EACH ROW WHEN (OLD.id <> NEW.id)
  EXECUTE FUNCTION refuse_loss('file');

-- TRUNCATE ... CASCADE followed the foreign keys; now the readings must be named.
CREATE FUNCTION refuse_truncation() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT FROM reading) THEN
    RAISE foreign_key_violation
      USING MESSAGE = format('%s still has readings: truncate reading with it', TG_TABLE_NAME), TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER gauge_truncated AFTER TRUNCATE ON gauge EXECUTE FUNCTION refuse_truncation();
CREATE TRIGGER source_file_truncated AFTER TRUNCATE ON source_file EXECUTE FUNCTION refuse_truncation();
