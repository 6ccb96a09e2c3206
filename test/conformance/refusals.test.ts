import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { refusals } from './refusals.ts'

describe('vmon refuses what it cannot do', { concurrency: 2 }, () => {
  for (const { what, options, says } of refusals) {
    it(`${what}: ${options.join(' ')}`, async () => {
      await using server = await Server.start([...vmon.command, '-display', 'none', '-nodefaults', '-S', ...options])
      const { status, stderr } = await server.exited
      assert.deepEqual({ status, line: stderr.split('\n')[0] }, { status: 1, line: `vmon: ${says}` })
    })
  }
})
