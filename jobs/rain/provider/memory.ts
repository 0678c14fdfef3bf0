import { type DatabaseAddress, withDatabase } from "../../shared";

/** The provider's last answer for an address. */
export interface Remembered {
  readonly digest: string;
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** Stores the provider's answers in the rain database. Sessions are short, because downloads may be hours apart. */
export class DownloadMemory {
  constructor(private readonly database: DatabaseAddress) {}

  recall(address: string): Promise<Remembered | undefined> {
    return this.with(async (database) => {
      const { rows } = await database.query<Remembered>(
        `SELECT digest, etag, last_modified AS "lastModified" FROM download WHERE address = $1 AND digest IS NOT NULL`,
        [address],
      );
      return rows[0];
    });
  }

  async remember(address: string, status: number, file?: Remembered): Promise<void> {
    await this.with((database) =>
      database.query(
        `INSERT INTO download (address, status, digest, etag, last_modified) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (address) DO UPDATE SET status = excluded.status, checked_at = now(),
           digest = coalesce(excluded.digest, download.digest),
           etag = CASE WHEN excluded.digest IS NULL THEN download.etag ELSE excluded.etag END,
           last_modified = CASE WHEN excluded.digest IS NULL THEN download.last_modified ELSE excluded.last_modified END`,
        [address, status, file?.digest, file?.etag, file?.lastModified],
      ),
    );
  }

  private with<T>(work: Parameters<typeof withDatabase<T>>[2]): Promise<T> {
    return withDatabase(
      this.database,
      { purpose: "the rain database", applicationName: "rain downloads" },
      work,
    );
  }
}
