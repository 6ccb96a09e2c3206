/**
 * Plays a recorded conversation against a server and says where it went differently.
 *
 * Nothing sleeps where lines are expected: a step ends as soon as they are there. A line too many is found all the
 * same, because it stands before the first line of a later step, or comes in the silence that is awaited where a step
 * expects nothing and after the last step.
 */
import { open, readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { commandsOf, type Step, type TranscriptCase } from './case.ts'
import type { Connection } from './connection.ts'
import { Connections } from './connections.ts'
import { difference, eventName, isReply, sameLine } from './match.ts'
import { type Exit, Server } from './server.ts'

export interface PlayOptions {
  /** Program and arguments that come before the case's own. */
  readonly command: readonly string[]
  /** Says of a command that the server is known not to have it yet: such a step must be answered CommandNotFound. */
  readonly lacks?: (command: string) => boolean
  /** Says of a step that it is known to differ: nobody waits long for what will not come. */
  readonly differs?: (index: number) => boolean
}

export interface StepResult {
  /** Place in the case's steps; `steps.length` stands for what came after the last one. */
  readonly index: number
  /** `pending`: the server lacks the commands in `waitsFor`, and said so. */
  readonly outcome: 'same' | 'different' | 'pending'
  readonly difference?: string
  readonly waitsFor?: readonly string[]
}

export interface PlayResult {
  readonly steps: readonly StepResult[]
  /** Why the conversation broke off: the server never listened, or gave no answer to qmp_capabilities. */
  readonly failure?: string
  /** How the server ended, by itself or when asked to (SIGTERM). */
  readonly exit: Exit
  /** Socket files that the server left behind. */
  readonly leftovers: readonly string[]
}

const secondsOfSilence = 0.1
const milliseconds = {
  /** A server that has not answered by then never will. */
  answer: 20_000,
  /** Where it is known that the server answers otherwise, and perhaps not at all. */
  known: 5_000,
  /** After the answer: how long events that belong to it may be late. */
  event: 1_000,
  /** SeaBIOS, until it has nothing more to do in a machine without disks. */
  firmware: 600,
  /** After a difference: the silence that separates it from the next step. */
  resync: 200,
}

export async function play(recorded: TranscriptCase, options: PlayOptions): Promise<PlayResult> {
  const { setup, prepare, handshake, steps } = await withFreePorts(recorded)
  const passesDescriptors = steps.some(({ fds }) => fds !== undefined)
  await using server = await Server.start([...options.command, ...setup], prepare)
  using connections = new Connections((name) => server.path(name), server.gone, passesDescriptors)
  const results: StepResult[] = []
  let failure: string | undefined
  try {
    if (handshake) await negotiate(connections)
    // Where the guest runs from the start, the recordings' first command met firmware that had found nothing to boot.
    if (handshake && !setup.includes('-S')) await connections.silence(milliseconds.firmware)
    for (const [index, step] of steps.entries())
      results.push({ index, ...(await playStep(step, connections, server, patience(index, options))) })
    results.push({ index: steps.length, ...(await playEpilogue(connections)) })
  } catch (error) {
    failure = String(error)
  }
  // Where it has hung up, it is ending by itself.
  const exit = connections.all().some(({ ended }) => ended) ? await server.ended() : await server.stop()
  return { steps: results, exit, leftovers: await socketsIn(server.directory), ...(failure && { failure }) }
}

async function negotiate(connections: Connections): Promise<void> {
  const connection = await connections.open('A', 'qmp.sock')
  connection.send(Buffer.from('{"execute":"qmp_capabilities"}\n'))
  const ready = () => connection.lines.filter(isReply).length === 2
  while (!ready() && !connection.ended) {
    if (!(await connections.change(milliseconds.answer))) throw new Error('no answer to qmp_capabilities')
  }
  connection.take(connection.lines.length)
}

type Verdict = Omit<StepResult, 'index'>

interface Patience {
  readonly lacks: (command: string) => boolean
  /** Milliseconds after which an answer is given up. */
  readonly answer: number
}

function patience(index: number, { lacks = () => false, differs = () => false }: PlayOptions): Patience {
  return { lacks, answer: differs(index) ? milliseconds.known : milliseconds.answer }
}

async function playStep(step: Step, connections: Connections, server: Server, patience: Patience): Promise<Verdict> {
  const mon = step.mon ?? 'A'
  if (step.sleep !== undefined) await pause(step.sleep * 1000)
  if (step.sh !== undefined) {
    const { output } = await server.shell(step.sh)
    if (output !== (step.stdout ?? ''))
      return different(`    expected of ${step.sh}:\n${step.stdout}\n    got:\n${output}`)
  }
  if (step.connect !== undefined) await connections.open(mon, step.connect)
  const payload = payloadOf(step)
  const connection = connections.get(mon)
  if (payload && connection)
    await send(connection, payload, step.fds?.map((name) => resolve(server.directory, name)) ?? [])

  let verdict: Verdict = { outcome: 'same' }
  if (connection && step.expect) {
    const lacking = commandsOf(step).filter(patience.lacks)
    if (lacking.length > 0) await replies(step, connections, patience)
    else await expectedLines(step, connections, patience)
    verdict = await compare(step, connections, lacking)
  }
  if (step.close) {
    const left = [...connections.close(mon)]
    // The server learns of it in its own time; the recordings waited as long.
    await connections.silence(secondsOfSilence * 1000)
    if (left.length > 0 && verdict.outcome === 'same') return different(`    more than expected:\n${left.join('\n')}`)
  }
  return verdict
}

function payloadOf(step: Step): Uint8Array | undefined {
  if (step.send_hex !== undefined) return Buffer.from(step.send_hex, 'hex')
  return step.send === undefined ? undefined : Buffer.from(step.send)
}

/** Writes, with descriptors of these files along with the first byte. */
async function send(connection: Connection, payload: Uint8Array, paths: readonly string[]): Promise<void> {
  const files = await Promise.all(paths.map((path) => open(path, 'r+')))
  if (files.length === 0) return connection.send(payload)
  connection.send(
    payload,
    files.map(({ fd }) => fd),
  )
  await Promise.all(files.map((file) => file.close()))
}

/** How many lines each connection should have by the end of the step. */
function expectations(step: Step): [name: string, lines: readonly string[]][] {
  return [[step.mon ?? 'A', step.expect ?? []], ...Object.entries(step.others ?? {})]
}

/** Whether the answers and events that the step names are there, however many lines that makes. */
function answered(step: Step, connections: Connections): boolean {
  const lines = connections.get(step.mon ?? 'A')?.lines ?? []
  const asked = step.n ?? (step.send !== undefined || step.send_hex !== undefined || step.connect !== undefined ? 1 : 0)
  const events = new Set(connections.all().flatMap((each) => each.lines.map(eventName)))
  return lines.filter(isReply).length >= asked && [step.wait ?? []].flat().every((name) => events.has(name))
}

/** Waits for as many lines as are expected, or for the silence that proves that none come. */
async function expectedLines(step: Step, connections: Connections, patience: Patience): Promise<void> {
  const wanted = expectations(step)
  const main = connections.get(step.mon ?? 'A')
  if (wanted.every(([, lines]) => lines.length === 0)) {
    const over = main?.ended || (step.close && step.send === undefined)
    if (!over) await connections.silence((step.quiet ?? secondsOfSilence) * 1000)
    return
  }
  const complete = () => wanted.every(([name, lines]) => (connections.get(name)?.lines.length ?? 0) >= lines.length)
  while (!complete()) {
    const late = main?.ended || answered(step, connections)
    const quiet = Math.max(milliseconds.event, (step.quiet ?? 0) * 2000)
    if (!(await connections.change(late ? quiet : patience.answer))) return
  }
  if (main && step.more) await dropRepeats(step, step.more, main, connections)
}

async function dropRepeats(step: Step, more: readonly string[], main: Connection, connections: Connections) {
  await connections.silence((step.quiet ?? secondsOfSilence) * 1000)
  const expected = main.take(step.expect?.length ?? 0)
  const rest = main.take(main.lines.length).filter((line) => !more.some((repeat) => sameLine(repeat, line)))
  main.putBack([...expected, ...rest])
}

/** Waits for the answer alone: what the server lacks brings no events. */
async function replies(step: Step, connections: Connections, patience: Patience): Promise<void> {
  const { wait: _, ...asked } = step
  while (!answered(asked, connections)) {
    if (!(await connections.change(patience.answer))) return
  }
}

async function compare(step: Step, connections: Connections, lacking: readonly string[]): Promise<Verdict> {
  const differences: string[] = []
  for (const [name, expected] of expectations(step)) {
    const connection = connections.get(name)
    const lines = connection?.lines ?? []
    // What comes too soon is the next step's to find; but where silence was recorded, nothing may be there.
    const candidates = expected.length > 0 ? lines.slice(0, expected.length) : lines
    if (!difference(expected, candidates, step.reply_order)) {
      connection?.take(expected.length)
      continue
    }
    if (lacking.length > 0 && lacking.every((command) => lines.some((line) => notFound(command, line)))) {
      connection?.take(lines.length)
      return { outcome: 'pending', waitsFor: lacking }
    }
    await connections.silence(milliseconds.resync)
    const found = difference(expected, lines, step.reply_order)
    connection?.take(lines.length)
    if (found) differences.push(name === 'A' ? found : `    on connection ${name}:\n${found}`)
  }
  return differences.length === 0 ? { outcome: 'same' } : different(differences.join('\n'))
}

function notFound(command: string, line: string): boolean {
  return line.includes(`"class": "CommandNotFound", "desc": "The command ${command} has not been found"`)
}

async function playEpilogue(connections: Connections): Promise<Verdict> {
  if (connections.all().some(({ ended }) => !ended)) await connections.silence(secondsOfSilence * 1000)
  const left = connections.all().flatMap(({ lines }) => lines)
  return left.length === 0 ? { outcome: 'same' } : different(`    after the last step:\n${left.join('\n')}`)
}

function different(text: string): Verdict {
  return { outcome: 'different', difference: text }
}

/** Recordings name fixed TCP ports; cases that play side by side need their own. */
async function withFreePorts(recorded: TranscriptCase): Promise<TranscriptCase> {
  let text = JSON.stringify(recorded)
  for (const [, port] of text.matchAll(/"connect":"[^":]+:(\d+)"/g))
    text = text.replaceAll(port!, `${await freePort()}`)
  return JSON.parse(text) as TranscriptCase
}

function freePort(): Promise<number> {
  const probe = createServer()
  return new Promise((found, reject) => {
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => found(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

async function socketsIn(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  return entries.filter((entry) => entry.isSocket()).map(({ name }) => name)
}
