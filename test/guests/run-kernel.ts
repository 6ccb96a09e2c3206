import { spawn } from 'node:child_process'
import type { Program } from '../oracle/programs.ts'

const machine = ['-m', '64', '-display', 'none', '-nodefaults', '-monitor', 'none', '-serial', 'stdio']

/**
 * What a kernel sends through COM1 when a program starts it, until that is enough; the machine has 64 MiB, and no more
 * devices than `words` ask for.
 */
export async function sentByKernel(
  { command }: Program,
  { words, folder, enough }: { words: readonly string[]; folder: string; enough: (sent: Buffer) => boolean },
): Promise<Buffer> {
  const [program, ...first] = command
  const child = spawn(program!, [...first, ...machine, ...words], { cwd: folder })
  const said: Buffer[] = []
  child.stderr.on('data', (bytes: Buffer) => said.push(bytes))
  try {
    let sent = Buffer.alloc(0)
    for await (const chunk of child.stdout) {
      sent = Buffer.concat([sent, chunk])
      if (enough(sent)) return sent
    }
    throw new Error(`the kernel has sent ${sent.length} bytes: ${Buffer.concat(said)}`)
  } finally {
    child.kill('SIGKILL')
  }
}
