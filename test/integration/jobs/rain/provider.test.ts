import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type Answer,
  daysOfMonths,
  foprWorkbook,
  monthlyPdf,
  type StandInProvider,
  startProvider,
  waterYearSheets,
  waterYearWorkbook,
  xlsx,
} from "../../../../cli/start/samples";
import { monthsOfWaterYear } from "../../../../jobs/rain/calendar";
import { sha256Of } from "../../../../jobs/shared";
import { type ObjectStoreStandIn, startObjectStoreStandIn } from "../../../rigs/minio/object-store";
import { sharedPostgres, type TestDatabase } from "../../../rigs/postgres/postgres";
import { emptyRecord, importEnvironment, rainDatabase, runRain } from "../../../rigs/rain/record";

const YEAR = 2023;
const FILE = "pcp_WY_2023.xlsx";

const gauge = (id: string, inches: number, year = YEAR) => ({
  id,
  days: new Map(daysOfMonths(monthsOfWaterYear(year)).map((day) => [day, inches] as const)),
});

describe("the import of a water year from the provider", () => {
  let database: TestDatabase;
  let provider: StandInProvider;
  let archive: string;
  let environment: Record<string, string>;

  beforeAll(async () => {
    database = await rainDatabase(sharedPostgres());
  });

  afterAll(() => database?.drop());

  beforeEach(async () => {
    [provider] = await Promise.all([startProvider(), emptyRecord(database)]);
    archive = mkdtempSync(join(tmpdir(), "trellis-rain-archive-"));
    environment = { ...importEnvironment(database, provider), RAIN_ARCHIVE: archive };
  });

  afterEach(async () => {
    await provider?.stop();
    rmSync(archive, { recursive: true, force: true });
  });

  const statuses = () => provider.requests.map(({ status }) => status);
  const readings = async () =>
    (await database.query<{ count: string }>("SELECT count(*) FROM reading"))[0]?.count;

  it("imports a published workbook", async () => {
    provider.publish(FILE, waterYearWorkbook(YEAR, [gauge("1000", 0.04)]));
    const { error, messages } = await runRain(["import-year", "2023"], environment);
    expect(error).toBeUndefined();
    expect(messages).toContain(
      `${FILE}: 365 readings, 365 new, 0 corrected, 0 unchanged, 0 known from a better source, 0 problems`,
    );
  });

  it("does not fetch an unchanged file again, and says that nothing changed", async () => {
    provider.publish(FILE, waterYearWorkbook(YEAR, [gauge("1000", 0.04)]));
    await runRain(["import-year", "2023"], environment);
    const { error, messages } = await runRain(["import-year", "2023"], environment);
    expect(error).toBeUndefined();
    expect(statuses()).toEqual([200, 304]);
    expect(messages).toContain(`${FILE} is unchanged since run 1`);
  });

  it("lands and counts the corrections of a changed file", async () => {
    const before = gauge("1000", 0.04);
    const after = {
      ...before,
      days: new Map([...before.days].map(([day, inches], index) => [day, index < 3 ? 0.5 : inches])),
    };
    provider.publish(FILE, waterYearWorkbook(YEAR, [before]), waterYearWorkbook(YEAR, [after]));
    await runRain(["import-year", "2023"], environment);
    const { messages } = await runRain(["import-year", "2023"], environment);
    expect(messages).toContain(
      `${FILE}: 365 readings, 0 new, 3 corrected, 362 unchanged, 0 known from a better source, 0 problems`,
    );
  });

  it.each<[string, Answer]>([
    ["a server error", { status: 500 }],
    ["an overloaded gateway", { status: 503, headers: { "retry-after": "0" } }],
    ["a file that was cut on its way", { body: "x".repeat(100_000), truncated: true }],
    ["a request to come back later", { status: 429, headers: { "retry-after": "1" } }],
  ])("tries again after %s", async (_, trouble) => {
    provider.publish(FILE, trouble, { body: waterYearWorkbook(YEAR, [gauge("1000", 0.04)]) });
    const { error } = await runRain(["import-year", "2023"], environment);
    expect(error).toBeUndefined();
    expect(provider.requests).toHaveLength(2);
    expect(await readings()).toBe("365");
    const [first, second] = provider.requests;
    const waited = (second?.at ?? 0) - (first?.at ?? 0);
    if (trouble.headers?.["retry-after"] === "1") expect(waited).toBeGreaterThan(990);
  });

  it("gives up on a server that keeps failing, and says what it answered", async () => {
    provider.publish(FILE, { status: 500 });
    const { error } = await runRain(["import-year", "2023"], environment);
    expect(error?.message).toMatch(/2023: .*pcp_WY_2023\.xlsx could not be fetched: the server answers 500/);
    expect(provider.requests).toHaveLength(3);
  });

  it("does not wait for ever for a server that never answers", async () => {
    provider.publish(FILE, { silent: true });
    const impatient = { ...environment, RAIN_DOWNLOAD_TIMEOUT_SECONDS: "0.2", RAIN_DOWNLOAD_ATTEMPTS: "2" };
    const { error } = await runRain(["import-year", "2023"], impatient);
    expect(error?.message).toMatch(/it took too long/);
    expect(provider.requests).toHaveLength(2);
  });

  it("does not ask twice where the answer was a refusal", async () => {
    provider.publish(FILE, { status: 403 });
    const { error } = await runRain(["import-year", "2023"], environment);
    expect(error?.message).toMatch(/the server answers 403/);
    expect(provider.requests).toHaveLength(1);
  });

  it("refuses a page of HTML that is served in place of the file, and keeps the record as it was", async () => {
    provider.publish(FILE, { body: "<html>Maintenance</html>", headers: { "content-type": "text/html" } });
    const { error } = await runRain(["import-year", "2023"], environment);
    expect(error?.message).toMatch(
      /pcp_WY_2023\.xlsx is refused: it is a page of HTML or XML, not an Excel workbook/,
    );
    expect(await readings()).toBe("0");
    expect(await database.query("SELECT status FROM import_run")).toEqual([{ status: "refused" }]);
  });

  it("takes the months that are published as PDFs where a year has no workbook", async () => {
    const [october, november] = monthsOfWaterYear(2020);
    if (!october || !november) throw new Error("a water year has months");
    provider.publish("pcp1019.pdf", monthlyPdf(october, [gauge("1000", 0.04, 2020)]));
    provider.publish("pcp1119.pdf", monthlyPdf(november, [gauge("1000", 0.08, 2020)]));
    const accepting = { ...environment, RAIN_MAX_MISSING_MONTHS: "10" };
    const { error } = await runRain(["import-year", "2020"], accepting);
    expect(error).toBeUndefined();
    expect(await readings()).toBe("61");
    expect(provider.requests).toHaveLength(12);
  });

  it("imports the months of a past year that are published, and fails naming those that are not", async () => {
    for (const month of monthsOfWaterYear(2020).filter((each) => each !== "2020-02")) {
      const name = `pcp${month.slice(5)}${month.slice(2, 4)}.pdf`;
      provider.publish(name, monthlyPdf(month, [gauge("1000", 0.04, 2020)]));
    }
    for (const attempt of ["the first", "a repeated"]) {
      const { error } = await runRain(["import-year", "2020"], environment);
      expect(error?.message, attempt).toMatch(
        /2020: the provider has no PDF of 2020-02, .* RAIN_MAX_MISSING_MONTHS=1/,
      );
    }
    expect(await readings()).toBe(String(366 - 29));
  });

  it("refuses a workbook of which more than a hundredth cannot be read, at every attempt", async () => {
    const sheets = waterYearSheets(YEAR, [gauge("1000", 0.04)]);
    const dateless = sheets.map((sheet) => ({
      ...sheet,
      rows: Object.fromEntries(
        Object.entries(sheet.rows).map(([row, [date, ...values]]) =>
          Number(row) > 3 && Number(row) < 35
            ? [row, [date && `day ${date}`, ...values]]
            : [row, [date, ...values]],
        ),
      ),
    }));
    provider.publish(FILE, xlsx(dateless));
    for (const attempt of ["the first", "a repeated"]) {
      const { error } = await runRain(["import-year", "2023"], environment);
      expect(error?.message, attempt).toMatch(
        /is refused: 365 of its 365 values cannot be read, more than 1% .*without a date/,
      );
    }
    expect(await readings()).toBe("0");
  });

  it("refuses a workbook of a past year without one of its months, unless the settings accept it", async () => {
    const sheets = waterYearSheets(YEAR, [gauge("1000", 0.04)]).filter(({ name }) => name !== "FEB");
    provider.publish(FILE, xlsx(sheets));
    const strict = await runRain(["import-year", "2023"], environment);
    expect(strict.error?.message).toMatch(/28 of its 365 values cannot be read.*FEB.*the sheet is missing/);
    const accepting = { ...environment, RAIN_MAX_UNREAD_SHARE: "0.1" };
    expect((await runRain(["import-year", "2023"], accepting)).error).toBeUndefined();
    expect(await readings()).toBe(String(365 - 28));
  });

  it("imports the other months of a year of which one is damaged, and fails naming it", async () => {
    for (const month of monthsOfWaterYear(2020).slice(0, 3)) {
      const name = `pcp${month.slice(5)}${month.slice(2, 4)}.pdf`;
      provider.publish(name, monthlyPdf(month, [gauge("1000", 0.04, 2020)]));
    }
    provider.publish("pcp1119.pdf", { body: "%PDF-1.4 broken" });
    const accepting = { ...environment, RAIN_MAX_MISSING_MONTHS: "9" };
    const { error } = await runRain(["import-year", "2020"], accepting);
    expect(error?.message).toMatch(/2020: pcp1119\.pdf is refused: it cannot be read as a PDF/);
    expect(error?.message).not.toMatch(/no PDF of/);
    expect(await readings()).toBe("62");
  });

  it("calls a past year of which the provider has nothing a failure, and the year to come none", async () => {
    expect((await runRain(["import-year", "2015"], environment)).error?.message).toMatch(
      /the provider has no file of it/,
    );
    expect((await runRain(["import-year", "current"], environment)).error).toBeUndefined();
  });

  it("stops at the first year that fails, or goes on where it is told to", async () => {
    provider.publish("pcp_WY_2022.xlsx", { status: 403 });
    provider.publish(FILE, waterYearWorkbook(YEAR, [gauge("1000", 0.04)]));
    const strict = await runRain(["import-years", "2022", "2023", "--sequential"], environment);
    expect(strict.error?.message).toMatch(
      /water year 2022 is not complete; water year 2023 and later were not begun/,
    );
    expect(await readings()).toBe("0");
    const lenient = await runRain(["import-years", "2022", "2023", "--continue-on-failure"], environment);
    expect(lenient.error?.message).toMatch(/water year 2022 is not complete:/);
    expect(await readings()).toBe("365");
  });

  it("keeps the distance between requests that the settings ask for", async () => {
    await runRain(["import-year", "2015"], { ...environment, RAIN_RATE_LIMIT_SECONDS: "0.05" });
    const times = provider.requests.map(({ at }) => at);
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(gaps).toHaveLength(11);
    expect(Math.min(...gaps)).toBeGreaterThan(35); // 50 ms less what a timer and a socket may take away
  });

  it("stops at once where nobody listens, instead of asking for eleven more files", async () => {
    await provider.stop();
    const { error } = await runRain(["import-year", "2015"], environment);
    expect(error?.message).toMatch(/pcp1014\.pdf could not be fetched/);
    expect(error?.message).not.toMatch(/pcp1114/);
  });

  it("knows a gauge without an official record from one whose record could not be had", async () => {
    provider.publish(
      FILE,
      waterYearWorkbook(YEAR, [gauge("1000", 0.04), gauge("2000", 0), gauge("59700", 0)]),
    );
    provider.publish("FOPR/2000_FOPR.xlsx", { status: 500 });
    provider.publish(
      "FOPR/59700_FOPR.xlsx",
      foprWorkbook(gauge("59700", 0.04), { history: "59700; 4695 prior to 2/20/2018" }),
    );
    await runRain(["import-year", "2023"], environment);

    const { error } = await runRain(["import-fopr"], environment);

    expect(error?.message).toMatch(/1 of 3 official records failed:\n {2}- 2000: .*500/);
    const gauges = () => database.query("SELECT id, fopr_available, city FROM gauge ORDER BY id");
    expect(await gauges()).toEqual([
      { id: "1000", fopr_available: false, city: null },
      { id: "2000", fopr_available: null, city: null },
      { id: "59700", fopr_available: true, city: "Phoenix" },
    ]);
    expect(await database.query("SELECT DISTINCT source FROM reading")).toEqual([{ source: "workbook" }]);

    // Readings come only with --data. They are due for every gauge that has a record, although its description is not.
    provider.publish("FOPR/2000_FOPR.xlsx", foprWorkbook(gauge("2000", 0.08)));
    const asked = provider.requests.length;
    expect((await runRain(["import-fopr", "--data"], environment)).error).toBeUndefined();
    expect(provider.requests.slice(asked).map(({ path }) => path)).toEqual([
      "FOPR/2000_FOPR.xlsx",
      "FOPR/59700_FOPR.xlsx",
    ]);
    expect(
      await database.query("SELECT gauge, count(*) FROM reading WHERE source = 'fopr' GROUP BY 1 ORDER BY 1"),
    ).toEqual([
      { gauge: "2000", count: "365" },
      { gauge: "59700", count: "365" },
    ]);
    const { messages } = await runRain(["import-fopr", "--data"], environment);
    expect(messages.join()).toMatch(/no gauge is due/);
  });

  describe("with a bucket for its files", () => {
    let store: ObjectStoreStandIn;
    let requests: string[];

    beforeEach(async () => {
      store = await startObjectStoreStandIn("rain-files");
      requests = [];
      store.onRequest = (method, path) => void requests.push(`${method} ${path.split("?")[0]}`);
      environment = { ...environment, ...store.environment("RAIN_FILES") };
    });

    afterEach(() => store?.stop());

    const workbook = waterYearWorkbook(YEAR, [gauge("1000", 0.04)]);
    const keyOf = (bytes: Uint8Array, ending = ".xlsx") => {
      const digest = sha256Of(bytes);
      return `${digest.slice(0, 2)}/${digest}${ending}`;
    };
    const loseFolder = () => rmSync(archive, { recursive: true });
    const lists = () => requests.filter((each) => each === "GET /rain-files");
    const puts = () => requests.filter((each) => each.startsWith("PUT"));

    it("keeps each file in both places, puts it once, and lists the bucket once a run", async () => {
      provider.publish(FILE, workbook);
      expect((await runRain(["import-year", "2023"], environment)).error).toBeUndefined();
      expect([...store.objects]).toEqual([[keyOf(workbook), Buffer.from(workbook)]]);
      expect(readFileSync(join(archive, keyOf(workbook)))).toEqual(Buffer.from(workbook));
      expect(lists()).toHaveLength(1);
      expect((await runRain(["import-year", "2023"], environment)).error).toBeUndefined();
      expect(puts()).toHaveLength(1);
      expect(requests.filter((each) => each.includes(keyOf(workbook)))).toEqual(puts()); // read from the folder
    });

    it("keeps a file that it is given", async () => {
      const path = join(archive, FILE);
      writeFileSync(path, workbook);
      const { error } = await runRain(["import-year", "2023", "--file", path], environment);
      expect(error).toBeUndefined();
      expect([...store.objects.keys()]).toEqual([keyOf(workbook)]);
      expect(provider.requests).toEqual([]);
    });

    it("reads a file from the bucket when the folder is lost, and does not fetch it again", async () => {
      provider.publish(FILE, workbook);
      await runRain(["import-year", "2023"], environment);
      loseFolder();
      const again = { ...environment, RAIN_SKIP_UNCHANGED: "false" };
      const { error, messages } = await runRain(["import-year", "2023"], again);
      expect(error).toBeUndefined();
      expect(statuses()).toEqual([200, 304]);
      expect(messages.join()).toMatch(/365 readings, 0 new, 0 corrected, 365 unchanged/);
      expect(readFileSync(join(archive, keyOf(workbook)))).toEqual(Buffer.from(workbook));
    });

    it("needs no folder", async () => {
      const { RAIN_ARCHIVE: _, ...alone } = environment;
      provider.publish(FILE, workbook);
      await runRain(["import-year", "2023"], alone);
      expect((await runRain(["import-year", "2023"], alone)).error).toBeUndefined();
      expect(statuses()).toEqual([200, 304]);
    });

    it.each<[string, (content: Buffer) => Buffer]>([
      ["changed", (content) => Buffer.concat([content.subarray(0, -1), Buffer.from([1])])],
      ["cut", (content) => content.subarray(0, 100)],
    ])("refuses an object that was %s, fetches the file anew and keeps it", async (_, damage) => {
      provider.publish(FILE, workbook);
      await runRain(["import-year", "2023"], environment);
      loseFolder();
      store.objects.set(keyOf(workbook), damage(Buffer.from(workbook)));
      const { error, messages } = await runRain(["import-year", "2023"], environment);
      expect(error).toBeUndefined();
      expect(messages.join()).toMatch(/its object \w{2}\/\w{64}\.xlsx in the bucket rain-files is damaged/);
      expect(statuses()).toEqual([200, 200]);
      expect(store.objects.get(keyOf(workbook))).toEqual(Buffer.from(workbook));
    });

    it("fetches a file anew that somebody deleted from both places", async () => {
      provider.publish(FILE, workbook);
      await runRain(["import-year", "2023"], environment);
      loseFolder();
      store.objects.clear();
      expect((await runRain(["import-year", "2023"], environment)).error).toBeUndefined();
      expect(statuses()).toEqual([200, 200]);
      expect([...store.objects.keys()]).toEqual([keyOf(workbook)]);
    });

    it("copies what the folder has of before, but nothing damaged or unfinished", async () => {
      const before = Object.fromEntries(
        Object.entries(environment).filter(([name]) => !name.startsWith("RAIN_FILES")),
      );
      provider.publish(FILE, workbook);
      await runRain(["import-year", "2023"], before);
      expect(store.objects.size).toBe(0);
      const others = ["first", "second", "third", "fourth"].map((each) => Buffer.from(each));
      for (const each of others) put(keyOf(each, ".pdf"), each);
      put(keyOf(Buffer.from("what it was"), ".pdf"), Buffer.from("what it is"));
      put(`${keyOf(workbook)}.17.part`, Buffer.from("half"));
      put("lost+found/a", Buffer.from("not of the archive"));

      const { error, messages } = await runRain(["import-year", "2023"], environment);

      expect(error).toBeUndefined();
      expect(statuses()).toEqual([200, 304]);
      const whole = [keyOf(workbook), ...others.map((each) => keyOf(each, ".pdf"))].sort();
      expect([...store.objects.keys()].sort()).toEqual(whole);
      expect(messages).toContain("5 files of the archive's folder are copied into its bucket");
      expect(messages.join()).toMatch(/\.pdf in the folder of the archive is damaged and is not copied/);
      expect(puts()).toHaveLength(5);
      await runRain(["import-year", "2023"], environment);
      expect(puts()).toHaveLength(5); // the list of the bucket has two pages here
    });

    it("fails where a file cannot be put, stops, and repairs it in the next run", async () => {
      for (const month of monthsOfWaterYear(2020).slice(0, 3)) {
        const name = `pcp${month.slice(5)}${month.slice(2, 4)}.pdf`;
        provider.publish(name, monthlyPdf(month, [gauge("1000", 0.04, 2020)]));
      }
      const accepting = { ...environment, RAIN_MAX_MISSING_MONTHS: "9" };
      store.onRequest = (method) => {
        if (method === "PUT") store.faults.push("slow-down");
      };
      const { error } = await runRain(["import-year", "2020"], accepting);
      expect(error?.message).toMatch(
        /^pcp1019\.pdf in the archive is not available: the bucket rain-files at http:\S+ is too busy, .*\. Start the import again/,
      );
      expect(provider.requests.length).toBeLessThanOrEqual(2); // one of them ahead
      expect(store.objects.size).toBe(0);

      store.onRequest = () => undefined;
      store.faults.length = 0;
      expect((await runRain(["import-year", "2020"], accepting)).error).toBeUndefined();
      expect(store.objects.size).toBe(3);
      expect(await readings()).toBe("92");
    });

    it("fails before it asks the provider where there is no such bucket", async () => {
      provider.publish(FILE, workbook);
      const elsewhere = { ...environment, RAIN_FILES_BUCKET: "elsewhere" };
      const { error } = await runRain(["import-year", "2023"], elsewhere);
      expect(error?.message).toMatch(
        /^the archive of rain files is not available: the bucket elsewhere at http:\S+ does not exist; create it, .*Start the import again/,
      );
      expect(provider.requests).toEqual([]);
    });

    function put(key: string, content: Buffer): void {
      mkdirSync(join(archive, key, ".."), { recursive: true });
      writeFileSync(join(archive, key), content);
    }
  });
});
