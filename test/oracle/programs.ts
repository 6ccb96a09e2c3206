/** The programs that conversations are played on. */
import { fileURLToPath } from 'node:url'
import { missingProgram } from './peers.ts'

export interface Program {
  readonly name: string
  /** Program and arguments before a test's own. */
  readonly command: readonly string[]
  /** Why tests on it must be skipped; false if they can run. */
  readonly skip: string | false
}

export const vmon: Program = {
  name: 'vmon',
  command: [process.execPath, fileURLToPath(new URL('../../../bin/vmon.js', import.meta.url))],
  skip: false,
}

/** QEMU for the target that vmon has. */
export const qemu: Program = qemuFor('i386')

export function qemuFor(target: string): Program {
  const program = `qemu-system-${target}`
  return { name: program, command: [program], skip: missingProgram(program) }
}
