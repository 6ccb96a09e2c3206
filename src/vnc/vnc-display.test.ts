import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DisplayBench } from '../../test/vnc/display-bench.ts'
import { be32 } from '../../test/vnc/picture-decoder.ts'
import { answerTo } from './vnc-challenge.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const knows = (password: string) => (challenge: Uint8Array) => answerTo(challenge, password)

test('a client of each version is let in, and told what the picture is like and what the machine is called', async () => {
  await using bench = await DisplayBench.open()
  for (const minor of [3, 7, 8] as const) {
    const client = bench.connect()
    await client.enter({ minor })
    assert.deepEqual([client.name, client.picture.width, client.picture.height], ['QEMU (bench)', 160, 96])
  }
})

test('3.4 and 3.5 are 3.3; other versions are told so, and who speaks something else is sent away', async () => {
  await using bench = await DisplayBench.open()
  for (const version of ['003.004', '003.005']) {
    const client = bench.connect()
    assert.equal(text(await client.take(12)), 'RFB 003.008\n')
    client.send(`RFB ${version}\n`)
    assert.equal(be32(await client.take(4)), 1)
  }
  for (const version of ['003.006', '003.889', '004.001']) {
    const client = bench.connect()
    client.send(`RFB ${version}\n`)
    assert.deepEqual([...(await client.gone())].slice(12), [0, 0, 0, 0])
  }
  const stranger = bench.connect()
  stranger.send('GET / HTTP/1')
  assert.equal(text(await stranger.gone()), 'RFB 003.008\n')
})

test('the answer to a challenge is that of DES with the reversed bits of the password', () => {
  const challenge = Uint8Array.from({ length: 16 }, (_, index) => index)
  // openssl enc -des-ecb -nopad -K cea6c64ea62e0000 -provider legacy
  assert.equal(Buffer.from(answerTo(challenge, 'secret')).toString('hex'), 'ee22539f33a5983ec12f9c2edbc995dd')
  assert.deepEqual(answerTo(challenge, 'eight chars'), answerTo(challenge, 'eight ch'))
  assert.notDeepEqual(answerTo(challenge, 'secret'), answerTo(challenge, 'Secret'))
})

test('with password=on only who knows the password is let in, as long as it is valid', async () => {
  await using bench = await DisplayBench.open({ password: true })
  const { display } = bench
  const enters = (password: string, minor: 3 | 7 | 8 = 8): Promise<boolean> =>
    bench
      .connect()
      .enter({ minor, answer: knows(password) })
      .then(
        () => true,
        () => false,
      )
  assert.equal(await enters(''), false, 'none is set')
  display.setPassword('secret')
  for (const minor of [3, 7, 8] as const) {
    assert.equal(await enters('secret', minor), true)
    assert.equal(await enters('wrong', minor), false)
  }
  display.expirePassword(0)
  assert.equal(await enters('secret'), false, 'expired')
  display.expirePassword(Date.now() / 1000 + 1000)
  assert.equal(await enters('secret'), true)
  display.setPassword('other')
  assert.equal(await enters('secret'), false)
  assert.equal(await enters('other'), true)
  display.setPassword('')
  assert.equal(await enters(''), true)
})

test('who is not let in is told why, as far as the version has words for it', async () => {
  await using bench = await DisplayBench.open({ password: true })
  for (const [minor, said] of [
    ['7', [0, 0, 0, 1]],
    ['8', [0, 0, 0, 1, 0, 0, 0, 21, ...Buffer.from('Authentication failed')]],
  ] as const) {
    const client = bench.connect()
    await client.take(12)
    client.send(`RFB 003.00${minor}\n`)
    assert.deepEqual([...(await client.take(2))], [1, 2])
    client.send(1) // no security, which is not offered
    assert.deepEqual([...(await client.gone())], said)
  }
})

test('a client that is handed over may be let in without the password', async () => {
  await using bench = await DisplayBench.open({ password: true })
  await bench.connect(true).enter()
})

test('a client that wants the screen for itself sends the others away, and lets nobody else in', async () => {
  await using bench = await DisplayBench.open()
  const first = bench.connect()
  await first.enter()
  const alone = bench.connect()
  await alone.enter({ shared: false })
  await first.gone()
  await assert.rejects(bench.connect().enter())
  const other = bench.connect()
  await other.enter({ shared: false })
  await alone.gone()
})

test('share=force-shared refuses clients that want the screen for themselves; share=ignore lets all in', async () => {
  await using shared = await DisplayBench.open({ share: 'force-shared' })
  await shared.connect().enter()
  await assert.rejects(shared.connect().enter({ shared: false }))
  await using ignoring = await DisplayBench.open({ share: 'ignore' })
  const clients = [ignoring.connect(), ignoring.connect(), ignoring.connect()]
  for (const [index, client] of clients.entries()) await client.enter({ shared: index !== 1 })
  assert.ok(clients.every(({ ended }) => !ended))
})

test('no more clients are let in than there may be, and of those that say nothing the oldest goes', async () => {
  await using bench = await DisplayBench.open({ connections: 2 })
  await bench.connect().enter()
  await bench.connect().enter()
  await assert.rejects(bench.connect().enter())
  const silent = [bench.connect(), bench.connect(), bench.connect()]
  await silent[0]!.gone()
  assert.ok(!silent[1]!.ended && !silent[2]!.ended)
})
