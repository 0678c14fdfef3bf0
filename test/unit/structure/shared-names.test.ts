import { expect, it } from "vitest";
import { BACKUP_GROUP } from "../../../components/data/postgres/logins";
import { BACKUP_ROLE } from "../../../jobs/postgres/bootstrap/specification";

// The components write pg_hba by this name and the job creates the role; jobs never import components.
it("names the group of the backup logins alike where it is created and where it is let in", () => {
  expect(BACKUP_ROLE).toBe(BACKUP_GROUP);
});
