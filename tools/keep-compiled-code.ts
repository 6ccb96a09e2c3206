/**
 * Runs a bundle as `bin/vmon.js` does, and writes the code that V8 has compiled by its end to a file beside it.
 *
 *     node dist/tools/keep-compiled-code.js BUNDLE [OPTION ...]
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, resolve } from 'node:path'
import { Script } from 'node:vm'

const file = resolve(process.argv[2]!)
process.argv.splice(1, 2, file)
const script = new Script(readFileSync(file, 'utf8'), { filename: file })
process.on('exit', () => writeFileSync(`${file}.code`, script.createCachedData()))
script.runInThisContext()(createRequire(file), file, dirname(file))
