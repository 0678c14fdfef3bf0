import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { UserError } from "../../../components/shared/user-error";
import { output, ProgramError } from "../../shared/programs";
import { stacksIn } from "../../shared/stack-choice";
import { evaluateStack } from "../evaluate-stack";
import { type Files, filesOf } from "../files";
import { refuseWrongSettings } from "../refuse";

interface BeforeArgs {
  /** The folder with Pulumi.yaml. */
  readonly cwd: string;
  readonly stack: string;
  /** A settings file, another stack, or a commit. */
  readonly given: string;
}

/**
 * The plan to compare with: this program with the settings of a file or of another stack, or the program and the settings
 * of a commit.
 */
export async function planBefore({ cwd, stack, given }: BeforeArgs): Promise<Files> {
  const configFile = settingsFile(cwd, given);
  if (configFile !== undefined) {
    refuseWrongSettings({ cwd, stack, configFile });
    const { evaluation } = await evaluateStack({ cwd, stack, configFile });
    return filesOf(evaluation);
  }
  return planOfCommit({ cwd, stack, commit: commitOf(cwd, given) });
}

function settingsFile(cwd: string, given: string): string | undefined {
  if (existsSync(given) && /\.ya?ml$/.test(given)) return resolve(given);
  return stacksIn(cwd).includes(given) ? resolve(cwd, `Pulumi.${given}.yaml`) : undefined;
}

function commitOf(cwd: string, given: string): string {
  try {
    const words = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${given}^{commit}`];
    return output("git", words, { cwd }).toString().trim();
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    const stacks = stacksIn(cwd);
    throw new UserError(
      `--diff: given ${JSON.stringify(given)}; allowed: a settings file (.yaml), a stack (${stacks.join(", ")}), or a commit, branch or tag of this repository; see git log --oneline`,
    );
  }
}

/** Runs the program as it was, with the packages of today. */
function planOfCommit({
  cwd,
  stack,
  commit,
}: Omit<BeforeArgs, "given"> & { readonly commit: string }): Files {
  const scratch = mkdtempSync(join(tmpdir(), "trellis-plan-diff-"));
  try {
    const checkout = join(scratch, "checkout");
    const out = join(scratch, "plan");
    mkdirSync(checkout);
    const root = output("git", ["rev-parse", "--show-toplevel"], { cwd }).toString().trim();
    output("tar", ["-x"], { cwd: checkout, input: output("git", ["archive", commit], { cwd: root }) });
    const project = join(checkout, relative(root, resolve(cwd)));
    symlinkSync(packagesOf(resolve(cwd)), join(project, "node_modules"));
    output(process.execPath, ["cli/trellis.mjs", "plan", "--stack", stack, "--out", out, "--quiet"], {
      cwd: project,
    });
    return filesIn(out);
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    throw new UserError(`the plan of ${commit.slice(0, 12)} failed: ${error.said || "without a message"}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function packagesOf(cwd: string): string {
  const folder = join(cwd, "node_modules");
  if (!existsSync(folder)) throw new UserError(`${folder} does not exist; run npm ci`);
  return folder;
}

const filesIn = (folder: string): Files =>
  new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => [relative(folder, path), readFileSync(path, "utf8")]),
  );
