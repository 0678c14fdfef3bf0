import { createServer } from "node:net";
import { setTimeout } from "node:timers/promises";

/** Nothing in the address plan listens here; it only tells two test runs apart. */
const DOOR = { host: "127.0.0.11", port: 2378 };

/** Long enough for a whole file of service tests of another run on a busy machine. */
const PATIENCE_MS = 30 * 60_000;

/**
 * Waits until no other test run uses 127.0.0.11 to 127.0.0.13 with the ports of production, then keeps them for the
 * caller until the returned function is called. The lock is a listening socket and no file: the kernel opens it when
 * its holder ends, however it ends.
 */
export async function holdProductionAddresses(patienceMs = PATIENCE_MS): Promise<() => Promise<void>> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const release = await listenOrNot();
    if (release) return release;
    if (Date.now() > deadline) {
      throw new Error(`another run has held ${DOOR.host}:${DOOR.port} for ${patienceMs / 60_000} minutes`);
    }
    await setTimeout(500);
  }
}

function listenOrNot(): Promise<(() => Promise<void>) | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
    server.listen(DOOR, () => resolve(() => new Promise((released) => server.close(() => released()))));
  });
}
