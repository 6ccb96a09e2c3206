/** What the package declares: in browsers and in Node, for several compilers, with nothing left out of their checks. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { blocksOf } from './programs.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const timeout = 300_000

/** Compilers that are installed. */
const compilers = ['typescript', 'typescript-6.0', 'typescript-5.9'].flatMap((name) => {
  const program = join(root, 'node_modules', name, 'bin/tsc')
  return existsSync(program) ? [{ name, program }] : []
})

/** Compiles a project inside the package, which finds itself by its name. @returns what the compiler says */
async function compile(compiler: string, options: object, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(root, 'dist', 'types-'))
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    const compilerOptions = { target: 'es2022', strict: true, skipLibCheck: false, noEmit: true, ...options }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(files) }))
    const { stdout } = await promisify(execFile)(process.execPath, [compiler, '-p', folder, '--pretty', 'false'])
    return stdout
  } catch (error) {
    return (error as { stdout: string }).stdout
  } finally {
    await rm(folder, { recursive: true })
  }
}

const inBrowsers = `
import { QmpClient, CommandError } from 'vmon/client'
import { JsonStream } from 'vmon/json'
import { str } from 'vmon/qapi'
export async function look(client: QmpClient): Promise<boolean> {
  const { running, status } = await client.execute('query-status')
  const word: 'running' | string = status
  for await (const { event, data } of client.events({ names: ['SHUTDOWN'] })) {
    const name: 'SHUTDOWN' = event
    const guest: boolean = data.guest
    return guest && name.length > 0
  }
  // @ts-expect-error there is no such event
  client.events({ names: ['STPO'] })
  // @ts-expect-error an argument is missing
  await client.execute('screendump')
  // @ts-expect-error of another type
  await client.execute('screendump', { filename: 1 })
  const refused = await client.execute('stop').catch((error) => error instanceof CommandError)
  await client.execute('screendump', { filename: 'x.png', format: 'png' })
  await client.execute('blockdev-add', { driver: 'qcow2', 'node-name': 'a', file: { driver: 'file', filename: 'a' } })
  return running && refused !== true && word !== '' && new JsonStream() !== undefined && str.name === 'str'
}
`

const allDoors = `
import * as vmon from 'vmon'
import * as block from 'vmon/block'
import * as client from 'vmon/client'
import * as json from 'vmon/json'
import * as qapi from 'vmon/qapi'
import * as testing from 'vmon/testing'
const connected: Promise<client.QmpClient> = vmon.connectQmp('x')
export { block, connected, json, qapi, testing, vmon }
`

describe('the types of the package', { timeout }, () => {
  for (const { name, program } of compilers) {
    it(`need nothing of Node's where a browser has the client (${name})`, async () => {
      const browser = { lib: ['es2022', 'dom'], types: [], module: 'esnext', moduleResolution: 'bundler' }
      assert.equal(await compile(program, browser, { 'page.ts': inBrowsers }), '')
    })

    it(`fit each other at all doors (${name})`, async () => {
      const bundled = { types: ['node'], module: 'esnext', moduleResolution: 'bundler' }
      assert.equal(await compile(program, bundled, { 'doors.mts': allDoors }), '')
    })
  }

  it('fit what the guide shows', async () => {
    const files: Record<string, string> = { 'doors.mts': allDoors }
    for (const page of ['README.md', ...(await readdir(join(root, 'docs/guide'))).map((one) => `docs/guide/${one}`)]) {
      const text = await readFile(join(root, page), 'utf8')
      for (const [index, block] of blocksOf(text, 'ts').entries())
        files[`${page.replaceAll(/\W/g, '-')}-${index}.mts`] = `${block}\nexport {}\n`
    }
    assert.ok(Object.keys(files).length > 10)
    assert.equal(await compile(compilers[0]!.program, { types: ['node'], module: 'nodenext' }, files), '')
  })

  it('say of commands and events what the table says, or what it takes more narrowly', async () => {
    const same = `
import type { Commands as Table, Events as TableEvents } from '../src/commands/index.ts'
import type { ArgsOf, DataOf, ReturnOf } from '../src/qapi/index.ts'
import type { Commands, Events } from '../src/client/index.ts'
type Fits<X, Y> = [X] extends [Y] ? true : never
type Missing = Exclude<keyof Table, keyof Commands> | Exclude<keyof TableEvents, keyof Events>
export const none: [Missing] extends [never] ? true : never = true
export const args: { [K in keyof Table]: Fits<Commands[K]['args'], ArgsOf<Table[K]>> } = {} as { [K in keyof Table]: true }
export const returns: { [K in keyof Table]: Fits<Commands[K]['returns'], ReturnOf<Table[K]>> } = {} as { [K in keyof Table]: true }
export const data: { [K in keyof TableEvents]: Fits<Events[K]['data'], DataOf<TableEvents[K]>> } = {} as { [K in keyof TableEvents]: true }
`
    const options = {
      ...{ module: 'nodenext', lib: ['es2023', 'esnext.disposable'], types: ['node'], skipLibCheck: true },
      ...{ allowImportingTsExtensions: true, exactOptionalPropertyTypes: true },
    }
    assert.equal(await compile(compilers[0]!.program, options, { 'same.ts': same }), '')
  })
})
