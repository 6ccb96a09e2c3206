import { DeadlineError, deadline } from '../../async/index.ts'
import type { ToolCall } from '../../mcp/index.ts'
import { number, oneOf, opt, str } from '../../qapi/index.ts'
import { clearInterval, setInterval } from '../../timers/index.ts'
import { LimitedPattern } from './limited-pattern.ts'
import type { ManagedMachine } from './managed-machine.ts'
import { machine, tool } from './needs.ts'
import { port } from './serial-tools.ts'

const usualSeconds = 30
const longestSeconds = 3600
/** How often a client hears that the wait goes on, in milliseconds. */
const progressEveryMs = 1000

/** Waiting for the guest. */
export const waitTool = tool({
  name: 'wait_for',
  doc: 'Wait until the screen shows a text, the guest has sent one over a serial port, or an event has happened (RESET, SHUTDOWN, STOP, RESUME, SUSPEND, GUEST_PANICKED, ...). Give one of text, pattern and event. What was waited for before on a serial port, or as an event, does not count again. Returns what was found, and for the screen all that it shows.',
  args: {
    machine,
    text: opt(str, 'the text'),
    pattern: opt(str, 'a regular expression of JavaScript; ^ and $ are at the ends of lines'),
    event: opt(str, 'name of an event'),
    on: opt(oneOf('Where', ['screen', 'serial']), 'where the text is to be (default screen)'),
    port,
    timeout: opt(number, `how many seconds to wait at most (default ${usualSeconds})`),
  },
  hints: { readOnly: true },
  async run({ machines }, { machine: name, timeout = usualSeconds, ...wanted }, call) {
    if (!(timeout > 0 && timeout <= longestSeconds))
      throw new Error(`timeout is a number of seconds up to ${longestSeconds}`)
    if ([wanted.text, wanted.pattern, wanted.event].filter((one) => one !== undefined).length !== 1)
      throw new Error('give one of text, pattern and event')
    const found = machines.find(name)
    const limit = deadline(timeout * 1000, call.signal)
    const timer = tellOfWaiting(call, timeout)
    try {
      return await waitFor(found, wanted, limit.signal)
    } catch (error) {
      if (limit.signal.reason instanceof DeadlineError) throw new Error(await whatIsThere(found, wanted, timeout))
      throw error
    } finally {
      clearInterval(timer)
      limit.clear()
    }
  },
})

interface Wanted {
  readonly text?: string
  readonly pattern?: string
  readonly event?: string
  readonly on?: 'screen' | 'serial'
  readonly port?: number
}

async function waitFor(found: ManagedMachine, wanted: Wanted, signal: AbortSignal): Promise<string> {
  const { text, pattern, event, on = 'screen', port: number = 0 } = wanted
  if (event !== undefined) return JSON.stringify(await found.event(event, signal))
  const looked = text ?? new LimitedPattern(pattern!)
  // The signal ends the wait.
  const options = { signal, timeoutMs: longestSeconds * 2000 }
  if (on === 'serial') return (await found.serial(number).waitFor(looked, options))[0]
  await found.vm.screen.waitFor(looked, options)
  return (await found.vm.screen.text({ signal })) ?? ''
}

/** What a client should know when the wait was for nothing. */
async function whatIsThere(found: ManagedMachine, wanted: Wanted, seconds: number): Promise<string> {
  const waited = `it did not come within ${seconds} s`
  if (wanted.event !== undefined)
    return `${waited}; the last events: ${
      found.events
        .slice(-10)
        .map(({ event }) => event)
        .join(', ') || 'none'
    }`
  if (wanted.on === 'serial')
    return `${waited}; the guest has sent:\n${found.serial(wanted.port ?? 0).text.slice(-2000)}`
  const text = await found.vm.screen.text().catch(() => undefined)
  return text === undefined ? `${waited}; the screen has no text` : `${waited}; the screen says:\n${text}`
}

function tellOfWaiting({ progress }: ToolCall, seconds: number): ReturnType<typeof setInterval> {
  let waited = 0
  return setInterval(() => progress(++waited, 'waiting', Math.max(waited, Math.ceil(seconds))), progressEveryMs)
}
