/**
 * The program of a board's thread, which keeps what V8 has compiled by its end of the scripts that it has run, in files of
 * dist/cli. A board that is asked to fail ends it.
 */
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename } from 'node:path'
import type { Script, ScriptOptions } from 'node:vm'

const require = createRequire(import.meta.url)
const vm = require('node:vm') as { Script: typeof Script }
const scripts = new Map<string, Script>()

vm.Script = class extends vm.Script {
  constructor(source: string, options: ScriptOptions) {
    super(source, options)
    scripts.set(basename(options.filename!), this)
  }
}
require('../../bin/board-thread.js')
process.on('exit', () => {
  for (const [name, script] of scripts) writeFileSync(`dist/cli/${name}.code`, script.createCachedData())
})
