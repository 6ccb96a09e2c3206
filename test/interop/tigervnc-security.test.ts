/** TigerVNC's viewer gets in by each way to prove who it is, in the clear and behind TLS. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { missingProgram } from '../oracle/peers.ts'
import { testCredentials } from '../tls/credentials.ts'
import { Guest, vmon } from './guest.ts'
import { difference } from './ppm-picture.ts'
import { ViewerScreen } from './viewer-screen.ts'

const skip = ['Xvfb', 'xtigervncviewer', 'openssl'].map((name) => missingProgram(name)).find(Boolean) ?? false

/** `geheim`, as viewers keep a password: encrypted with a key that everybody knows. */
const password = Buffer.from('5883d722ba291d2a', 'hex')

test('TigerVNC gets in by VncAuth, TLSVnc, X509None and X509Vnc, and sees what screendump writes', {
  skip,
  timeout: 300_000,
}, async ({ signal }) => {
  await using credentials = await testCredentials()
  const file = join(credentials.folder, 'password')
  await writeFile(file, password)
  const displays = [
    ['VncAuth', 'password-secret=s0'],
    ['TLSVnc', 'password-secret=s0,tls-creds=anonymous'],
    ['X509None', 'tls-creds=signed'],
    ['X509Vnc', 'password-secret=s0,tls-creds=signed'],
  ] as const
  const objects = [
    'secret,id=s0,data=geheim',
    'tls-creds-anon,id=anonymous,endpoint=server',
    `tls-creds-x509,id=signed,endpoint=server,verify-peer=off,dir=${credentials.server}`,
  ]
  const options = [
    ...objects.flatMap((object) => ['-object', object]),
    ...displays.flatMap(([type, how]) => ['-vnc', `127.0.0.1:5000,to=5999,${how},id=${type}`]),
  ]
  await using guest = await Guest.start(vmon, options, signal)
  const expected = await guest.picture()
  assert.ok(new Set(expected.rgb).size > 1, 'the picture is not all of one colour')
  const servers = (await guest.execute('query-vnc-servers')) as { id: string; server: { service: string }[] }[]
  await Promise.all(
    displays.map(async ([type]) => {
      const port = servers.find(({ id }) => id === type)!.server[0]!.service
      const secrets = ['-passwd', file, '-X509CA', join(credentials.server, 'ca-cert.pem')]
      const viewer = ['xtigervncviewer', '-Shared', '-AutoSelect=0', '-FullScreen', '-SecurityTypes', type] as const
      await using screen = await ViewerScreen.open(expected)
      await screen.show(
        [...viewer, ...secrets, `127.0.0.1::${port}`],
        (picture) => difference(expected, picture) === undefined,
        signal,
        async () => {
          const told = (await guest.execute('query-vnc-servers')) as { id: string; clients: unknown[] }[]
          assert.equal(told.find(({ id }) => id === type)!.clients.length, 1, type)
        },
      )
    }),
  )
})
