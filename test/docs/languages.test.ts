/** What the guide shows in other languages runs, beside a machine with a socket. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { blocksOf } from './programs.ts'

const guide = fileURLToPath(new URL('../../../docs/guide/', import.meta.url))
/** The machine that qmp-from-any-language.md starts. */
const machine = '-name first -accel none -display none -S -qmp unix:qmp.sock,server=on,wait=off'
const inShell = vmon.command.map((word) => `'${word}'`).join(' ')

interface Language {
  readonly word: string
  /** Its program, which has to be there. */
  readonly program?: string
  readonly file: string
  readonly run: string
}

const languages: readonly Language[] = [
  { word: 'sh run', file: 'shown.sh', run: 'sh -e shown.sh' },
  { word: 'python', program: 'python3', file: 'shown.py', run: 'python3 shown.py' },
  { word: 'go', program: 'go', file: 'shown.go', run: 'GO111MODULE=off go run shown.go' },
]

function missing({ program }: Language): string | false {
  if (program === undefined) return false
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
    return false
  } catch {
    return `there is no ${program} here`
  }
}

describe('the guide', () => {
  for (const name of readdirSync(guide)) {
    const page = readFileSync(join(guide, name), 'utf8')
    for (const language of languages)
      for (const [index, block] of blocksOf(page, language.word).entries())
        it(`shows in ${name} what runs: ${language.word} ${index + 1}`, { skip: missing(language) }, async () => {
          await using server = await Server.start([...vmon.command, ...machine.split(' ')])
          await server.listening('qmp.sock')
          await writeFile(server.path(language.file), block.replaceAll('npx vmon', inShell))
          const { status, output } = await server.shell(`${language.run} 2>&1`)
          assert.equal(status, 0, output)
        })
  }

  it('starts the machine that its programs in other languages talk to', () => {
    const page = readFileSync(join(guide, 'qmp-from-any-language.md'), 'utf8')
    assert.equal(blocksOf(page, 'sh')[0], `npx vmon ${machine}\n`)
  })
})
