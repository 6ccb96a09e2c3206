import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { clientFlags, clientOption, options } from '../../src/nbd/index.ts'
import { missingProgram } from '../oracle/peers.ts'
import { vmon } from '../oracle/programs.ts'
import { type TestCredentials, testCredentials } from '../tls/credentials.ts'
import { type Run, run, runVmon, scratch, startServer } from './nbd-programs.ts'
import { RawNbdClient } from './raw-nbd-client.ts'

const megabyte = 2 ** 20
const qemu = { img: ['qemu-img'], nbd: ['qemu-nbd'] } as const
const ours = { img: [...vmon.command, 'img'], nbd: [...vmon.command, 'nbd'] } as const

describe('NBD over TLS', { timeout: 300_000, skip: missingProgram('qemu-img', 'nbdcopy', 'openssl') }, () => {
  let made: TestCredentials
  before(async () => {
    made = await testCredentials()
  })
  after(() => made?.[Symbol.asyncDispose]())

  const x509 = (dir: string, endpoint: string): string => `tls-creds-x509,id=tls0,dir=${dir},endpoint=${endpoint}`

  /** Ends of the three kinds, which can speak with each other. */
  const kinds = () => [
    { server: x509(made.server, 'server'), client: x509(made.client, 'client') },
    {
      server: `tls-creds-psk,id=tls0,dir=${made.keys},endpoint=server`,
      client: `tls-creds-psk,id=tls0,dir=${made.keys},endpoint=client`,
    },
    { server: 'tls-creds-anon,id=tls0,endpoint=server', client: 'tls-creds-anon,id=tls0,endpoint=client' },
  ]

  const image = (socket: string, more = ',tls-hostname=localhost'): string =>
    `driver=nbd,path=${socket},tls-creds=tls0${more}`

  for (const [name, server, client] of [
    ["ours, for QEMU's program", ours, qemu],
    ["QEMU's, for our program", qemu, ours],
    ['ours, for our program', ours, ours],
  ] as const) {
    it(`carries an image there and back: the server is ${name}`, async () => {
      await using files = await scratch()
      for (const kind of client === ours && server === ours ? kinds().slice(0, 1) : kinds()) {
        await writeFile(files.path('disk'), Buffer.alloc(3 * megabyte, 'old'))
        await writeFile(files.path('new'), Buffer.alloc(3 * megabyte, 'other'))
        const words = ['-t', '-f', 'raw', '-k', files.path('s'), '--object', kind.server, '--tls-creds', 'tls0']
        await using _running = await startServer([...server.nbd, ...words, files.path('disk')], files.path('s'))
        const out = ['--object', kind.client, '--image-opts', image(files.path('s'))]
        await done([...client.img, 'convert', '-O', 'raw', ...out, files.path('copy')])
        await done(['cmp', files.path('disk'), files.path('copy')])
        const into = ['--object', kind.client, '-n', '--target-image-opts', files.path('new'), image(files.path('s'))]
        await done([...client.img, 'convert', '-f', 'raw', ...into])
        await done(['cmp', files.path('disk'), files.path('new')])
      }
    })
  }

  it("is spoken with libnbd's programs", async () => {
    await using files = await scratch()
    await writeFile(files.path('disk'), Buffer.alloc(5 * megabyte, 'some text'))
    const uris = [
      `nbds+unix://localhost/?socket=${files.path('s')}&tls-certificates=${made.client}`,
      `nbds+unix://qemu@localhost/?socket=${files.path('s')}&tls-psk-file=${made.keys}/keys.psk`,
    ]
    for (const [index, uri] of uris.entries()) {
      const words = [
        '-t',
        '-f',
        'raw',
        '-k',
        files.path('s'),
        '--object',
        kinds()[index]!.server,
        '--tls-creds',
        'tls0',
      ]
      await using server = await startServer([...ours.nbd, '-e', '0', ...words, files.path('disk')], files.path('s'))
      assert.equal(JSON.parse(await done(['nbdinfo', '--json', uri])).TLS, true)
      await done(['nbdcopy', uri, files.path('copy')])
      await done(['cmp', files.path('disk'), files.path('copy')])
      assert.equal(server.errors(), '')
    }
  })

  it('is refused as by qemu-nbd and qemu-img', async () => {
    await using files = await scratch()
    await writeFile(files.path('disk'), Buffer.alloc(megabyte))
    const secret = 'secret,id=tls0,data=x'
    const anonymous = 'tls-creds-anon,id=tls0'
    for (const words of [
      ['--tls-creds', 'tls0'],
      ['--object', anonymous, '--tls-creds', 'tls0'],
      ['--object', secret, '--tls-creds', 'tls0'],
      ['--tls-authz', 'a'],
      ['--tls-hostname', 'a'],
    ])
      await sameRefusal('nbd', [...words, '-f', 'raw', '-k', files.path('t'), files.path('disk')])
    const server = ['-t', '-f', 'raw', '-k', files.path('s'), '--object', x509(made.server, 'server')]
    await using running = await startServer(
      [...ours.nbd, ...server, '--tls-creds', 'tls0', files.path('disk')],
      files.path('s'),
    )
    const client = ['--object', x509(made.client, 'client')]
    for (const words of [
      ['--image-opts', `driver=nbd,path=${files.path('s')}`],
      ['--image-opts', image(files.path('s'))],
      ['--object', secret, '--image-opts', image(files.path('s'))],
      ['--object', 'tls-creds-anon,id=tls0,endpoint=server', '--image-opts', image(files.path('s'))],
      [...client, '--image-opts', image(files.path('s'), '')],
      [...client, '--image-opts', image(files.path('s'), ',tls-hostname=elsewhere')],
    ])
      await sameRefusal('img', ['info', ...words])
    const plain = ['-t', '-f', 'raw', '-k', files.path('p'), files.path('disk')]
    running.process.kill()
    await running.exited
    await using _plain = await startServer([...ours.nbd, ...plain], files.path('p'))
    await sameRefusal('img', ['info', ...client, '--image-opts', image(files.path('p'))])
  })

  it('lets in whom the object for that lets in', async () => {
    await using files = await scratch()
    await writeFile(files.path('disk'), Buffer.alloc(megabyte))
    const authz = 'authz-list,id=a,policy=deny,rules.0.match=*CN=client1,rules.0.format=glob,rules.0.policy='
    for (const policy of ['allow', 'deny']) {
      const objects = ['--object', x509(made.server, 'server'), '--object', `${authz}${policy}`]
      const words = ['-t', '-f', 'raw', '-k', files.path('s'), ...objects, '--tls-creds', 'tls0', '--tls-authz', 'a']
      await using server = await startServer([...ours.nbd, ...words, files.path('disk')], files.path('s'))
      const client = ['--object', x509(made.client, 'client'), '--image-opts', image(files.path('s'))]
      const { status } = await run(['qemu-img', 'info', ...client])
      assert.equal(status, policy === 'allow' ? 0 : 1)
      server.process.kill()
      await server.exited
      const told = 'option negotiation failed: TLS x509 authz check for C=GB,O=Example\\, Inc,CN=client1 is denied\n'
      assert.equal(server.errors(), policy === 'allow' ? '' : `vmon nbd: ${told}`)
    }
  })

  it('goes on when clients stop in the middle of it, and does not wait for them at its end', async () => {
    await using files = await scratch()
    await writeFile(files.path('disk'), Buffer.alloc(megabyte, 'data'))
    const words = ['-t', '-e', '0', '-f', 'raw', '-k', files.path('s'), '--object', x509(made.server, 'server')]
    await using server = await startServer(
      [...ours.nbd, ...words, '--tls-creds', 'tls0', files.path('disk')],
      files.path('s'),
    )
    // A TLS record that says that it is 512 bytes long, with the beginning of a ClientHello.
    const hello = Buffer.from('16030102000100', 'hex')
    for (const end of ['close', 'halfClose', 'silence', 'garbage', 'nothing'] as const) {
      const client = await RawNbdClient.connect(files.path('s'))
      client.send(clientFlags(3), clientOption(options.startTls))
      assert.equal((await client.read(20)).readUInt32BE(12), 1, 'ACK')
      if (end !== 'nothing') client.send(end === 'garbage' ? Buffer.alloc(4096, 'no record') : hello)
      if (end === 'close') await client[Symbol.asyncDispose]()
      if (end === 'halfClose') client.end()
      if (end === 'halfClose' || end === 'garbage') await client.readToEnd()
    }
    const good = ['--object', x509(made.client, 'client'), '--image-opts', image(files.path('s'))]
    await done(['qemu-img', 'info', ...good])
    server.process.kill()
    assert.equal(await server.exited, 0)
  })

  async function done(command: readonly string[]): Promise<string> {
    const { status, out, errors } = await run(command)
    assert.equal(status, 0, `${command.join(' ')}: ${errors}`)
    return out
  }

  async function sameRefusal(program: 'nbd' | 'img', words: readonly string[]): Promise<void> {
    const text = ({ status, errors }: Run): string =>
      `${status} ${errors.replaceAll(/^(qemu-|vmon )(nbd|img): /gm, '')}`
    const [theirs, own] = [await run([...qemu[program], ...words]), await runVmon([program, ...words])]
    assert.equal(text(own), text(theirs), words.join(' '))
    assert.notEqual(own.status, 0)
  }
})
