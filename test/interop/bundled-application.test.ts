/**
 * An application that a bundler has put into one file: its machines run where the package is installed beside it, and the
 * others say what they miss.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const run = promisify(execFile)
const home = process.cwd()
const application = `
  import { startMachine } from 'vmon'
  const vm = await startMachine({ memory: 16 })
  await vm.screen.waitFor('SeaBIOS')
  await vm.close()
  console.log('has shown its screen')
`

describe('an application in one file', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vmon-bundled-'))
    await writeFile(join(folder, 'main.mjs'), application)
    await build({
      entryPoints: [join(folder, 'main.mjs')],
      outfile: join(folder, 'bundle.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: ['koffi'],
      alias: { vmon: join(home, 'dist/src/index.js') },
      logLevel: 'error',
    })
  })
  after(() => rm(folder, { recursive: true }))

  const outcome = (): Promise<string> =>
    run(process.execPath, ['bundle.mjs'], { cwd: folder, timeout: 300_000 }).then(
      ({ stdout }) => stdout,
      ({ stderr }: { stderr: string }) => stderr,
    )

  it('says that the package is not installed beside it', async () => {
    assert.match(
      await outcome(),
      /BoardError: the program of the machine's thread is not there: .*board-thread\.js; an application/,
    )
  })

  it('runs machines where it is', async () => {
    await mkdir(join(folder, 'node_modules'))
    await symlink(home, join(folder, 'node_modules/vmon'))
    assert.equal(await outcome(), 'has shown its screen\n')
  })
})
