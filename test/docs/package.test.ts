/** The package that npm would publish holds what its doors and its command need. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../../', import.meta.url))

interface Manifest {
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
}

describe('the package', () => {
  it('holds its doors, its command with the bundle and the worker behind it, and no tests', async () => {
    const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Manifest
    const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
    })
    const [packed] = JSON.parse(stdout) as { files: { path: string }[] }[]
    const paths = new Set(packed!.files.map(({ path }) => `./${path}`))
    const doors = Object.values(manifest.exports).flatMap((door) =>
      typeof door === 'string' ? door : Object.values(door),
    )
    const needed = [
      ...Object.values(manifest.bin),
      ...doors,
      './dist/cli/main.cjs',
      './dist/cli/main.cjs.code',
      './dist/cli/img.cjs',
      './dist/cli/img.cjs.code',
      './bin/run-bundle.js',
      './bin/board-thread.js',
      './dist/cli/worker.cjs',
      './dist/cli/worker.cjs.code',
      './dist/cli/libv86.js.code',
      './dist/cli/LICENSE.v86',
      './dist/web/index.html',
      './dist/web/main.js',
      './README.md',
    ]
    assert.deepEqual(
      needed.filter((path) => !paths.has(path)),
      [],
      'files that are missing',
    )
    assert.deepEqual(
      [...paths].filter((path) => /\.test\.|\/test\/|\/tools\//.test(path)),
      [],
      'files that nobody needs',
    )
  })

  it('holds source maps that need no file which is not in it', () => {
    const maps = readdirSync(`${root}dist/src`, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.map'),
    )
    assert.ok(maps.length > 100)
    const empty = maps.filter((name) => {
      const map = JSON.parse(readFileSync(`${root}dist/src/${name}`, 'utf8')) as Readonly<Record<string, unknown[]>>
      return map['sourcesContent']?.length !== map['sources']?.length
    })
    assert.deepEqual(empty, [])
  })
})
