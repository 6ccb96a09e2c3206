// The program of a board's thread (see src/devices/worker.ts).
const { join } = require('node:path')
const { runBundle } = require('./run-bundle.js')

runBundle(join(__dirname, '../dist/cli/worker.cjs'))
