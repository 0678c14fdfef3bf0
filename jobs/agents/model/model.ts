import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  handleWhen,
  retry,
  TimeoutStrategy,
  timeout,
  wrap,
} from "cockatiel";
import OpenAI from "openai";
import { z } from "zod";
import { BudgetSpent, CallRefused, ModelUnavailable, RateSpent, TaskStopped } from "./errors";

export interface ModelSettings {
  readonly url: string;
  readonly model: string;
  readonly key: string;
  /** The longest time for one request. */
  readonly callSeconds: number;
  /** Requests in all for one answer, the first included. */
  readonly attempts: number;
  /** Requests at once from this process; further ones wait. */
  readonly concurrency: number;
  /** The most tokens of one answer. */
  readonly answerTokens: number;
  /** Cents for a million tokens. */
  readonly price: { readonly input: number; readonly output: number };
}

export type Message = OpenAI.Chat.Completions.ChatCompletionMessageParam;
export type ToolDefinition = OpenAI.Chat.Completions.ChatCompletionFunctionTool;

export interface Question {
  readonly messages: readonly Message[];
  readonly tools: readonly ToolDefinition[];
  /** JSON schema of the answer. */
  readonly schema: Readonly<Record<string, unknown>>;
}

export interface ModelAnswer {
  readonly content: string;
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly json: string }[];
}

export interface Usage {
  readonly tokens: number;
  /** In millionths of a cent. */
  readonly cost: number;
}

/** What a request may use at most, and what it used; `unknown` when it may have been billed. */
export interface Meter {
  reserve(most: Usage): Promise<Settle>;
}

/** Resolves when it is recorded. If that fails, the whole reservation stays counted. */
export type Settle = (used: Usage | "unknown" | "free") => Promise<void>;

const completion = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({
          content: z.string().nullish(),
          tool_calls: z
            .array(
              z.object({ id: z.string(), function: z.object({ name: z.string(), arguments: z.string() }) }),
            )
            .nullish(),
        }),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: z.int().min(0), completion_tokens: z.int().min(0) }).nullish(),
});

/** The longest time that a server may ask us to wait within a task; the queue waits for longer ones. */
const LONGEST_WAIT_MS = 20_000;

/** Tokens that a chat template adds beyond the text of the request. */
const TEMPLATE_TOKENS = 256;

/**
 * An OpenAI-compatible API behind a retry, a circuit breaker, a bulkhead and a timeout. Each request reserves the most
 * that it can use before it leaves, and is settled when its answer is there.
 */
export class Model {
  readonly name: string;
  /** Requests by how they ended, since the process began. */
  readonly outcomes = new Map<string, number>();
  private readonly client: OpenAI;
  private readonly breaker;
  private readonly policy;

  constructor(private readonly settings: ModelSettings) {
    this.name = settings.model;
    this.client = new OpenAI({
      apiKey: settings.key,
      baseURL: settings.url,
      maxRetries: 0, // each request needs a reservation of its own
      timeout: settings.callSeconds * 1000,
      logLevel: "off", // the client's log contains prompts
    });
    this.breaker = circuitBreaker(
      handleWhen((error) => error instanceof ModelUnavailable && !error.asked),
      { halfOpenAfter: 5_000, breaker: new ConsecutiveBreaker(8) },
    );
    const retries = retry(
      handleWhen((error) => error instanceof ModelUnavailable || error instanceof RateSpent),
      {
        maxAttempts: settings.attempts - 1,
        backoff: new DelegateBackoff(({ attempt, result }) => {
          const ceiling = Math.min(LONGEST_WAIT_MS, 250 * 2 ** attempt);
          const error = "error" in result ? result.error : undefined;
          const asked =
            error instanceof ModelUnavailable || error instanceof RateSpent ? error.waitMs : undefined;
          return Math.min(LONGEST_WAIT_MS, (asked ?? 0) + Math.random() * ceiling);
        }),
      },
    );
    this.policy = wrap(
      retries,
      this.breaker,
      bulkhead(settings.concurrency, 1_000),
      // Cooperative: the request settles its reservation before it ends.
      timeout(settings.callSeconds * 1000, TimeoutStrategy.Cooperative),
    );
  }

