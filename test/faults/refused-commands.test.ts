/**
 * What is refused changes nothing: every recorded command that vmon refuses leaves drives, nodes and character devices as
 * they were. The guest does not run.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { parseCommandLine } from '../../src/cli/parse-command-line.ts'
import { ConfigError, Machine } from '../../src/machine/index.ts'
import type { TranscriptCase } from '../oracle/case.ts'
import { transcripts, unprepared } from '../oracle/transcripts.ts'

/**
 * Recorded from QEMU: the old medium is out when it shows that there is no new one; a bitmap that stays after all is in the
 * image again when the image is closed.
 */
const changed = new Set(['media change-medium-errors 4', 'bitmaps transaction-undone-remove 2'])
/** These end the machine. */
const ending = /"execute": *"quit"/
const migrating = /"status": "(setup|active|pre-switchover|device|cancelling)"/
const home = process.cwd()
const silent = (): void => undefined
const counts = { commands: 0, refused: 0, compared: 0 }
after(() => console.log(`${counts.commands} commands, ${counts.refused} refused, ${counts.compared} compared`))

/** One client of a machine in this process. */
class Client {
  readonly #connection: ReturnType<Machine['connect']>
  #text = ''
  #ended = false
  #heard: () => void = silent

  constructor(machine: Machine) {
    this.#connection = machine.connect()
    this.#connection.start({
      data: (bytes) => {
        this.#text += Buffer.from(bytes).toString()
        this.#heard()
      },
    })
    const end = (): void => {
      this.#ended = true
      this.#heard()
    }
    machine.ended.then(end, end)
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Sends a line; what is answered, without events. */
  async ask(line: string): Promise<string[]> {
    this.#text = ''
    const marker = '"id": "the marker"'
    this.#connection.write(`${line}\n{"execute": "query-name", ${marker}}\n`)
    while (!this.#text.includes(marker) && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    }
    return this.#text
      .split('\r\n')
      .filter((answer) => /^\{"(return|error|id)"/.test(answer) && !answer.includes(marker))
  }

  /** What there is; undefined while a job or a migration runs: images grow, nodes and media go, whatever is refused. */
  async state(): Promise<unknown[] | undefined> {
    const idle = async () =>
      (await this.ask('{"execute": "query-jobs"}'))[0] === '{"return": []}' &&
      !migrating.test((await this.ask('{"execute": "query-migrate"}'))[0] ?? '')
    if (!(await idle())) return undefined
    const answers: string[] = []
    for (const command of ['query-block', 'query-named-block-nodes', 'query-chardev']) {
      answers.push(...(await this.ask(JSON.stringify({ execute: command }))))
    }
    if (!(await idle())) return undefined
    return answers.map((answer) => JSON.parse(answer) as unknown)
  }
}

async function start(setup: readonly string[]): Promise<Machine | undefined> {
  try {
    return await Machine.start(parseCommandLine(['-accel', 'none', ...setup], silent).config(), { warn: silent })
  } catch (error) {
    // Options that vmon does not have yet, or a case of its own for what cannot start.
    if (error instanceof ConfigError || (error as Error).name === 'CommandLineError') return undefined
    throw error
  }
}

async function play(topic: string, { name, setup, prepare = [], steps }: TranscriptCase): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vmon-refused-'))
  try {
    process.chdir(folder)
    for (const line of prepare) await shell(line)
    const machine = await start(setup)
    if (machine === undefined) return
    await using _ending = machine
    const client = new Client(machine)
    await client.ask('{"execute": "qmp_capabilities"}')
    for (const [index, { send, sh }] of steps.entries()) {
      if (sh !== undefined) await shell(sh)
      if (client.ended) return
      if (send === undefined || ending.test(send) || !isCommand(send)) continue
      const before = await client.state()
      const [answer] = await client.ask(send.trim())
      counts.commands++
      if (answer === undefined || !answer.includes('"error": {"class"')) continue
      counts.refused++
      if (changed.has(`${topic} ${name} ${index}`)) continue
      const now = await client.state()
      if (before === undefined || now === undefined) continue
      counts.compared++
      assert.deepEqual(now, before, `${send.trim()}\n${answer}`)
    }
  } finally {
    process.chdir(home)
    rmSync(folder, { recursive: true })
  }
}

/** The program that runs may be a client of this process. */
async function shell(line: string): Promise<void> {
  await once(spawn('sh', ['-c', line], { stdio: 'ignore' }), 'close')
}

function isCommand(text: string): boolean {
  try {
    return 'execute' in (JSON.parse(text) as object)
  } catch {
    return false
  }
}

for (const [topic, cases] of transcripts) {
  describe(`what is refused changes nothing: ${topic}`, () => {
    for (const recorded of cases) it(recorded.name, { skip: unprepared(recorded) }, () => play(topic, recorded))
  })
}
