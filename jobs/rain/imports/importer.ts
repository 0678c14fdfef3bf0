import {
  type Context,
  type Database,
  type DatabaseAddress,
  JobError,
  sha256Of,
  withDatabase,
} from "../../shared";
import { IsolatedParser } from "../formats";
import {
  Archive,
  type ArchivePlaces,
  DownloadMemory,
  type PathPatterns,
  Provider,
  type ProviderSettings,
} from "../provider";
import { type Expectation, RefusedFile } from "../reading";
import { migrateRain } from "../store";
import { type Imported, type ImportSettings, importFile } from "./import-file";

interface ImporterConfig extends ImportSettings, ProviderSettings, PathPatterns, ArchivePlaces {
  readonly database: DatabaseAddress;
  readonly workbookStartYear: number;
  /** Monthly PDFs that a past water year may lack. */
  readonly maxMissingMonths: number;
  readonly pdfStartYear: number;
  readonly parseTimeoutSeconds: number;
  readonly parseMemoryMib: number;
}

/** What the import verbs need: the provider, a parser, the archive and the record. */
export class Importer {
  readonly provider: Provider;
  readonly parser: IsolatedParser;

  private constructor(
    readonly config: ImporterConfig,
    readonly context: Context,
    private readonly archive: Archive | undefined,
  ) {
    this.provider = new Provider(config, new DownloadMemory(config.database), archive, context);
    this.parser = new IsolatedParser({
      seconds: config.parseTimeoutSeconds,
      memoryMiB: config.parseMemoryMib,
    });
  }

  /** Opens the archive, migrates the schema, does the work, and always ends the parser's thread. */
  static async with<T>(
    config: ImporterConfig,
    context: Context,
    work: (importer: Importer) => Promise<T>,
  ): Promise<T> {
    const archive = await Archive.open(config, context);
    const importer = new Importer(config, context, archive);
    try {
      await importer.withDatabase(migrateRain);
      return await work(importer);
    } finally {
      await importer.parser.close();
      archive?.close();
    }
  }

  withDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
    const purpose = { purpose: "the rain database", applicationName: "rain import" };
    return withDatabase(this.config.database, purpose, work);
  }

  /** Imports a file that is already present, and logs the result. A refusal is an error that names the file. */
  async importFile(name: string, bytes: Uint8Array, expected: Expectation): Promise<Imported> {
    try {
      const imported = await importFile(bytes, name, expected, this.config, this.parser, this.context);
      this.tell(name, imported);
      return imported;
    } catch (error) {
      if (error instanceof RefusedFile)
        throw new JobError(`${name} is refused: ${error.message}`, 1, { cause: error });
      throw error;
    }
  }

  /** Archives a file that did not come from the provider. */
  async keep(name: string, bytes: Uint8Array): Promise<void> {
    await this.archive?.keep(name, sha256Of(bytes), bytes);
  }

  private tell(name: string, imported: Imported): void {
    if (imported.kind === "unchanged") return;
    const { subject, counts, problems, resumed } = imported;
    const { readings, inserted, corrected, unchanged, outranked } = counts;
    const text =
      `${name}: ${readings} readings, ${inserted} new, ${corrected} corrected, ${unchanged} unchanged, ` +
      `${outranked} known from a better source, ${problems} problems`;
    this.context.log[problems > 0 ? "warn" : "info"]({ subject, ...counts, problems, resumed }, text);
  }
}
