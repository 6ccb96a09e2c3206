/** What the programs of vmon's own say to words that make no sense, and where nobody is: a line, and status 2. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, it } from 'node:test'
import { programNames } from '../../src/cli/program-names.ts'
import { vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'

async function run(...words: readonly string[]): Promise<{ status: number | null; said: string }> {
  await using server = await Server.start([...vmon.command, ...words])
  const { status, stderr } = await server.exited
  return { status, said: stderr }
}

describe('the programs of vmon', () => {
  for (const [line, complaint] of [
    ['shell --bogus', "unrecognized option '--bogus'; see vmon shell --help"],
    ['shell -x', "unrecognized option '-x'; see vmon shell --help"],
    ['shell', 'an ADDRESS is needed; see vmon shell --help'],
    ['shell --timeout 0 qmp.sock', "--timeout takes a number of seconds, not '0'"],
    ['shell none.sock', "Failed to connect to 'none.sock': No such file or directory"],
    ['shell --timeout 1e300 none.sock', "Failed to connect to 'none.sock': No such file or directory"],
    ['shell --hm --time 300 none.sock info -v', "Failed to connect to 'none.sock': No such file or directory"],
    ['top --interval', "missing argument for option '--interval'; see vmon top --help"],
    ['top --json=1 qmp.sock', "unrecognized option '--json=1'; see vmon top --help"],
    ['ps --bogus', "unrecognized option '--bogus'; see vmon ps --help"],
    ['metrics --listen', "missing argument for option '--listen'; see vmon metrics --help"],
    ['console --bogus', "unrecognized option '--bogus'; see vmon console --help"],
    ['console one.sock two.sock', 'one ADDRESS is needed; see vmon console --help'],
    ['mcp more', "unexpected word 'more'; see vmon mcp --help"],
    ['mcp --machines none', "--machines takes a number above 0, not 'none'"],
    ['mcp --folder none', 'none: No such file or directory'],
    [`mcp --folder ${process.execPath}`, `${process.execPath}: Not a directory`],
  ] as const)
    it(`refuse 'vmon ${line}' in a line`, async () => {
      const words = line.split(' ')
      assert.deepEqual(await run(...words), { status: 2, said: `vmon ${words[0]}: ${complaint}\n` })
    })

  it('have a help, and refuse an option that there is not, without a stack', async () => {
    for (const name of programNames) {
      if (name === 'completion') continue // takes the name of a shell alone
      const [help, refusal] = await Promise.all([run(name, '--help'), run(name, '--bogus')])
      assert.equal(help.status, 0, name)
      assert.ok(refusal.status === 1 || refusal.status === 2, name)
      assert.match(refusal.said, new RegExp(`^vmon ${name}: [^\n]*--bogus`))
      assert.doesNotMatch(refusal.said, /^ +at |node:/m)
    }
  })

  it('say in the system’s words that a port is taken, or a host is unknown', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    try {
      assert.deepEqual(await run('metrics', '--listen', `127.0.0.1:${port}`, '.'), {
        status: 1,
        said: `vmon metrics: Failed to listen at 127.0.0.1:${port}: Address already in use\n`,
      })
      assert.deepEqual(await run('metrics', '--listen', `host.invalid:${port}`, '.'), {
        status: 1,
        said: `vmon metrics: address resolution failed for host.invalid:${port}: Name or service not known\n`,
      })
    } finally {
      taken.close()
    }
  })

  it('are told of where a first word is no image', async () => {
    const unknown = (word: string) => `vmon: ${word}: Could not open '${word}': No such file or directory\n`
    assert.deepEqual(await run('bogus'), { status: 1, said: `${unknown('bogus')}vmon -help tells what there is.\n` })
    const near = `${unknown('shel')}Did you mean vmon shell? vmon -help tells what there is.\n`
    assert.deepEqual(await run('shel'), { status: 1, said: near })
    assert.deepEqual(await run('disk.img'), { status: 1, said: unknown('disk.img') })
  })

  it('tell in the help of img how key slots are changed', async () => {
    const { said } = await run('img', 'amend', '--help')
    for (const name of ['state', 'keyslot', 'old-secret', 'new-secret', 'iter-time'])
      assert.match(said, new RegExp(`^ +-o .*\\b${name}=`, 'm'))
  })
})
