/**
 * Sequences of block commands that are drawn at random get the same answers from QEMU and from vmon, and leave the same
 * nodes, drives and jobs behind. `VMON_BLOCK_GRAPHS=500` tries so many sequences.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { CommandError, connectQmp, type QmpClient } from '../../src/index.ts'
import { seed } from '../drawn-cases.ts'
import { type BlockCommand, blockCommand, blockFiles, blockOptions } from './drawn-block-graphs.ts'
import { missingProgram } from './peers.ts'
import { type Program, qemu, vmon } from './programs.ts'
import { Server } from './server.ts'

const skip = qemu.skip || missingProgram('qemu-img', 'qemu-io')
const sequences = Number(process.env['VMON_BLOCK_GRAPHS'] ?? 5)
/** More than enough for those that wait for nobody. */
const settlingMs = 60_000

describe('block commands at random', { skip }, () => {
  test('have the same effect as on QEMU', { timeout: 120_000 + sequences * 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(blockCommand, { minLength: 16, maxLength: 30 }), async (commands) => {
        await using theirs = await Player.start(qemu)
        await using ours = await Player.start(vmon)
        for (const [index, command] of commands.entries()) {
          const answer = await theirs.play(command)
          // What ends QEMU is no example.
          if (answer === undefined) return
          const where = `${index}: ${JSON.stringify(command)}`
          assert.equal(await ours.play(command), answer, where)
          const state = await theirs.state()
          if (state === undefined) return
          assert.deepEqual(await ours.state(), state, where)
        }
      }),
      { numRuns: sequences, seed, endOnFailure: true },
    )
  })
})

/** A machine that is stopped, and commands that it gets. */
class Player implements AsyncDisposable {
  readonly #server: Server
  readonly #qmp: QmpClient

  private constructor(server: Server, qmp: QmpClient) {
    this.#server = server
    this.#qmp = qmp
  }

  static async start({ command }: Program): Promise<Player> {
    const own = ['-S', '-display', 'none', '-nodefaults', '-m', '16', '-qmp', 'unix:qmp,server=on,wait=off']
    const server = await Server.start([...command, ...own, ...blockOptions], blockFiles)
    try {
      await server.listening('qmp')
      return new Player(server, await connectQmp(`unix:${server.path('qmp')}`))
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#qmp.close()
    await this.#server[Symbol.asyncDispose]()
  }

  /** @returns the answer, as text that the other program can say, too; undefined if the process has ended */
  async play({ execute, arguments: members }: BlockCommand): Promise<string | undefined> {
    return this.#ask(execute, members)
  }

  /** What there is when the jobs are where they stay. */
  async state(): Promise<readonly string[] | undefined> {
    if (!(await this.#settled())) return undefined
    const all: string[] = []
    for (const query of ['query-block', 'query-jobs', 'query-named-block-nodes']) {
      const answer = await this.#ask(query, query === 'query-named-block-nodes' ? { flat: true } : {})
      if (answer === undefined) return undefined
      all.push(answer)
    }
    const nodes = all.pop()!
    return [...all, ...sorted(nodes)]
  }

  /** @returns false if the process has ended */
  async #settled(): Promise<boolean> {
    for (const end = Date.now() + settlingMs; Date.now() < end; await pause(20)) {
      const jobs = await this.#ask('query-jobs', {})
      if (jobs === undefined) return false
      // One that makes copies of what is overwritten runs for ever.
      const waits = (JSON.parse(jobs) as Job[]).every(({ id, status, type, ['current-progress']: progress }) => {
        if (status === 'pending' || status === 'running')
          return this.#kept.has(id) || (type === 'backup' && progress === 0)
        return !['waiting', 'aborting'].includes(status)
      })
      if (waits) return true
    }
    return true
  }

  /** Jobs that stay where they are until somebody tells them to go on. */
  readonly #kept = new Set<string>()

  async #ask(execute: string, members: Readonly<Record<string, unknown>>): Promise<string | undefined> {
    try {
      const answer = await this.#qmp.execute(execute as never, members as never)
      const job = members['job-id']
      if (members['auto-finalize'] === false) this.#kept.add(String(job))
      else this.#kept.delete(String(job))
      return this.#comparable(answer)
    } catch (error) {
      if (error instanceof CommandError) return this.#comparable({ error: error.message })
      return undefined
    }
  }

  /**
   * Without what is never alike: names that are made up, times, how much of its file an image takes, and how long filters
   * are whose node below was made longer or shorter: QEMU's keep the length that they had.
   */
  #comparable(value: unknown): string {
    return JSON.stringify(value, (_name, member: unknown) =>
      typeof member === 'object' && member !== null && !Array.isArray(member)
        ? Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)))
        : typeof member === 'bigint'
          ? String(member)
          : member,
    )
      .replaceAll(this.#server.directory, '.')
      .replace(/#block\d+/g, '#block')
      .replace(/"actual-size":\d+/g, '"actual-size":0')
      .replace(/(\.qcow2","format":"file","virtual-size":)\d+/g, (_all, before) => `${before}0`)
      .replace(
        /("format":"(?:blkdebug|compress|copy-[-a-z]+|preallocate|throttle)","virtual-size":)\d+/g,
        (_all, before) => `${before}0`,
      )
      .replace(/"(date-n?sec|vm-clock-n?sec)":\d+/g, '"$1":0')
      .replace(/, \d+ ops; .*?\\r\\n/g, '\\r\\n')
  }
}

interface Job {
  readonly id: string
  readonly status: string
  readonly type: string
  readonly 'current-progress': number
}

/** Nodes in an order that does not depend on the names that were made up for them. */
function sorted(nodes: string): string[] {
  return (JSON.parse(nodes) as unknown[]).map((each) => JSON.stringify(each)).sort()
}
