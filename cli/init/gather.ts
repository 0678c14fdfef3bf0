import { createInterface } from "node:readline/promises";
import { UserError } from "../../components/shared/user-error";
import { paletteFor } from "../shared/palette";
import { UsageError } from "../shared/usage-error";
import type { Answers } from "./answers";
import { ASKED, CONTACT, type Question, type Reading } from "./questions";

/** Answers by name, as flags give them. */
export type GivenAnswers = { readonly [Name in keyof Answers]?: string };

/**
 * All answers: from the flags; what they lack from the terminal, or the usual ones where there is none. All that is wrong
 * or missing is reported at once, and nobody is asked before.
 */
export async function gather(given: GivenAnswers, cwd: string): Promise<Answers> {
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const refusals = Object.entries({ ...ASKED, contact: CONTACT }).flatMap(([name, question]) => {
    // Safe: the keys are those of the answers.
    const text = given[name as keyof Answers];
    if (text === undefined && (terminal || question === CONTACT)) return [];
    const reading: Reading<unknown> = question.read(text ?? question.usual?.(cwd) ?? "");
    if ("value" in reading) return [];
    return [`${question.flag}: ${text === undefined ? "missing" : "wrong"}; allowed: ${reading.refused}`];
  });
  if (refusals.length > 0) throw new UsageError(refusals.join("\n       "));

  const conversation = new Conversation(cwd, terminal);
  try {
    const environment = await conversation.answer(ASKED.environment, given.environment);
    const zone = await conversation.answer(ASKED.zone, given.zone);
    const domain = await conversation.answer(ASKED.domain, given.domain);
    const sshKey = await conversation.answer(ASKED.sshKey, given.sshKey);
    const from = await conversation.answer(ASKED.from, given.from);
    const images = await conversation.answer(ASKED.images, given.images);
    const address = given.contact ?? CONTACT.usual?.(cwd) ?? `ops@${domain}`;
    const contact = CONTACT.read(address);
    return {
      environment,
      zone,
      domain,
      sshKey,
      from,
      images,
      contact: "value" in contact ? contact.value : `ops@${domain}`,
    };
  } finally {
    conversation.end();
  }
}

/** Questions and answers, one after the other. */
class Conversation {
  readonly #cwd: string;
  readonly #terminal: ReturnType<typeof createInterface> | undefined;
  readonly #ended = new AbortController();

  constructor(cwd: string, terminal: boolean) {
    this.#cwd = cwd;
    if (!terminal) return;
    this.#terminal = createInterface({ input: process.stdin, output: process.stdout });
    this.#terminal.on("close", () => this.#ended.abort()).on("SIGINT", () => this.#terminal?.close());
  }

  /** The given answer, or the one from the terminal, or the usual one. */
  async answer<Value>({ text, usual, read }: Question<Value>, given?: string): Promise<Value> {
    const { bold, dim, error } = paletteFor(process.stdout);
    const offered = given === undefined ? usual?.(this.#cwd) : undefined;
    let reading = read(given ?? offered ?? "");
    if (this.#terminal && given === undefined) {
      const { question, remark } = text;
      process.stdout.write(`${bold(question)}${remark === undefined ? "" : `\n${dim(remark)}`}\n`);
      do {
        const typed = await this.#ask(offered === undefined ? "> " : `[${offered}] > `);
        reading = read(typed.trim() || (offered ?? ""));
        if ("refused" in reading) process.stdout.write(`${error("no")}  allowed: ${reading.refused}\n`);
      } while ("refused" in reading);
    }
    if ("refused" in reading) throw new Error(`an answer was not checked: ${reading.refused}`);
    return reading.value;
  }

  async #ask(prompt: string): Promise<string> {
    try {
      const { signal } = this.#ended;
      return (await this.#terminal?.question(prompt, { signal })) ?? "";
    } catch (error) {
      if (!this.#ended.signal.aborted) throw error;
      throw new UserError("nothing was written: the questions were not answered", { cause: error });
    }
  }

  end(): void {
    this.#terminal?.close();
  }
}
