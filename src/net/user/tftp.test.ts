import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { FakeClock } from './fake-clock.ts'
import { TftpServer } from './tftp.ts'

const above = mkdtempSync(join(tmpdir(), 'vmon-tftp-fuzz-'))
const folder = join(above, 'served')
mkdirSync(join(folder, 'sub'), { recursive: true })
writeFileSync(join(above, 'secret'), 's'.repeat(2000))
writeFileSync(join(folder, 'boot'), 'b'.repeat(2000))
writeFileSync(join(folder, 'sub', 'empty'), '')
symlinkSync(join(above, 'secret'), join(folder, 'link'))
symlinkSync('..', join(folder, 'up'))
after(() => rmSync(above, { recursive: true }))

const openFiles = (): number => readdirSync('/proc/self/fd').length
const word = (...words: string[]) => fc.constantFrom(...words)

const name = fc.oneof(
  word('boot', '/boot', 'sub/empty', 'link', '../secret', 'up/secret', 'up/../secret', 'sub/../boot', 'none', '', '..'),
  fc.string({ maxLength: 20 }),
)
const option = fc.tuple(
  word('blksize', 'tsize', 'timeout', 'BLKSIZE', ''),
  word('0', '8', '512', '65464', '-1', 'x', '1e3', ''),
)
const request = fc
  .tuple(word('octet', 'netascii', 'OCTET', ''), name, fc.array(option, { maxLength: 4 }))
  .map(([mode, file, options]) =>
    Buffer.concat([Buffer.of(0, 1), Buffer.from([file, mode, ...options.flat()].map((one) => one + '\0').join(''))]),
  )
const acknowledgment = fc.oneof(fc.nat(5), fc.nat(0xffff)).map((block) => Buffer.of(0, 4, block >> 8, block & 0xff))
const anything = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes))
const packet = fc.oneof(
  request,
  acknowledgment,
  anything,
  fc.tuple(request, fc.nat(60)).map(([bytes, length]) => bytes.subarray(0, length)),
)

test('whatever is asked, nothing is thrown, nothing beyond the folder is read, and no file stays open', () => {
  const before = openFiles()
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(40), packet), { maxLength: 60 }), (said) => {
      const clock = new FakeClock()
      const server = new TftpServer(folder, clock)
      for (const [client, bytes] of said) {
        const answer = server.answer(String(client), bytes)
        if (answer === undefined) continue
        assert.ok(answer.length <= 4 + 1428)
        if (answer.readUInt16BE(0) === 3) assert.match(answer.toString('latin1', 4), /^b*$/)
      }
      assert.ok(openFiles() - before <= 32, 'as many transfers as there may be')
      if (said.length % 2 === 0) clock.pass(60_000)
      else server.close()
      assert.equal(openFiles(), before)
    }),
    { numRuns: 500 },
  )
})
