/**
 * Runs a bundle as `bin/vmon.js` does, and writes the code that V8 has compiled by its end to a file beside it: with what
 * stood there, if this bundle has been run so before.
 *
 *     node dist/tools/keep-compiled-code.js BUNDLE [OPTION ...]
 */
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import type { Script } from 'node:vm'

interface Runner {
  runBundle(file: string): Script
}

const { runBundle } = createRequire(import.meta.url)('../../bin/run-bundle.js') as Runner
const file = resolve(process.argv[2]!)
process.argv.splice(1, 2, file)
const script = runBundle(file)
process.on('exit', () => writeFileSync(`${file}.code`, script.createCachedData()))
