import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Step, TranscriptCase } from './case.ts'
import { type PlayResult, play } from './transcript.ts'

const fakeServer = fileURLToPath(new URL('fake-server.js', import.meta.url))
const stop = '{"timestamp": {"seconds": "@int@", "microseconds": "@int@"}, "event": "STOP"}'

function conversation(...steps: Step[]): TranscriptCase {
  return { name: 'example', comment: '', setup: ['qmp.sock', '-S'], handshake: true, steps }
}

function playOn(fault: string, recorded: TranscriptCase, lacks?: (command: string) => boolean): Promise<PlayResult> {
  return play(recorded, { command: [process.execPath, fakeServer, fault], ...(lacks && { lacks }) })
}

const outcomes = ({ steps }: PlayResult) => steps.map(({ outcome }) => outcome)
const first: Step = { send: 'one\n', expect: ['{"return": 1}'] }
const second: Step = { send: 'event\n', expect: [stop, '{"return": 2}'] }
const third: Step = { send: 'three\n', expect: ['{"return": 3}'] }

describe('the transcript runner', { concurrency: 4 }, () => {
  it('finds a conversation that goes as recorded the same, and ends the server', async () => {
    const result = await playOn('none', conversation(first, second, third))
    assert.deepEqual(outcomes(result), ['same', 'same', 'same', 'same'])
    assert.deepEqual({ ...result.exit, stderr: '' }, { status: 0, signal: null, stderr: '' })
    assert.deepEqual(result.leftovers, [])
  })

  it('sees the end of the connection, and how the server ended', async () => {
    const quit: Step = { send: 'quit\n', expect: ['{"return": 1}', '<EOF>'] }
    assert.deepEqual(outcomes(await playOn('none', conversation(quit))), ['same', 'same'])
    assert.equal((await playOn('exits with 3', conversation(quit))).exit.status, 3)
  })

  it('finds a wrong line and goes on with the next step', async () => {
    const result = await playOn('none', conversation({ ...first, expect: ['{"return": 9}'] }, second, third))
    assert.deepEqual(outcomes(result), ['different', 'same', 'same', 'same'])
    assert.match(result.steps[0]!.difference!, /\{"return": 9\}\n.*got:\n.*\{"return": 1\}/s)
  })

  it('finds a line too many that comes late', async () => {
    const result = await playOn('extra line', conversation(first))
    assert.deepEqual(outcomes(result), ['same', 'different'])
    assert.match(result.steps[1]!.difference!, /RESUME/)
  })

  it('finds a line where silence was recorded', async () => {
    const silent: Step = { send: 'one\n', n: 0, quiet: 0.2, expect: [] }
    assert.deepEqual(outcomes(await playOn('none', conversation(silent))), ['different', 'same'])
  })

  it('finds a missing event without taking the next answer for it', async () => {
    const result = await playOn('no event', conversation(first, second, third))
    assert.deepEqual(outcomes(result), ['same', 'different', 'same', 'same'])
  })

  it('finds a line that does not end in CR LF', async () => {
    assert.deepEqual(outcomes(await playOn('bare line feed', conversation(first))), ['different', 'same'])
  })

  it('lets lines follow that are a race, and no others', async () => {
    const resume = stop.replace('STOP', 'RESUME')
    const racing: Step = { ...first, quiet: 0.2, more: [resume] }
    assert.deepEqual(outcomes(await playOn('extra line', conversation(racing))), ['same', 'same'])
    assert.deepEqual(outcomes(await playOn('none', conversation(racing))), ['same', 'same'])
    const other = await playOn('extra line', conversation({ ...racing, more: [stop] }))
    assert.deepEqual(outcomes(other), ['same', 'different'])
  })

  it('counts what other connections hear', async () => {
    const result = await playOn(
      'none',
      conversation(
        { mon: 'B', connect: 'qmp.sock', expect: ['{"QMP": {"version": {}, "capabilities": []}}'] },
        { send: 'event\n', expect: [stop, '{"return": 1}'], others: { B: [] } },
        { mon: 'B', close: true, expect: [] },
      ),
    )
    assert.deepEqual(outcomes(result), ['same', 'same', 'same', 'same'])
  })

  it('compares what shell commands print', async () => {
    const result = await playOn(
      'none',
      conversation({ sh: 'echo a; echo b >&2', stdout: 'a\nb\n' }, { sh: 'pwd', stdout: 'x' }),
    )
    assert.deepEqual(outcomes(result), ['same', 'different', 'same'])
  })

  it('calls a step pending only if the server is known to lack the command and says so', async () => {
    const nope: Step = { send: '{"execute": "nope"}\n', expect: ['{"return": 1}'] }
    const found: Step = { send: '{"execute": "found"}\n', expect: ['{"return": 9}'] }
    const result = await playOn('none', conversation(nope, found), () => true)
    assert.deepEqual(outcomes(result), ['pending', 'different', 'same'])
    assert.deepEqual(result.steps[0]!.waitsFor, ['nope'])
    assert.deepEqual(outcomes(await playOn('none', conversation(nope))), ['different', 'same'])
  })

  it('sees socket files that stay behind', async () => {
    assert.deepEqual((await playOn('leaves its socket', conversation(first))).leftovers, ['qmp.sock'])
  })

  it('says what a server printed that ended before it listened', async () => {
    const recorded = { ...conversation(first), setup: ['no/such/folder/qmp.sock'] }
    const { failure, exit } = await playOn('none', recorded)
    assert.match(failure!, /ENOENT/)
    assert.match(exit.stderr, /no\/such\/folder/)
  })
})
