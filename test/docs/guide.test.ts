/** What the guide shows runs. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { blocksOf, filesOfTheGuide, linksOf, runShown } from './programs.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const guide = join(root, 'docs', 'guide')

describe('the guide', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(root, 'dist', 'guide-'))
    await filesOfTheGuide(folder)
  })
  after(() => rm(folder, { recursive: true }))

  for (const name of readdirSync(guide)) {
    const page = readFileSync(join(guide, name), 'utf8')
    for (const [index, program] of blocksOf(page, 'ts').entries())
      it(`shows in ${name} a program that runs: ${index + 1}`, async () => {
        const { status, said } = await runShown(program, folder, `${name}-${index}`)
        assert.equal(status, 0, said)
      })

    it(`links in ${name} to files that there are`, () => {
      assert.deepEqual(
        linksOf(page).filter((link) => !existsSync(join(dirname(join(guide, name)), link))),
        [],
      )
    })
  }
})
