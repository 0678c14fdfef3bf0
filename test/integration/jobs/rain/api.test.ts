import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import {
  daysOfMonths,
  foprWorkbook,
  type StandInProvider,
  startProvider,
} from "../../../../cli/start/samples";
import { type Day, monthsOfWaterYear } from "../../../../jobs/rain/calendar";
import { apiRoutes, openApiDocument } from "../../../../jobs/rain/http";
import { freePort, sharedPostgres, type TestDatabase } from "../../../rigs/postgres/postgres";
import { importEnvironment, rainDatabase, runRain } from "../../../rigs/rain/record";

describe("the rain API", () => {
  let database: TestDatabase;
  let provider: StandInProvider;
  let base: string;
  let server: ReturnType<typeof runRain>;
  const stop = new AbortController();

  beforeAll(async () => {
    [database, provider] = await Promise.all([rainDatabase(sharedPostgres()), startProvider()]);
    const days = new Map<Day, number | null>(daysOfMonths(monthsOfWaterYear(2023)).map((day) => [day, 0]));
    days.set("2022-10-15" as Day, 0.55118);
    days.set("2023-03-01" as Day, 0.25);
    days.set("2023-03-02" as Day, null);
    provider.publish(
      "FOPR/59700_FOPR.xlsx",
      foprWorkbook({ id: "59700", name: "Aztec Park", days }, { history: "59700; 4695 prior to 2/20/2018" }),
    );
    const environment = importEnvironment(database, provider);
    await runRain(["import-fopr", "--gauge", "59700", "--data"], environment);
    await runRain(["import-fopr", "--gauge", "1000"], environment);
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    server = runRain(
      ["serve-api"],
      {
        ...environment,
        RAIN_HOST: "127.0.0.1",
        RAIN_PORT: String(port),
        RAIN_CORS_ORIGINS: "https://app.example.com",
      },
      stop.signal,
    );
    await vi.waitFor(async () => expect((await fetch(`${base}/api/v1/health`)).status).toBe(200), {
      timeout: 20_000,
    });
  });

  afterAll(async () => {
    stop.abort();
    expect((await server)?.error).toBeUndefined();
    await provider?.stop();
    await database?.drop();
  });

  const get = async (path: string) => {
    const response = await fetch(`${base}${path}`);
    return { status: response.status, body: JSON.parse(await response.text()) };
  };

  it("answers a water year with its sums and days, zero and missing apart", async () => {
    const { status, body } = await get("/api/v1/readings/59700/water-year/2023");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      gauge: "59700",
      total_inches: 0.80118,
      rain_days: 2,
      dry_days: 362,
      missing_days: 1,
    });
    expect(body.readings).toHaveLength(365);
    expect(body.readings[14]).toMatchObject({
      day: "2022-10-15",
      inches: 0.55118,
      quality: "good",
      source: "fopr",
    });
    expect(body.readings.find(({ day }: { day: string }) => day === "2023-03-02")).toMatchObject({
      inches: null,
      quality: "missing",
    });
  });

  it("answers a calendar year with twelve months and the sum so far", async () => {
    const { body } = await get("/api/v1/readings/59700/calendar-year/2023");
    expect(body.months).toHaveLength(12);
    expect(body.months[2]).toMatchObject({
      month: "2023-03",
      total_inches: 0.25,
      year_to_date_inches: 0.25,
      missing_days: 1,
    });
    expect(body.months[11]).toMatchObject({ month: "2023-12", total_inches: 0, year_to_date_inches: 0.25 });
    expect(body.total_inches).toBe(0.25);
  });

  it("finds a gauge by a number that it had before", async () => {
    const { body } = await get("/api/v1/gauges/4695");
    expect(body).toMatchObject({
      id: "59700",
      name: "Aztec Park",
      former_ids: ["4695"],
      official_record: true,
    });
  });

  it("answers zeros for the year of an unknown gauge, and 404 where a gauge itself is asked for", async () => {
    expect(await get("/api/v1/readings/99999/water-year/2023")).toMatchObject({
      status: 200,
      body: { total_inches: 0, readings: [] },
    });
    expect((await get("/api/v1/gauges/99999")).status).toBe(404);
    expect((await get("/api/v1/readings/1000/latest")).status).toBe(404);
  });

  it("prefers the newest of daily and live values", async () => {
    expect((await get("/api/v1/readings/59700/latest")).body).toMatchObject({
      day: "2023-09-30",
      at: null,
      source: "fopr",
    });
    await database.query("INSERT INTO live_reading VALUES ('59700', '2023-10-02T06:30:00Z', 1, 0.04)");
    expect((await get("/api/v1/readings/59700/latest")).body).toMatchObject({
      day: "2023-10-01",
      at: "2023-10-02T06:30:00Z",
      inches: 0.04,
      source: "live",
    });
  });

  it("pages through the gauges, known cities first", async () => {
    const { body } = await get("/api/v1/gauges?page=1&page_size=1");
    expect(body).toMatchObject({ page: 1, page_size: 1, total: 2, gauges: [{ id: "59700" }] });
    expect((await get("/api/v1/gauges?page=2&page_size=1")).body.gauges).toMatchObject([{ id: "1000" }]);
  });

  it("refuses values that are not allowed, naming each", async () => {
    expect(await get("/api/v1/gauges?page=0&page_size=101")).toEqual({
      status: 400,
      body: { error: "page: a whole number from 1 to 100000; page_size: a whole number from 1 to 100" },
    });
    expect((await get("/api/v1/readings/x'--/water-year/2023")).status).toBe(400);
    expect((await fetch(`${base}/api/v1/gauges`, { method: "DELETE" })).status).toBe(405);
    expect((await get("/api/v2")).status).toBe(404);
  });

  it("can be read by the pages of the listed origins, and of no others", async () => {
    const allowed = async (origin: string) => {
      const { headers } = await fetch(`${base}/api/v1/gauges`, { headers: { origin } });
      return [headers.get("access-control-allow-origin"), headers.get("vary")];
    };
    expect(await allowed("https://app.example.com")).toEqual(["https://app.example.com", "Origin"]);
    expect(await allowed("https://elsewhere.example.com")).toEqual([null, "Origin"]);
  });

  it("describes the bounds that it keeps", async () => {
    const { body } = await get("/api-docs/openapi.json");
    const parameters = body.paths["/api/v1/gauges"].get.parameters;
    expect(parameters).toMatchObject([
      {
        name: "page",
        schema: { type: "integer", minimum: 1, maximum: 100_000, description: "1 where none is given" },
      },
      {
        name: "page_size",
        schema: { type: "integer", minimum: 1, maximum: 100, description: "50 where none is given" },
      },
    ]);
    for (const { name, schema } of parameters) {
      expect((await get(`/api/v1/gauges?${name}=${schema.maximum}`)).status).toBe(200);
      expect((await get(`/api/v1/gauges?${name}=${schema.maximum + 1}`)).status).toBe(400);
    }
  });

  it("answers exactly what its description says", async () => {
    const { body } = await get("/api-docs/openapi.json");
    expect(body).toEqual(JSON.parse(JSON.stringify(openApiDocument(apiRoutes, "1.0.0"))));
    const examples: Record<string, string> = { id: "59700", year: "2023" };
    for (const route of apiRoutes) {
      const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => examples[name] ?? "");
      const answer = await get(path);
      expect(answer.status).toBe(200);
      expect(() => z.strictObject((route.answer as z.ZodObject).shape).parse(answer.body)).not.toThrow();
    }
    expect(await (await fetch(`${base}/docs`)).text()).toContain("/api/v1/gauges/{id}");
  });

  it("cannot write, whatever it is made to run", async () => {
    const { ReadingSessions } = await import("../../../../jobs/rain/http");
    const { addressOf } = await import("../../../rigs/rain/record");
    const sessions = new ReadingSessions({
      address: addressOf(database),
      sessions: 1,
      waiting: 1,
      statementSeconds: 5,
    });
    await expect(sessions.use((session) => session.query("DELETE FROM reading"))).rejects.toThrow(
      /read-only/,
    );
    await sessions.close();
  });
});
