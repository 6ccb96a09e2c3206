import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Script } from 'node:vm'
import type { V86 } from 'v86'
import { resolveInstalled } from '../../installed/index.ts'
import { type ScriptPatch, sharedPortEntries } from './ports/shared-port-entries.ts'

type Constructor = typeof V86

const fileName = 'libv86.js'
const patches: readonly ScriptPatch[] = [...sharedPortEntries]
let loaded: Constructor | undefined

/**
 * v86 of the script that its package has beside the module, with our changes of it. Where a bundle has been made, V8 finds
 * there what it compiled of the script then (tools/bundle.ts).
 */
export function loadV86(): Constructor {
  loaded ??= run(join(dirname(resolveInstalled('v86')), fileName))
  return loaded
}

function run(file: string): Constructor {
  // Its own look at what there is of cryptography would load a tenth of Node.
  const source = `(function (module, require, crypto) {${patchedScript(readFileSync(file, 'latin1'), patches)}})`
  const script = new Script(source, { filename: file, cachedData: codeKept() })
  const module = { exports: {} as { readonly V86: Constructor } }
  const load = createRequire(file)
  const late = { randomBytes: (count: number) => randomBytes(count) } // nothing is asked of it before a guest runs
  script.runInThisContext()(module, (name: string) => (name === 'crypto' ? late : load(name)))
  return module.exports.V86
}

/** @throws {Error} if a part that is changed is not there, or more often than once */
export function patchedScript(script: string, changes: readonly ScriptPatch[]): string {
  return changes.reduce((changed, [original, ours]) => {
    const parts = changed.split(original)
    if (parts.length !== 2) throw new Error(`v86 is another one: it has '${original}' ${parts.length - 1} times`)
    return parts.join(ours)
  }, script)
}

function codeKept(): Buffer | undefined {
  try {
    return readFileSync(new URL(`${fileName}.code`, import.meta.url))
  } catch {
    return undefined
  }
}
