/** What the README shows is so: its sessions are held, its programs run. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Step } from '../oracle/case.ts'
import { vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { play } from '../oracle/transcript.ts'
import { blocksOf, linksOf, runShown } from './programs.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** A session as a conversation: `$` options, `->` what is sent, `<-` what comes; when it happens may differ. */
function conversation(session: string): { setup: readonly string[]; steps: readonly Step[] } {
  const timeless = session.replace(/"(seconds|microseconds)": \d+/g, '"$1": "@int@"')
  const [options = '', ...lines] = timeless.trim().split('\n')
  const steps: { connect?: string; send?: string; expect: string[] }[] = [{ connect: 'qmp.sock', expect: [] }]
  for (const line of lines) {
    if (line.startsWith('-> ')) steps.push({ send: `${line.slice(3)}\n`, expect: [] })
    else steps.at(-1)!.expect.push(line.slice(3))
  }
  steps.at(-1)!.expect.push('<EOF>')
  return { setup: [...options.slice(2).split(' '), '-qmp', 'unix:qmp.sock,server=on,wait=off'], steps }
}

describe('the README', () => {
  let folder = ''
  before(async () => {
    // Inside the package, so that its programs find it by name.
    folder = await mkdtemp(join(root, 'dist', 'readme-'))
  })
  after(() => rm(folder, { recursive: true }))

  it('shows a session as it goes', async () => {
    const [session, ...others] = blocksOf(readme, 'qmp')
    assert.equal(others.length, 0)
    const { setup, steps } = conversation(session!)
    const recorded = { name: 'README', comment: '', setup, handshake: false, steps }
    const { steps: played } = await play(recorded, { command: vmon.command })
    const wrong = played.filter(({ outcome }) => outcome !== 'same').map(({ difference }) => difference)
    assert.deepEqual(wrong, [])
  })

  it('shows a first test that passes, in less than fifteen lines, and programs that run with what it has made', async () => {
    const [first, ...others] = blocksOf(readme, 'js')
    assert.equal(others.length, 0)
    assert.ok(first!.trimEnd().split('\n').length < 15)
    const tested = await runShown(first!, folder, 'boot.test')
    assert.equal(tested.status, 0, tested.said)
    const programs = blocksOf(readme, 'ts')
    assert.equal(programs.length, 5)
    const options = ['-display', 'none', '-accel', 'none', '-qmp', 'unix:qmp.sock,server=on,wait=off']
    await using server = await Server.start([...vmon.command, ...options])
    await server.listening('qmp.sock')
    for (const [index, program] of programs.entries()) {
      const text = program.replace('unix:qmp.sock', `unix:${server.path('qmp.sock')}`)
      const { status, said } = await runShown(text, folder, `${index}`)
      assert.equal(status, 0, `${program}\n${said}`)
    }
    assert.ok(existsSync(join(folder, 'screen.png')))
  })

  it('links to files that there are', () => {
    assert.deepEqual(
      linksOf(readme).filter((link) => !existsSync(join(root, link))),
      [],
    )
  })
})
