import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { program } from "../programs";
import { eventually } from "../waiting";

export const BROWSER_PROGRAMS = ["chromium"];

/** What Chromium answers over its pipe, as far as it is read here. */
interface Message {
  readonly id?: number;
  readonly sessionId?: string;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

const PATIENCE_MS = 300_000;

/** A name of the world, and the port of this machine at which the browser finds it. */
interface BrowsedServer {
  readonly host: string;
  readonly port: number;
}

/** A real browser with one page, without a screen; it ends with `stop`, or with this process. */
export class Browser {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #sent = 0;
  #session = "";

  private constructor(server?: BrowsedServer) {
    this.#profile = mkdtempSync(join(tmpdir(), "trellis-browser-"));
    // Debian's start script asks for the limits of this machine; the browser itself is beside it.
    this.#child = spawn(
      program("setpriv"),
      [
        ...["--pdeathsig", "KILL", "--", program("chromium"), "--headless=new"],
        "--no-sandbox", // tests run as root
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--remote-debugging-pipe",
        `--user-data-dir=${this.#profile}`,
        "--window-size=1400,900",
        ...(server
          ? [
              `--host-resolver-rules=MAP ${server.host} 127.0.0.1:${server.port}`,
              "--ignore-certificate-errors",
            ]
          : []),
        "about:blank",
      ],
      {
        stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
        env: { ...process.env, HOME: this.#profile, TMPDIR: this.#profile },
      },
    );
    let rest = "";
    this.#replies.setEncoding("utf8").on("data", (text: string) => {
      const parts = (rest + text).split("\0");
      rest = parts.pop() ?? "";
      for (const part of parts) this.#receive(JSON.parse(part));
    });
  }

  static async start(server?: BrowsedServer): Promise<Browser> {
    const browser = new Browser(server);
    try {
      const { targetInfos } = await browser.#send<{ targetInfos: { type: string; targetId: string }[] }>(
        "Target.getTargets",
      );
      const page = targetInfos.find(({ type }) => type === "page");
      const { sessionId } = await browser.#send<{ sessionId: string }>("Target.attachToTarget", {
        targetId: page?.targetId,
        flatten: true,
      });
      browser.#session = sessionId;
      await browser.#send("Page.enable");
      return browser;
    } catch (error) {
      await browser.stop();
      throw error;
    }
  }

  /** Goes to a page, and waits until it shows a text. */
  async open(url: string, text: string): Promise<void> {
    await this.#send("Page.navigate", { url });
    await this.shows(text);
  }

  /** Waits until the page shows a text. */
  async shows(text: string): Promise<void> {
    let seen = "";
    await eventually(`the page shows "${text}"`, PATIENCE_MS, async () => {
      seen = await this.text();
      return seen.includes(text);
    }).catch((error: Error) => {
      throw new Error(`${error.message}; it shows: ${seen.slice(0, 500)}`, { cause: error });
    });
  }

  /** What can be read on the page. */
  text(): Promise<string> {
    return this.evaluate<string>("document.body ? document.body.innerText : ''");
  }

  /** The value of an expression in the page. The caller says of which type it is. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#send<{
      result: { value: T };
      exceptionDetails?: { text: string };
    }>("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(`in the page: ${exceptionDetails.text} in ${expression}`);
    return result.value;
  }

  /** Types into a field. */
  async fill(selector: string, text: string): Promise<void> {
    await this.evaluate(`document.querySelector(${JSON.stringify(selector)}).focus()`);
    await this.#send("Input.insertText", { text });
  }

  /** Presses one key, as on a keyboard. */
  async key(key: "Tab" | "Enter"): Promise<void> {
    const code = { Tab: 9, Enter: 13 }[key];
    const event = { key, code: key, windowsVirtualKeyCode: code, ...(key === "Enter" && { text: "\r" }) };
    await this.#send("Input.dispatchKeyEvent", { ...event, type: "keyDown" });
    await this.#send("Input.dispatchKeyEvent", { ...event, type: "keyUp" });
  }

  /** Shows pages as on a screen of this width that prefers these colours. */
  async screen(width: number, colours: "light" | "dark"): Promise<void> {
    const size = { width, height: 900, deviceScaleFactor: 1, mobile: width < 600 };
    await this.#send("Emulation.setDeviceMetricsOverride", size);
    const features = [{ name: "prefers-color-scheme", value: colours }];
    await this.#send("Emulation.setEmulatedMedia", { features });
  }

  async press(selector: string): Promise<void> {
    await this.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`);
  }

  /** Writes a picture of what is seen, or of the whole page. */
  async picture(file: string, { whole = false } = {}): Promise<void> {
    const { data } = await this.#send<{ data: string }>("Page.captureScreenshot", {
      format: "png",
      captureBeyondViewport: whole,
      ...(whole && {
        clip: await this.evaluate(
          "({ x: 0, y: 0, width: document.body.scrollWidth, height: document.body.scrollHeight, scale: 1 })",
        ),
      }),
    });
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Buffer.from(data, "base64"));
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, "exit");
      this.#child.kill("SIGKILL");
      await ended;
    }
    // Its own processes end a moment after it, and write until then.
    await eventually("the browser's profile is gone", PATIENCE_MS, () => {
      rmSync(this.#profile, { recursive: true, force: true });
      return true;
    });
  }

  #send<T>(method: string, params: object = {}): Promise<T> {
    const id = ++this.#sent;
    return new Promise<T>((resolve, reject) => {
      const tooLate = setTimeout(
        () => reject(new Error(`the browser does not answer ${method}`)),
        PATIENCE_MS,
      );
      this.#waiting.set(id, ({ error, result }) => {
        clearTimeout(tooLate);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result as T); // the caller knows the protocol
      });
      const session = this.#session ? { sessionId: this.#session } : {};
      this.#requests.write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    });
  }

  #receive(message: Message): void {
    if (message.id === undefined) return;
    this.#waiting.get(message.id)?.(message);
    this.#waiting.delete(message.id);
  }

  /** Safe: the third and fourth stream are made as pipes above. */
  get #requests(): Writable {
    return this.#child.stdio[3] as Writable;
  }

  get #replies(): Readable {
    return this.#child.stdio[4] as Readable;
  }
}
