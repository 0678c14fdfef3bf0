/** A request as the stand-in reads it. */
export interface Conversation {
  readonly model: string;
  readonly max_tokens: number;
  readonly messages: readonly { readonly role: string; readonly content?: string | null }[];
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
}

export interface Reply {
  readonly content: string | null;
  readonly tool_calls?: readonly ToolCall[] | undefined;
}

interface ToolCall {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
}

let calls = 0;

const call = (name: string, args: unknown): ToolCall => ({
  id: `call-${calls++}`,
  type: "function",
  function: { name, arguments: JSON.stringify(args) },
});

/** A text that marks what the model itself wrote, so that a log can be searched for it. */
export const ANSWER_MARK = "ANSWER-OF-THE-MODEL";

/** Tool calls of a model that obeys an instruction in a lead's text: `OBEY <JSON list of [tool, arguments]>`. */
function injected(text: string): ToolCall[] {
  const given = /OBEY (\[\[.*?\]\])/s.exec(text)?.[1];
  if (!given) return [];
  return (JSON.parse(given) as [string, unknown][]).map(([name, args]) => call(name, args));
}

/** Reads the history and proposes a follow-up, or answers at once; obeys whatever the lead's text demands. */
export function obedientAnswer({ messages, tools = [] }: Conversation): Reply {
  const answered = messages.some(({ role }) => role === "tool");
  const followUp = tools.some((tool) => tool.function.name === "propose_follow_up");
  const lead = messages.find(({ role }) => role === "user")?.content ?? "";
  if (!answered) {
    // Safe: the lead is JSON that the runtime made.
    const { lead: read } = JSON.parse(lead) as { lead: { notes: string | null } };
    const obeyed = injected(read.notes ?? "");
    const proposal = { title: `Call back ${ANSWER_MARK}`, description: "As agreed.", due_in_days: 2 };
    const own = followUp ? [call("read_history", {}), call("propose_follow_up", proposal)] : [];
    if (obeyed.length + own.length > 0) return { content: null, tool_calls: [...obeyed, ...own] };
  }
  return { content: JSON.stringify(followUp ? FOLLOW_UP : ANALYSIS) };
}

const ANALYSIS = {
  score: 70,
  temperature: "warm",
  summary: `Wants a quote. ${ANSWER_MARK}`,
  reasons: ["asked twice"],
  next_step: "Call back.",
};

const FOLLOW_UP = {
  channel: "email",
  subject: "Your quote",
  message: `Good day ${ANSWER_MARK}`,
  send_in_days: 1,
  rationale: "Nobody answered yet.",
};
