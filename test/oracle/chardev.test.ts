/** Character devices beside QEMU's: the same words, the same lists, the same complaints. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  type ChardevOptions,
  ChardevSet,
  chardevOptionKinds,
  parseChardevShorthand,
  readChardevOptions,
} from '../../src/chardev/index.ts'
import { parseOptionList } from '../../src/keyval/index.ts'
import { TransportError, textOfTransportError } from '../../src/transport/index.ts'
import { seed } from '../drawn-cases.ts'
import { missingProgram } from './peers.ts'
import { randomFrom } from './random-values.ts'

const qemu = 'qemu-system-x86_64'
const skip = missingProgram(qemu)
const folder = mkdtempSync(join(tmpdir(), 'vmon-'))
const before = process.cwd()
process.chdir(folder)
after(() => {
  process.chdir(before)
  rmSync(folder, { recursive: true })
})

/** Runs QEMU without a machine, tells it `input` and gives back what it answers and complains about. */
function runQemu(args: readonly string[], input: string): { answers: string[]; complaints: string } {
  const all = ['-nodefaults', '-display', 'none', '-machine', 'none', ...args]
  const { stdout, stderr } = spawnSync(qemu, all, { input, encoding: 'utf8', timeout: 300_000, cwd: folder })
  return { answers: stdout.split('\r\n'), complaints: stderr }
}

const listThenQuit = ['qmp_capabilities', 'query-chardev', 'quit'].map((name) => `{"execute":"${name}"}\n`).join('')

/** Labels and file names as QEMU lists them for these options; `compat_monitor0` is the monitor that is asked. */
function listOfQemu(args: readonly string[]): string[] {
  const { answers, complaints } = runQemu(['-qmp', 'stdio', ...args], listThenQuit)
  const list = answers.find((line) => line.startsWith('{"return": [{'))
  assert.ok(list !== undefined, complaints)
  const { return: devices } = JSON.parse(list) as { return: { label: string; filename: string }[] }
  return devices.map(({ label, filename }) => `${label} ${withoutPorts(filename)}`)
}

function withoutPorts(filename: string): string {
  return filename.replace(/:\d+(?=,|$)/g, ':PORT')
}

function optionsOf(text: string): ChardevOptions {
  const rules = { impliedName: 'backend', kinds: chardevOptionKinds }
  return readChardevOptions(parseOptionList(text, rules).toRecord())
}

async function listOfOurs(devices: readonly string[]): Promise<string[]> {
  await using set = new ChardevSet()
  await set.open({ label: 'compat_monitor0', backend: { type: 'stdio', signal: true } })
  for (const text of devices) await set.open(optionsOf(text))
  return set.list().map(({ label, filename }) => `${label} ${withoutPorts(filename)}`)
}

test('devices of every kind are listed under the names that QEMU gives them', { skip }, async () => {
  const devices = [
    'null,id=n',
    'vc,id=v',
    'ringbuf,id=r',
    'file,id=f,path=out',
    'memory,id=mem',
    'udp,id=ud,host=127.0.0.1,port=9',
    'udp,id=ul,port=9,localaddr=127.0.0.1',
    'mux,id=mx,chardev=n',
    'null,id=lg,logfile=log,logappend=on',
    'socket,id=u,path=u.sock,server=on,wait=off',
    'socket,id=t,path=t.sock,server=on,wait=off,telnet=on',
    'socket,id=i4,host=127.0.0.1,port=0,server=on,wait=off',
    'socket,id=i6,host=::1,port=0,server=on,wait=off',
    'socket,id=tel,host=127.0.0.1,port=0,server=on,wait=off,telnet=on',
    'socket,id=later,path=nobody.sock,reconnect=60',
    'socket,id=later-inet,host=127.0.0.1,port=1,reconnect=60',
  ]
  assert.deepEqual(await listOfOurs(devices), listOfQemu(devices.flatMap((text) => ['-chardev', text])))
})

test('devices are listed in the order of QEMU, whatever their labels', { skip }, async () => {
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._'
  const random = randomFrom(seed)
  const word = (length: number): string =>
    Array.from({ length }, () => letters[Math.floor(random() * letters.length)]).join('')
  for (const count of [1, 3, 6, 7, 8, 14, 40, 150]) {
    const labels = [...new Set(Array.from({ length: count }, () => `x${word(1 + (count % 7))}`))]
    const devices = labels.map((label) => `null,id=${label}`)
    const theirs = listOfQemu(devices.flatMap((text) => ['-chardev', text]))
    assert.deepEqual(await listOfOurs(devices), theirs, labels.join(' '))
  }
})

