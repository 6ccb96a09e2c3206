import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { transform } from 'esbuild'
import { blocksOf, filesOfTheGuide } from '../docs/programs.ts'
import type { Suite, SuiteRun, Tally } from './suite.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
/** How long a newcomer may take from `npm i` to a test that passes, in milliseconds. */
const newcomerMs = 120_000
const patienceMs = 600_000

const nodes = ['20', '22', '24']
const compilers = ['5.9', '6.0']
const modes: Readonly<Record<string, object>> = {
  nodenext: { module: 'nodenext' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
}

/** A program as a page shows it. */
interface Shown {
  readonly name: string
  readonly text: string
}

/**
 * The package as people get it: packed, installed into a project of its own, and used as the README and the guide show.
 * Needs a package registry.
 */
export const installed: Suite = {
  name: 'installed',
  usage: '[WORD ...]',
  summary:
    'the packed package, installed, under Node 20, 22 and 24, TypeScript 5.9 and 6.0, and Vitest; cases with a WORD',
  async run(run: SuiteRun): Promise<Tally> {
    const folder = await mkdtemp(join(tmpdir(), 'vmon-installed-'))
    try {
      return await new InstalledPackage(folder, run).run()
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

class InstalledPackage {
  readonly #folder: string
  readonly #run: SuiteRun
  #passed = 0
  #failed = 0

  constructor(folder: string, run: SuiteRun) {
    this.#folder = folder
    this.#run = run
  }

  async run(): Promise<Tally> {
    await this.#command(root, 'npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', this.#folder)
    const file = join(this.#folder, (await readdir(this.#folder)).find((name) => name.endsWith('.tgz'))!)
    await this.#case('a newcomer has a test that passes within two minutes', () => this.#newcomer(file))
    const project = await this.#project(file)
    const programs = await shownPrograms('ts')
    for (const node of nodes) {
      const program = join(project, 'node_modules', `node${node}`, 'bin', 'node')
      for (const { name, text } of programs.filter(({ name }) => name.startsWith('guide')))
        await this.#case(`${name} under Node ${node}`, () =>
          this.#program(project, program, `${name}-${node}.mjs`, text),
        )
    }
    for (const compiler of compilers)
      for (const mode of Object.keys(modes))
        await this.#case(`types fit for TypeScript ${compiler}, ${mode}`, () =>
          this.#compile(project, compiler, mode, programs),
        )
    await this.#case('fixtures of Vitest', () => this.#vitest(project))
    return { passed: this.#passed, failed: this.#failed }
  }

  /** What the README shows first, in an empty folder. @throws if it takes too long */
  async #newcomer(file: string): Promise<void> {
    const folder = await this.#place('newcomer')
    const [first] = blocksOf(await readFile(join(root, 'README.md'), 'utf8'), 'js')
    await writeFile(join(folder, 'boot.test.mjs'), first!)
    const start = performance.now()
    await this.#command(folder, 'npm', 'init', '-y')
    await this.#command(folder, 'npm', 'i', file)
    await this.#command(folder, process.execPath, '--test')
    const taken = performance.now() - start
    this.#run.print(`  ${(taken / 1000).toFixed(1)} s from npm init to a test that passes`)
    if (taken > newcomerMs) throw new Error('that is too long')
  }

  /** A project that has the package, the versions of Node and TypeScript, and Vitest. */
  async #project(file: string): Promise<string> {
    const folder = await this.#place('project')
    const others = [
      ...nodes.map((version) => `node${version}@npm:node-${process.platform}-${process.arch}@${version}`),
      ...compilers.map((version) => `typescript-${version}@npm:typescript@~${version}.0`),
      ...['@types/node@20', 'vitest@3'],
    ]
    await this.#command(folder, 'npm', 'init', '-y')
    await this.#command(folder, 'npm', 'i', file, ...others)
    await filesOfTheGuide(folder)
    return folder
  }

  async #program(folder: string, node: string, name: string, text: string): Promise<void> {
    await writeFile(join(folder, name), (await transform(text, { loader: 'ts', target: 'es2022' })).code)
    await this.#command(folder, node, name)
  }

  async #compile(project: string, compiler: string, mode: string, programs: readonly Shown[]): Promise<void> {
    const folder = join(project, `types-${compiler}-${mode}`)
    await mkdir(folder)
    for (const { name, text } of programs) await writeFile(join(folder, `${name}.mts`), `${text}\nexport {}\n`)
    const options = {
      target: 'es2022',
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
      ...modes[mode],
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options }))
    const tsc = join(project, 'node_modules', `typescript-${compiler}`, 'bin', 'tsc')
    await this.#command(folder, process.execPath, tsc, '-p', '.', '--pretty', 'false')
  }

  async #vitest(project: string): Promise<void> {
    for (const { name, text } of await shownPrograms('ts vitest'))
      await writeFile(join(project, `${name}.test.ts`), text)
    const failing = `
import { test as base } from 'vitest'
import { machineFixture } from 'vmon/testing'
const test = base.extend({ vm: machineFixture({ accel: 'none' }, { failures: 'left' }) })
test.fails('leaves a picture', async ({ vm }) => {
  await vm.qmp.execute('stop')
  throw new Error('as it should')
})
test('fails', ({ vm }) => vm.qmp.executeAny('nosuch').then(() => undefined))
`
    await writeFile(join(project, 'failing.test.ts'), failing)
    const vitest = join(project, 'node_modules', 'vitest', 'vitest.mjs')
    await this.#command(project, process.execPath, vitest, 'run', '--exclude', 'failing.test.ts')
    await this.#command(project, process.execPath, vitest, 'run', 'failing.test.ts').then(
      () => Promise.reject(new Error('a test that fails has passed')),
      () => undefined,
    )
    if (!existsSync(join(project, 'left', 'fails.png'))) throw new Error('there is no picture of the machine')
  }

  async #place(name: string): Promise<string> {
    const folder = join(this.#folder, name)
    await mkdir(folder)
    return folder
  }

  async #case(name: string, run: () => Promise<void>): Promise<void> {
    const words = this.#run.arguments
    if (this.#run.signal.aborted || (words.length > 0 && !words.some((word) => name.includes(word)))) return
    try {
      await run()
      this.#passed++
      this.#run.print(`ok      ${name}`)
    } catch (error) {
      const { message, stdout = '', stderr = '' } = error as Error & { stdout?: string; stderr?: string }
      this.#failed++
      this.#run.print(`failed  ${name}\n${message}\n${stdout}${stderr}`)
    }
  }

  /** @throws with what it has said, if its status is not 0 */
  async #command(cwd: string, program: string, ...words: readonly string[]): Promise<void> {
    // (Tests of this process's own runner are not meant.)
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    await promisify(execFile)(program, [...words], { cwd, env, signal: this.#run.signal, timeout: patienceMs })
  }
}

/** What the README and the guide show in a language. */
async function shownPrograms(language: string): Promise<readonly Shown[]> {
  const guide = (await readdir(join(root, 'docs/guide'))).map((name) => `docs/guide/${name}`)
  const pages = await Promise.all(
    ['README.md', ...guide].map(async (page) => ({ page, text: await readFile(join(root, page), 'utf8') })),
  )
  return pages.flatMap(({ page, text }) =>
    blocksOf(text, language).map((block, index) => ({
      name: `${page
        .replace(/^docs\//, '')
        .replace(/\.md$/, '')
        .replaceAll(/\W/g, '-')}-${index + 1}`,
      text: block,
    })),
  )
}
