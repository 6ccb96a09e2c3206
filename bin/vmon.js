#!/usr/bin/env node
// Runs the bundle with the code that V8 compiled when it was built: two thirds of loading it are compiling it. V8 looks
// whether that code is its own and for this source; if not, it compiles as ever. See tools/bundle.ts.
const { readFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const { dirname, join } = require('node:path')
const { Script } = require('node:vm')

// Requests to disks wait in threads of libuv's: with its four, a queue of requests is soon longer than there are threads.
process.env.UV_THREADPOOL_SIZE ??= '8'

const file = join(__dirname, '../dist/cli/main.cjs')
const script = new Script(readFileSync(file, 'utf8'), { filename: file, cachedData: compiled() })
script.runInThisContext()(createRequire(file), file, dirname(file))

function compiled() {
  try {
    return readFileSync(`${file}.code`)
  } catch {
    return undefined
  }
}