/** What QEMU says about an option, without its name and the option. */
function complaintOfQemu(option: string, value: string): string {
  const { complaints } = runQemu([option, value], '')
  const prefix = `${qemu}: ${option} ${value}: `
  return complaints
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (line.startsWith(prefix) ? line.slice(prefix.length) : line))
    .join('\n')
}

async function complaintOfOurs(options: () => ChardevOptions): Promise<string> {
  await using set = new ChardevSet()
  try {
    await set.open(options())
    return ''
  } catch (error) {
    return error instanceof TransportError ? textOfTransportError(error) : (error as Error).message
  }
}

test('what -chardev refuses, it refuses in the words of QEMU', { skip }, async () => {
  const refused = [
    'null',
    'id=a',
    'bogus,id=a',
    'null,id=1a',
    'null,id=a,foo=bar',
    'file,id=a',
    'file,id=a,path=/nonexistent/o',
    'file,id=a,path=o,append=maybe',
    'pipe,id=a',
    'pipe,id=a,path=/nonexistent/p',
    'ringbuf,id=a,size=7',
    'memory,id=a,size=7',
    'mux,id=a',
    'mux,id=a,chardev=x',
    'udp,id=a',
    'udp,id=a,host=127.0.0.1,port=abc',
    'udp,id=a,host=127.0.0.1,port=9,localport=abc',
    'udp,id=a,port=9,ipv4=off,ipv6=off',
    'null,id=a,logfile=/nonexistent/l',
    'serial,id=a',
    'serial,id=a,path=/nonexistent/s',
    'parallel,id=a',
    'parallel,id=a,path=/nonexistent/s',
    'console,id=a',
    'socket,id=a,fd=0,reconnect=1',
    'ringbuf,id=a,size=abc',
    'socket,id=a',
    'socket,id=a,fd=abc',
    'socket,id=a,fd=99',
    'socket,id=a,fd=99,server=on,wait=off',
    'socket,id=a,host=b',
    'socket,id=a,path=x,host=b,port=1',
    'socket,id=a,path=x,server=1',
    'socket,id=a,path=x,reconnect=abc',
    'socket,id=a,path=x,wait=on',
    'socket,id=a,path=x,server=on,wait=off,reconnect=1',
    'socket,id=a,path=x,websocket=on',
    'socket,id=a,path=x,tls-creds=t',
    'socket,id=a,path=nobody.sock',
    'socket,id=a,path=/nonexistent/q,server=on,wait=off',
    `socket,id=a,path=/tmp/${'x'.repeat(120)},server=on,wait=off`,
    `socket,id=a,path=/tmp/${'x'.repeat(120)}`,
    'socket,id=a,host=127.0.0.1,port=1',
    'socket,id=a,host=127.0.0.1,port=abc',
    'socket,id=a,host=127.0.0.1,port=abc,server=on,wait=off',
    'socket,id=a,host=192.0.2.1,port=4444,server=on,wait=off',
    'socket,id=a,host=nosuchhost.invalid,port=1',
    'socket,id=a,host=127.0.0.1,port=1,ipv4=off',
    'socket,id=a,host=127.0.0.1,port=1,ipv4=off,ipv6=off',
  ]
  for (const text of refused)
    assert.equal(await complaintOfOurs(() => optionsOf(text)), complaintOfQemu('-chardev', text), text)
})

test('what -serial refuses, it refuses in the words of QEMU', { skip }, async () => {
  const refused = [
    'bogus:x',
    'stdio:x',
    'null,foo=bar',
    'pty:x',
    'tcp:127.0.0.1',
    'tcp:127.0.0.1:',
    'unix:x,foo=1',
    'unix:x,server=maybe',
    'unix:x,wait=off',
    'unix:nobody.sock',
    'tcp:127.0.0.1:1',
    'file:/nonexistent/o',
    'mon:bogus',
    '/dev/nope',
    '/dev/parport99',
    'udp:9',
    'udp:127.0.0.1',
    'udp:127.0.0.1:9@0',
  ]
  for (const text of refused) {
    const ours = await complaintOfOurs(() => {
      const shorthand = parseChardevShorthand(text)
      assert.ok(shorthand.type === 'new')
      return readChardevOptions({ ...shorthand.keys, id: 'serial0' })
    })
    const consequence = `could not connect serial device to character backend '${text}'`
    assert.equal([ours, consequence].filter((line) => line !== '').join('\n'), complaintOfQemu('-serial', text), text)
  }
})
