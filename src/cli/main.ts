import { existsSync } from 'node:fs'
import { ownEntry } from '../lookup/index.ts'
import { endProcessIn, leaveInPeace } from './end-process.ts'
import { nearestName } from './nearest-option.ts'
import { say, warn } from './outputs.ts'
import { type ProgramName, programNames } from './program-names.ts'

/** How long a machine that has ended may take to let go of what it held, in milliseconds. */
const lettingGo = 300

/** The programs; each is loaded when it is called. */
const programs: Readonly<Record<ProgramName, (argv: readonly string[]) => Promise<number>>> = {
  shell: async (argv) => (await import('./shell/shell.ts')).runShell(argv),
  top: async (argv) => (await import('./top/top.ts')).runTop(argv),
  console: async (argv) => (await import('./console/console.ts')).runConsole(argv),
  ps: async (argv) => (await import('./ps/ps.ts')).runPs(argv),
  metrics: async (argv) => (await import('./metrics/metrics.ts')).runMetrics(argv),
  img: async (argv) => (await import('./img/img.ts')).runImg(argv),
  nbd: async (argv) => (await import('./nbd/nbd.ts')).runNbd(argv),
  storage: async (argv) => (await import('./storage/storage.ts')).runStorage(argv),
  io: async (argv) => (await import('./io/io.ts')).runIo(argv),
  mcp: async (argv) => (await import('./mcp/mcp.ts')).runMcp(argv),
  completion: ([shell]) => printCompletion(shell),
}

/**
 * The program `vmon`. What is not needed to run a machine is loaded on demand.
 */
async function main(argv: readonly string[]): Promise<number> {
  const [word, ...rest] = argv
  const program = word === undefined ? undefined : ownEntry(programs, word)
  if (program !== undefined) return program(rest)
  const { runMachine } = await import('./run-machine.ts')
  const status = await runMachine(argv)
  if (status !== 0 && word !== undefined) explainFirstWord(word)
  endProcessIn(lettingGo, () => status)
  leaveInPeace()
  return status
}

/** A first word that is no option is an image's name: who meant something else by it is told what there is. */
function explainFirstWord(word: string): void {
  if (!/^\w+$/.test(word) || existsSync(word)) return
  const near = nearestName(word, programNames)
  warn(`${near === undefined ? '' : `Did you mean vmon ${near}? `}vmon -help tells what there is.\n`)
}

async function printCompletion(shell: string | undefined): Promise<number> {
  const { completionScript } = await import('./completion.ts')
  const script = completionScript(shell)
  if (script !== undefined) say(script)
  else warn('usage: vmon completion bash|zsh\n')
  return script === undefined ? 1 : 0
}

// Not awaited at the top: the bundle is a CommonJS one, which starts faster.
void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status
})
