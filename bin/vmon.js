#!/usr/bin/env node
const { join } = require('node:path')
const { runBundle } = require('./run-bundle.js')

// Requests to disks wait in threads of libuv's: with its four, a queue of requests is soon longer than there are threads.
process.env.UV_THREADPOOL_SIZE ??= '8'

// What `vmon img` needs is a third of everything, and is loaded in a third of the time.
runBundle(join(__dirname, '../dist/cli', process.argv[2] === 'img' ? 'img.cjs' : 'main.cjs'))
