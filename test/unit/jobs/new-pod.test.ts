import { once } from "node:events";
import { connect, createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { onceLetIn } from "../../../jobs/shared";
import { freePort } from "../../rigs/postgres/postgres";

describe("a pod that its servers do not know yet", () => {
  let port = 0;
  let refused = 0;

  beforeEach(async () => {
    port = await freePort();
    refused = 0;
    vi.stubEnv("KUBERNETES_SERVICE_HOST", "10.43.0.1");
    aged(1);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  it("asks until it is let in", async () => {
    const server = createServer((socket) => socket.end("welcome"));
    const reached = onceLetIn(async () => {
      if (refused === 3 && !server.listening) await once(server.listen(port, "127.0.0.1"), "listening");
      return reach();
    });

    expect(await reached.finally(() => server.close())).toBe("welcome");
    expect(refused).toBe(3);
  });

  it("says what refuses it once it is not new any more", async () => {
    const reached = onceLetIn(async () => {
      if (refused === 2) aged(61);
      return reach();
    });

    await expect(reached).rejects.toThrow("the server cannot be reached");
    expect(refused).toBe(3);
  });

  it("asks once where the error is another one, or where it is no pod", async () => {
    await expect(onceLetIn(() => Promise.reject(new Error("the password is wrong")))).rejects.toThrow(
      "wrong",
    );
    vi.stubEnv("KUBERNETES_SERVICE_HOST", undefined);
    await expect(onceLetIn(reach)).rejects.toThrow("the server cannot be reached");
    expect(refused).toBe(1);
  });

  it("stops asking when it is stopped", async () => {
    const stopped = onceLetIn(() => {
      if (refused === 1) setImmediate(() => controller.abort());
      return reach();
    }, controller.signal);

    await expect(stopped).rejects.toThrow(/aborted/);
  });

  const controller = new AbortController();
  const aged = (seconds: number) => vi.spyOn(process, "uptime").mockReturnValue(seconds);

  async function reach(): Promise<string> {
    const socket = connect(port, "127.0.0.1");
    try {
      const [greeting] = (await once(socket, "data")) as [Buffer];
      return greeting.toString();
    } catch (error) {
      refused++;
      throw new Error("the server cannot be reached", { cause: error });
    }
  }
});
