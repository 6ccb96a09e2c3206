/** What is no file to read whole, or to write to, is refused in one line: nothing is waited for, nothing fills memory. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'

const machine = ['-S', '-accel', 'none', '-display', 'none', '-nodefaults']

// /dev/null and its like are not for the oracle: as root, QEMU removes a pid file that it cannot write to, whatever it is.
const refusals: readonly (readonly [words: readonly string[], said: string])[] = [
  [['-bios', '/dev/zero'], "could not load PC BIOS '/dev/zero'"],
  [['-bios', 'fifo'], "could not load PC BIOS 'fifo'"],
  [['-bios', 'huge'], "could not load PC BIOS 'huge'"],
  [['-kernel', '/dev/zero'], "could not load kernel '/dev/zero': Not a regular file"],
  [['-kernel', 'fifo'], "could not load kernel 'fifo': Not a regular file"],
  [['-kernel', 'huge'], "could not load kernel 'huge': Larger than 2147483647 bytes"],
  [
    ['-object', 'secret,id=s,file=/dev/zero'],
    'Unable to read /dev/zero: Failed to open file “/dev/zero”: Not a regular file',
  ],
  [
    ['-object', 'secret,id=s,file=fifo'],
    'Unable to read fifo: Failed to open file “fifo”: Nothing comes from the pipe',
  ],
  [['-object', 'secret,id=s,file=.'], 'Unable to read .: Error reading file “.”: Is a directory'],
  [['-object', 'secret,id=s,file=huge'], 'Unable to read huge: Failed to open file “huge”: Larger than 1048576 bytes'],
  [['-pidfile', '/dev/null'], 'cannot create PID file: Failed to truncate pid file: Invalid argument'],
  [['-pidfile', '/dev/full'], 'cannot create PID file: Failed to truncate pid file: Invalid argument'],
  [['-pidfile', '.'], "cannot create PID file: Could not create '.': Is a directory"],
  [['-pidfile', 'huge/x'], "cannot create PID file: Could not create 'huge/x': Not a directory"],
  [['-D', 'huge/x'], 'Error opening logfile huge/x: Not a directory'],
  [['-D', '.'], 'Error opening logfile .: Is a directory'],
]

describe('vmon refuses', { concurrency: 3 }, () => {
  for (const [words, said] of refusals) {
    it(words.join(' '), async () => {
      await using server = await Server.start(
        [...vmon.command, ...machine, ...words],
        ['mkfifo fifo', 'truncate -s 3G huge'],
      )
      assert.deepEqual(await server.ended(), { status: 1, signal: null, stderr: `vmon: ${said}\n` })
    })
  }

  it('a password from a pipe comes through it', async () => {
    await using server = await Server.start(['true'])
    const vmonWords = vmon.command.map((word) => `'${word}'`).join(' ')
    const line = `bash -c "${vmonWords} img create -f luks --object secret,id=s,file=<(sleep 0.1; echo password) -o key-secret=s,iter-time=10 i 1M"`
    const { status, output } = await server.shell(line)
    assert.equal(status, 0, output)
  })
})
