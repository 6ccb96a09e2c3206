import { endProcessIn, leaveInPeace } from './end-process.ts'
import { say, warn } from './outputs.ts'

/** How long a machine that has ended may take to let go of what it held, in milliseconds. */
const lettingGo = 300

/**
 * The program `vmon`. What is not needed to run a machine is loaded on demand.
 */
async function main([word, ...rest]: readonly string[]): Promise<number> {
  if (word === 'shell') return (await import('./shell/shell.ts')).runShell(rest)
  if (word === 'top') return (await import('./top/top.ts')).runTop(rest)
  if (word === 'console') return (await import('./console/console.ts')).runConsole(rest)
  if (word === 'ps') return (await import('./ps/ps.ts')).runPs(rest)
  if (word === 'metrics') return (await import('./metrics/metrics.ts')).runMetrics(rest)
  if (word === 'img') return (await import('./img/img.ts')).runImg(rest)
  if (word === 'nbd') return (await import('./nbd/nbd.ts')).runNbd(rest)
  if (word === 'storage') return (await import('./storage/storage.ts')).runStorage(rest)
  if (word === 'io') return (await import('./io/io.ts')).runIo(rest)
  if (word === 'mcp') return (await import('./mcp/mcp.ts')).runMcp(rest)
  if (word === 'completion') return printCompletion(rest[0])
  const { runMachine } = await import('./run-machine.ts')
  const status = await runMachine(word === undefined ? [] : [word, ...rest])
  endProcessIn(lettingGo, () => status)
  leaveInPeace()
  return status
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
