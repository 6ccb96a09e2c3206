import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deadline, untilAborted } from '../async/index.ts'
import type { RunningMachine } from '../embedding/index.ts'

/** Where files of failed tests go if nothing else is said. */
export const defaultFailures = 'vmon-failures'
/** How long a machine that has failed a test has to show itself, in milliseconds. */
const patienceMs = 10_000
/** Names of files do not become longer than this. */
const longestName = 100

/**
 * Keeps what a machine shows when its test has failed: `NAME.png`, the screen, and `NAME.txt`, its text and what the guest
 * has said on each serial port. What cannot be had is told in `NAME.txt`.
 *
 * @returns the path of the picture; that of the text, if there is none
 * @throws {Error} with the system's `code`, if the folder or a file cannot be written
 */
export async function keepFailure(machine: RunningMachine, folder: string, test: string): Promise<string> {
  const name = test.replaceAll(/[^\w.-]+/g, '-').slice(0, longestName)
  const [picture, text] = [join(folder, `${name}.png`), join(folder, `${name}.txt`)]
  await mkdir(folder, { recursive: true })
  const limit = deadline(patienceMs)
  const shown = await untilAborted(machine.screenshot(), limit.signal).catch(() => undefined)
  const lines = await machine.screen.text({ signal: limit.signal }).catch((error: Error) => `(${error.message})`)
  limit.clear()
  const said = [`screen:\n${lines ?? '(no text mode)'}`]
  for (const [index, port] of machine.serial.entries())
    if (port !== undefined) said.push(`serial ${index}:\n${port.text}`)
  if (shown !== undefined) await writeFile(picture, shown)
  await writeFile(text, `${said.join('\n\n')}\n`)
  return shown === undefined ? text : picture
}
