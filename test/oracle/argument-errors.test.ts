import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type AnyType,
  bool,
  either,
  int,
  list,
  nil,
  opt,
  req,
  size,
  str,
  struct,
  uint8,
  uint16,
  uint32,
  uint64,
  union,
} from '../../src/qapi/index.ts'
import { complaint } from './complaint.ts'
import { missingProgram } from './peers.ts'
import { Questions } from './questions.ts'
import { pick, randomFrom, randomName, shuffled } from './random-values.ts'

const qemu = 'qemu-system-i386'
const machine = ['-machine', 'none', '-nodefaults', '-display', 'none']

const wrapped = (type: AnyType) => struct('Wrapper', { data: req(type, '') })
const inetAddress = struct('InetSocketAddress', {
  host: req(str, ''),
  port: req(str, ''),
  numeric: opt(bool, ''),
  to: opt(uint16, ''),
  ipv4: opt(bool, ''),
  ipv6: opt(bool, ''),
  'keep-alive': opt(bool, ''),
  mptcp: opt(bool, ''),
})
const socketAddress = union('SocketAddressLegacy', {
  base: {},
  discriminator: 'type',
  branches: { inet: wrapped(inetAddress) },
})

/** Arguments of QEMU's commands as its schema declares them: sizes of integers and names of alternates included. */
const declared: Readonly<Record<string, AnyType>> = {
  'migrate-set-parameters': struct('MigrateSetParameters', {
    'announce-initial': opt(size.wide, ''),
    'compress-level': opt(uint8, ''),
    'tls-creds': opt(either('StrOrNull', { string: str, null: nil }), ''),
    'max-bandwidth': opt(size.wide, ''),
    'downtime-limit': opt(uint64.wide, ''),
    'x-checkpoint-delay': opt(uint32, ''),
  }),
  memsave: struct('memsave', {
    val: req(int.wide, ''),
    size: req(int.wide, ''),
    filename: req(str, ''),
    'cpu-index': opt(int.wide, ''),
  }),
  'nbd-server-start': struct('NbdServerStart', { addr: req(socketAddress, ''), 'max-connections': opt(uint32, '') }),
  transaction: struct('Transaction', {
    actions: req(
      list(
        union('TransactionAction', {
          base: {},
          discriminator: 'type',
          branches: { abort: wrapped(struct('Abort', {})) },
        }),
      ),
      '',
    ),
  }),
  block_resize: struct('BlockResize', { device: opt(str, ''), 'node-name': opt(str, ''), size: req(int.wide, '') }),
}

/** Asks QEMU and our decoder about each command with its arguments, and compares what they complain of. */
async function compare(cases: readonly (readonly [command: string, text: string])[]): Promise<void> {
  await using questions = await Questions.to(qemu, ...machine)
  const replies = await questions.ask(cases.map(([name, text]) => `{"execute": "${name}", "arguments": ${text}}`))
  for (const [index, [name, text]] of cases.entries()) {
    assert.equal(complaint(declared[name]!, text), replies[index]!.error?.desc, `${name} ${text}`)
  }
}

/** Integers at the edges of their types, doubles that look like them, and what is no number. */
const literals = [
  ...['-1', '-0', '0', '127', '128', '255', '256', '65535', '65536', '4294967295', '4294967296', '9007199254740991'],
  ...['9223372036854775807', '9223372036854775808', '18446744073709551615', '18446744073709551616'],
  ...['-128', '-129', '-2147483648', '-2147483649', '-9223372036854775808', '-9223372036854775809'],
  ...['0.0', '1.0', '-0.0', '1e3', '0.5', '1e300', '"1"', '""', 'true', 'null', '[]', '[1]', '{}', '{"a": 1}'],
]

/** Where a literal is tried; the member too many makes sure that nothing is carried out. */
const templates = [
  ['migrate-set-parameters', '{"announce-initial": @, "zzz": 0}'],
  ['migrate-set-parameters', '{"compress-level": @, "zzz": 0}'],
  ['migrate-set-parameters', '{"tls-creds": @, "zzz": 0}'],
  ['migrate-set-parameters', '{"max-bandwidth": @, "zzz": 0}'],
  ['migrate-set-parameters', '{"downtime-limit": @, "zzz": 0}'],
  ['migrate-set-parameters', '{"x-checkpoint-delay": @, "zzz": 0}'],
  ['memsave', '{"val": 0, "size": 1, "cpu-index": @}'],
  ['memsave', '{"val": 0, "size": 1, "filename": @, "zzz": 0}'],
  ['nbd-server-start', '{"addr": @, "zzz": 0}'],
  ['nbd-server-start', '{"addr": {"type": @, "data": {}}, "zzz": 0}'],
  ['nbd-server-start', '{"addr": {"type": "inet", "data": @}, "zzz": 0}'],
  ['nbd-server-start', '{"addr": {"type": "inet", "data": {"host": "h", "port": "1", "to": @}}, "zzz": 0}'],
  [
    'nbd-server-start',
    '{"addr": {"type": "inet", "data": {"host": "h", "port": "1"}}, "max-connections": @, "zzz": 0}',
  ],
  ['transaction', '{"actions": @, "zzz": 0}'],
  ['transaction', '{"actions": [@], "zzz": 0}'],
  ['transaction', '{"actions": [{"type": "abort", "data": {}}, {"type": "abort", "data": @}], "zzz": 0}'],
] as const

describe('complaints of arguments', { skip: missingProgram(qemu) }, () => {
  it("equal QEMU's for every kind of value, at the edges of every integer type", async () => {
    await compare(
      templates.flatMap(([name, text]) => literals.map((literal) => [name, text.replace('@', literal)] as const)),
    )
  })

  it('name the member that QEMU names when several are unexpected, at the top and below', async () => {
    const random = randomFrom(7)
    const strangers = (known: readonly (readonly [string, string])[]): string => {
      const members = new Map(known)
      for (let left = 2 + Math.floor(random() ** 2 * 40); left > 0; left--) members.set(randomName(random), '0')
      const texts = shuffled(random, [...members]).map(([name, value]) => `${JSON.stringify(name)}: ${value}`)
      return `{${texts.join(', ')}}`
    }
    const some = (known: readonly (readonly [string, string])[]) => known.filter(() => random() < 0.7)
    const inet = some([
      ['numeric', 'true'],
      ['to', '1'],
      ['ipv4', 'true'],
      ['ipv6', 'true'],
      ['keep-alive', 'true'],
      ['mptcp', 'true'],
    ])
    await compare(
      Array.from({ length: 2000 }, () =>
        pick<() => readonly [string, string]>(random, [
          () => [
            'block_resize',
            strangers([
              ['size', '1'],
              ...some([
                ['device', '""'],
                ['node-name', '""'],
              ]),
            ]),
          ],
          () => ['transaction', `{"actions": [{"type": "abort", "data": ${strangers([])}}]}`],
          () => [
            'transaction',
            `{"actions": [${strangers([
              ['type', '"abort"'],
              ['data', '{}'],
            ])}]}`,
          ],
          () => [
            'nbd-server-start',
            `{"addr": {"type": "inet", "data": ${strangers([['host', '""'], ['port', '""'], ...inet])}}}`,
          ],
        ])(),
      ),
    )
  })
})
