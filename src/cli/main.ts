/**
 * The program `vmon`. What is not needed to run a machine is loaded on demand.
 */
async function main([word, ...rest]: readonly string[]): Promise<number> {
  if (word === 'shell') return (await import('./shell/shell.ts')).runShell(rest)
  if (word === 'img') return (await import('./img/img.ts')).runImg(rest)
  if (word === 'completion') return printCompletion(rest[0])
  const { runMachine } = await import('./run-machine.ts')
  return runMachine(word === undefined ? [] : [word, ...rest])
}

async function printCompletion(shell: string | undefined): Promise<number> {
  const { completionScript } = await import('./completion.ts')
  const script = completionScript(shell)
  if (script !== undefined) process.stdout.write(script)
  else process.stderr.write('usage: vmon completion bash|zsh\n')
  return script === undefined ? 1 : 0
}

// Not awaited at the top: the bundle is a CommonJS one, which starts faster.
void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status
})
