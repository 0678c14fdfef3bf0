import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { type Conversation, obedientAnswer, type Reply } from "./answers";

/** What happens to a request. */
export type Fault =
  | "slow"
  | "hangs"
  | "500"
  | "429"
  | "cut"
  | "html"
  | "stream"
  | "no-usage"
  | "misfit"
  | "fence"
  | "400";

interface ModelApiArgs {
  /** Chooses a fault for the n-th request; undefined: it is answered well. @default none */
  readonly fault?: (request: number) => Fault | undefined;
  /** How long each answer takes. @default 0 */
  readonly latencyMs?: number;
  readonly answer?: (conversation: Conversation) => Reply;
}

/**
 * A stand-in of an OpenAI-compatible API on loopback. A lead's text says what the model does: it obeys instructions in it,
 * as the worst model would. It bills every request that it worked on, also when its answer does not arrive.
 */
export class ModelApi {
  requests = 0;
  /** Tokens by the mark of a workspace (`mark:<word>` in the lead). */
  readonly billed = new Map<string, number>();
  readonly bodies: string[] = [];
  readonly faults = new Map<Fault, number>();

  private constructor(
    private readonly server: Server,
    private readonly args: ModelApiArgs,
  ) {}

  static async start(args: ModelApiArgs = {}): Promise<ModelApi> {
    const server = createServer();
    const api = new ModelApi(server, args);
    server.on("request", (request, response) => {
      api.respond(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return api;
  }

  get url(): string {
    const { port } = this.server.address() as AddressInfo; // safe: a TCP server has a port
    return `http://127.0.0.1:${port}/v1`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const number = this.requests++;
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString("utf8");
    if (this.bodies.length < 200) this.bodies.push(body);
    const fault = this.args.fault?.(number);
    if (fault) this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
    await wait((this.args.latencyMs ?? 0) * (fault === "slow" ? 10 : 1));
    if (fault === "429") {
      response.writeHead(429, { "retry-after": "0.2", "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message: `too many requests; yours was ${body}` } }));
      return;
    }
    if (fault === "400") {
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message: `this cannot be answered: ${body}` } }));
      return;
    }
    const conversation: Conversation = JSON.parse(body);
    const reply =
      fault === "misfit"
        ? { content: '{"score":"very high"}', tool_calls: undefined }
        : (this.args.answer ?? obedientAnswer)(conversation);
    const usage = {
      prompt_tokens: Math.ceil(Buffer.byteLength(body) / 4),
      completion_tokens: Math.min(conversation.max_tokens, Math.ceil(JSON.stringify(reply).length / 4)),
    };
    const mark = /mark:(\w+)/.exec(body)?.[1] ?? "none";
    this.billed.set(mark, (this.billed.get(mark) ?? 0) + usage.prompt_tokens + usage.completion_tokens);
    if (fault === "hangs") return;
    if (fault === "cut") return void response.destroy();
    if (fault === "500") {
      response.writeHead(500, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message: `the server failed with ${body}` } }));
      return;
    }
    if (fault === "html") {
      response.writeHead(200, { "content-type": "text/html" });
      response.end(`<html>maintenance ${body}</html>`);
      return;
    }
    if (fault === "stream") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (let part = 0; part < 5; part++)
        response.write(`data: {"choices":[{"delta":{"content":"\\u00${part}\n\n`);
      response.end();
      return;
    }
    const content =
      fault === "fence" && reply.content ? `\`\`\`json\n${reply.content}\n\`\`\`` : reply.content;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(
      JSON.stringify({
        id: `answer-${number}`,
        object: "chat.completion",
        model: conversation.model,
        choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", ...reply, content } }],
        ...(fault !== "no-usage" && { usage }),
      }),
    );
  }
}
