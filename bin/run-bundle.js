// Runs a bundle of dist/cli with the code that V8 compiled when it was built: two thirds of loading it are compiling it.
// V8 looks whether that code is its own and for this source; if not, it compiles as ever. See tools/bundle.ts.
const { existsSync, readFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const { dirname } = require('node:path')
const { Script } = require('node:vm')

/** Modules of Node's that take milliseconds to load: each is loaded when something of it is first asked for. */
const slow = new Set(
  [
    'child_process',
    'crypto',
    'dgram',
    'dns',
    'fs/promises',
    'http',
    'https',
    'net',
    'os',
    'readline',
    'stream',
    'tls',
    'tty',
    'worker_threads',
    'zlib',
  ].map((name) => `node:${name}`),
)

/** @returns the bundle as V8 has it, once it has been run */
exports.runBundle = (file) => {
  if (!existsSync(file)) {
    console.error('vmon: not built: run npm run build')
    process.exit(1)
  }
  const script = new Script(readFileSync(file, 'latin1'), { filename: file, cachedData: compiled(file) })
  const load = createRequire(file)
  const loadLate = (name) => (slow.has(name) ? late(() => load(name)) : load(name))
  script.runInThisContext()(Object.assign(loadLate, load), file, dirname(file))
  return script
}

function late(load) {
  return new Proxy({}, { get: (_, name) => load()[name], ownKeys: () => Reflect.ownKeys(load()) })
}

function compiled(file) {
  try {
    return readFileSync(`${file}.code`)
  } catch {
    return undefined
  }
}
