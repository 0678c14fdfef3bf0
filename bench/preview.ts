import { parseArgs } from "node:util";
import platform from "../index";
import { changes, startEngine } from "../test/rigs/engine";
import { configurationOf } from "../test/rigs/platform/platform";
import { rawSettings, STACKS } from "../test/rigs/platform/stacks";

const USAGE = `npm run bench -- preview [--stack prod] [--repeat 5]
How long pulumi preview takes, by the real engine with stand-in providers: how much of it is the program, how much the engine
with its resources, and how much is there for an empty program too. Needs pulumi and openssl (test/toolchain/build.sh).`;

export default async function preview(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      stack: { type: "string", default: "prod" },
      repeat: { type: "string", default: "5" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const stack = STACKS.find((each) => each === values.stack);
  if (!stack) throw new Error(`there is no stack ${values.stack}; there are ${STACKS.join(", ")}`);
  const engine = await startEngine({ stack, ...configurationOf(rawSettings(stack)) });
  try {
    await engine.preview(platform); // the first preview reads everything from disk
    const [empty, whole, declaring] = [[], [], []] as number[][] as [number[], number[], number[]]; // safe: 3 series
    let resources = 0;
    for (let round = 0; round < Number(values.repeat); round++) {
      empty.push(await seconds(() => engine.preview(async () => {})));
      whole.push(
        await seconds(async () => {
          const run = await engine.preview(async () => {
            const begin = performance.now();
            const outputs = await platform();
            declaring.push((performance.now() - begin) / 1000);
            return outputs;
          });
          resources = changes(run).length;
        }),
      );
    }
    console.log(`pulumi preview of ${stack}, ${resources} resources, ${values.repeat} rounds; seconds\n`);
    console.log(`${"".padEnd(44)}   median    worst`);
    figure("an empty program", empty);
    figure(`the whole of ${stack}`, whole);
    figure("  of which the program declares", declaring);
    figure(
      "  of which the engine and providers answer",
      whole.map((all, round) => all - (declaring[round] ?? 0)),
    );
  } finally {
    engine.close();
  }
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
}

function figure(name: string, values: readonly number[]): void {
  const median = [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
  const columns = [median, Math.max(...values)].map((value) => value.toFixed(2).padStart(9));
  console.log(name.padEnd(44) + columns.join(""));
}