  get circuitOpen(): boolean {
    return this.breaker.state === CircuitState.Open;
  }

  async ask(question: Question, meter: Meter, signal: AbortSignal): Promise<ModelAnswer> {
    try {
      return await this.policy.execute(({ signal: inner }) => this.request(question, meter, inner), signal);
    } catch (error) {
      if (signal.aborted) throw new TaskStopped();
      if (error instanceof BrokenCircuitError || error instanceof BulkheadRejectedError) {
        this.count("circuit-open");
        throw new ModelUnavailable("circuit-open", undefined, true);
      }
      throw error;
    }
  }

  private async request(question: Question, meter: Meter, signal: AbortSignal): Promise<ModelAnswer> {
    const { answerTokens, model } = this.settings;
    const body = {
      model,
      messages: [...question.messages],
      ...(question.tools.length > 0 && { tools: [...question.tools] }),
      response_format: {
        type: "json_schema" as const,
        json_schema: { name: "answer", strict: true, schema: question.schema },
      },
      max_tokens: answerTokens,
      stream: false as const,
    };
    // A tokenizer makes at most one token of each byte, and JSON has more bytes than the text in it.
    const inputTokens = Buffer.byteLength(JSON.stringify(body)) + TEMPLATE_TOKENS;
    const reserved = await meter.reserve({
      tokens: inputTokens + answerTokens,
      cost: this.cost(inputTokens, answerTokens),
    });
    // Nothing waits for it: until it is recorded, the budget has less room than it could have.
    const settle = (used: Usage | "unknown" | "free") => void reserved(used).catch(() => undefined);
    let answer: unknown;
    try {
      answer = await this.client.chat.completions.create(body, { signal });
    } catch (error) {
      const failure = failureOf(error, signal);
      this.count(failure.code);
      settle(failure.billed ? "unknown" : "free");
      throw failure;
    }
    const read = completion.safeParse(answer);
    if (!read.success) {
      this.count("nonsense");
      settle("unknown");
      throw new ModelUnavailable("nonsense");
    }
    const { usage, choices } = read.data;
    settle(
      usage
        ? {
            tokens: usage.prompt_tokens + usage.completion_tokens,
            cost: this.cost(usage.prompt_tokens, usage.completion_tokens),
          }
        : "unknown",
    );
    this.count("answered");
    const message = choices[0]?.message;
    return {
      content: message?.content ?? "",
      toolCalls: (message?.tool_calls ?? []).map(({ id, function: { name, arguments: json } }) => ({
        id,
        name,
        json,
      })),
    };
  }

  /** Cents for a million tokens are millionths of a cent for one. */
  private cost(input: number, output: number): number {
    return Math.ceil(input * this.settings.price.input + output * this.settings.price.output);
  }

  private count(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }
}

/** What a failed request means. Only the status and the headers are looked at: a body may repeat the prompt. */
function failureOf(error: unknown, signal: AbortSignal): ModelUnavailable | CallRefused {
  if (error instanceof BudgetSpent || error instanceof RateSpent) throw error;
  if (signal.aborted || error instanceof OpenAI.APIConnectionTimeoutError)
    return new ModelUnavailable("timeout");
  if (error instanceof OpenAI.APIError && typeof error.status === "number") {
    const { status } = error;
    const waitMs = retryAfter(error.headers);
    if (status === 429) return new ModelUnavailable("429", waitMs, true);
    if (status === 408 || status === 409 || status >= 500)
      return new ModelUnavailable(String(status), waitMs);
    // A wrong key or address is the operator's to mend, and no fault of the task.
    if (status === 401 || status === 403 || status === 404)
      return new ModelUnavailable(String(status), undefined, true);
    return new CallRefused(String(status));
  }
  if (error instanceof OpenAI.APIConnectionError) return new ModelUnavailable("connection");
  return new ModelUnavailable("nonsense");
}

function retryAfter(headers: Headers | undefined): number | undefined {
  const given = headers?.get("retry-after") ?? undefined;
  if (given === undefined) return undefined;
  const seconds = Number(given);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const moment = Date.parse(given);
  return Number.isNaN(moment) ? undefined : Math.max(0, moment - Date.now());
}
