import { delay } from '../../timers/index.ts'
import { type IoCall, ioCommand, type ProgramControl } from '../io-command.ts'
import { IoComplaint } from '../io-complaint.ts'
import { readInteger, readNumber } from '../numbers.ts'

const largestSignal = 65n
const longestSleep = 2n ** 31n - 1n

/** A machine does not let a command end it so. @throws {IoComplaint} */
function controlOf({ program }: IoCall, command: string): ProgramControl {
  if (program === undefined) throw new IoComplaint(`${command} does not reach a machine's own process`, 'complain')
  return program
}

/** The program itself. */
export const processCommands = {
  abort: ioCommand({
    words: { least: 0, most: 0 },
    without: 'image',
    oneline: 'simulate a program crash using abort(3)',
    run: (call) => controlOf(call, 'abort').abort(),
  }),
  sigraise: ioCommand({
    words: { least: 1, most: 1 },
    without: 'image',
    args: 'signal',
    oneline: 'raises a signal',
    help: `
 raises the given signal

 Example:
 'sigraise 15' - raises SIGTERM

 Invokes raise(signal), where "signal" is the mandatory integer argument
 given to sigraise.

`,
    run(call, _options, [word = '']) {
      const signal = readNumber(word)
      if (signal > largestSignal) {
        throw new IoComplaint(`signal argument '${word}' is too large to be a valid signal\n`)
      }
      controlOf(call, 'sigraise').raise(Number(signal))
    },
  }),
  sleep: ioCommand({
    words: { least: 1, most: 1 },
    without: 'image',
    oneline: 'waits for the given value in milliseconds',
    async run({ signal }, _options, [word = '']) {
      const milliseconds = readInteger(word)
      if (milliseconds === undefined || milliseconds < 0n) throw new IoComplaint(`${word} is not a valid number\n`)
      await delay(Number(milliseconds > longestSleep ? longestSleep : milliseconds), undefined, { signal })
    },
  }),
}
