import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deadline, untilAborted } from '../async/index.ts'
import type { RunningMachine } from '../embedding/index.ts'
import { systemCode } from '../errno/index.ts'

/** Where files of failed tests go if nothing else is said. */
export const defaultFailures = 'vmon-failures'
/** How long a machine that has failed a test has to show itself, in milliseconds. */
const patienceMs = 10_000
/** Names of files, without number and suffix, do not become longer than this, in bytes. */
const longestName = 200

/**
 * Keeps what a machine shows when its test has failed: `NAME.png`, the screen, and `NAME.txt`, its text and what the guest
 * has said on each serial port. What cannot be had is told in `NAME.txt`. NAME is the test's, with a dash for what is neither
 * letter nor digit; where there are such files already, theirs with a number: `NAME-2`.
 *
 * @returns the path of the picture; that of the text, if there is none
 * @throws {Error} with the system's `code`, if the folder or a file cannot be written
 */
export async function keepFailure(machine: RunningMachine, folder: string, test: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const name = await freeName(folder, test)
  const [picture, text] = [join(folder, `${name}.png`), join(folder, `${name}.txt`)]
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

/** Makes an empty `NAME.txt` that nobody has. @returns NAME */
async function freeName(folder: string, test: string): Promise<string> {
  const plain = withinBytes(test.normalize('NFC').replaceAll(/[^\p{L}\p{M}\p{N}_.-]+/gu, '-'), longestName)
  for (let number = 1; ; number++) {
    const name = number === 1 ? plain : `${plain}-${number}`
    try {
      await writeFile(join(folder, `${name}.txt`), '', { flag: 'wx' })
      return name
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error
    }
  }
}

/** As many characters from the start of a text as fit in so many bytes of UTF-8. */
function withinBytes(text: string, most: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(most))
  return text.slice(0, read)
}
