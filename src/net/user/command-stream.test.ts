import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pause } from '../../async/index.ts'
import { CommandStream } from './command-stream.ts'

test('a program whose connection is cut off ends its work with all that was written to it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vmon-command-'))
  const [started, kept] = [join(folder, 'started'), join(folder, 'kept')]
  try {
    const stream = new CommandStream(`sh -c "echo > ${started}; cat > ${kept}.part; mv ${kept}.part ${kept}"`)
    while (!existsSync(started)) await pause(10)
    stream.write('all of it')
    stream.destroy()
    while (!existsSync(kept)) await pause(10)
    assert.equal(readFileSync(kept, 'latin1'), 'all of it')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
