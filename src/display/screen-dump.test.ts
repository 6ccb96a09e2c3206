import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { QmpError } from '../qapi/index.ts'
import type { Console } from './console.ts'
import { Consoles } from './consoles.ts'
import { ScreenDump } from './screen-dump.ts'

const red: Console = solid(undefined, 0, [255, 0, 0])

function solid(device: string | undefined, head: number, pixel: readonly number[]): Console {
  const rgb = Uint8Array.from([...pixel, ...pixel])
  return {
    device,
    head,
    changes: () => assert.fail('nobody watches'),
    text: async () => undefined,
    capture: async () => ({ width: 2, height: 1, rgb }),
  }
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'vmon-screen-dump-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

function refuses(dump: Promise<void>, errorClass: string, desc: string): Promise<void> {
  return assert.rejects(dump, (error) => {
    assert.ok(error instanceof QmpError)
    assert.deepEqual([error.errorClass, error.message], [errorClass, desc])
    return true
  })
}

test('without a format the file is a PPM with its header and pixels, and replaces what was there', async (t) => {
  const filename = join(folder(t), 'x.ppm')
  writeFileSync(filename, 'something longer than the picture')
  await new ScreenDump(new Consoles([red])).dump({ filename })
  assert.equal(readFileSync(filename, 'latin1'), 'P6\n2 1\n255\n\xff\0\0\xff\0\0')
})

test('format png writes a PNG file', async (t) => {
  const filename = join(folder(t), 'x')
  await new ScreenDump(new Consoles([red])).dump({ filename, format: 'png' })
  assert.equal(readFileSync(filename).subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n')
})

test('device and head choose the console; without them it is the first', async (t) => {
  const filename = join(folder(t), 'x.ppm')
  const dump = new ScreenDump(new Consoles([red, solid('v2', 0, [0, 255, 0]), solid('v2', 1, [0, 0, 255])]))
  for (const [request, colour] of [
    [{}, [255, 0, 0]],
    [{ device: 'v2' }, [0, 255, 0]],
    [{ device: 'v2', head: 0 }, [0, 255, 0]],
    [{ device: 'v2', head: 1n }, [0, 0, 255]],
  ] as const) {
    await dump.dump({ filename, ...request })
    assert.deepEqual([...readFileSync(filename).subarray(-3)], colour)
  }
})

test('a console that does not exist is refused in the words of QEMU, before the file is touched', async (t) => {
  const filename = join(folder(t), 'x.ppm')
  const dump = new ScreenDump(new Consoles([solid('v2', 0, [0, 0, 0])], (id) => id === 'serial0'))
  await refuses(dump.dump({ filename, device: 'nope' }), 'DeviceNotFound', "Device 'nope' not found")
  await refuses(dump.dump({ filename, device: 'nope', head: 1 }), 'DeviceNotFound', "Device 'nope' not found")
  await refuses(dump.dump({ filename, head: 0 }), 'GenericError', "'head' must be specified together with 'device'")
  await refuses(
    dump.dump({ filename, device: 'v2', head: -1 }),
    'GenericError',
    'Device v2 (head -1) is not bound to a QemuConsole',
  )
  await refuses(
    dump.dump({ filename, device: 'serial0' }),
    'GenericError',
    'Device serial0 (head 0) is not bound to a QemuConsole',
  )
  await refuses(
    new ScreenDump(new Consoles([])).dump({ filename }),
    'GenericError',
    'There is no console to take a screendump from',
  )
  assert.equal(existsSync(filename), false)
})

test('a file that cannot be opened is named, with the reason', async (t) => {
  const path = folder(t)
  writeFileSync(join(path, 'file'), '')
  const dump = new ScreenDump(new Consoles([red]))
  const missing = join(path, 'none', 'x.ppm')
  await refuses(
    dump.dump({ filename: missing }),
    'GenericError',
    `failed to open file '${missing}': No such file or directory`,
  )
  await refuses(dump.dump({ filename: path }), 'GenericError', `failed to open file '${path}': Is a directory`)
  await refuses(
    dump.dump({ filename: join(path, 'file', 'x') }),
    'GenericError',
    `failed to open file '${join(path, 'file', 'x')}': Not a directory`,
  )
  await refuses(dump.dump({ filename: '' }), 'GenericError', "failed to open file '': No such file or directory")
})

test('a write that fails is told; a special file stays', {
  skip: !existsSync('/dev/full') && 'no /dev/full here',
}, async (t) => {
  const filename = join(folder(t), 'full')
  symlinkSync('/dev/full', filename)
  for (const format of ['ppm', 'png'] as const) {
    await refuses(
      new ScreenDump(new Consoles([red])).dump({ filename, format }),
      'GenericError',
      'Unable to write to file: No space left on device',
    )
  }
  assert.ok(statSync('/dev/full').isCharacterDevice())
})

test('a file that could only be half written is removed', async (t) => {
  const path = folder(t)
  const script = `
    import { Consoles } from ${JSON.stringify(new URL('./consoles.js', import.meta.url).href)}
    import { ScreenDump } from ${JSON.stringify(new URL('./screen-dump.js', import.meta.url).href)}
    const rgb = new Uint8Array(640 * 480 * 3)
    const dump = new ScreenDump(new Consoles([{ head: 0, capture: async () => ({ width: 640, height: 480, rgb }) }]))
    await dump.dump({ filename: ${JSON.stringify(join(path, 'x.ppm'))} }).catch((error) => process.stdout.write(error.message))`
  // The shell lets the process write files of 1 block only, and makes that an error instead of a signal.
  const shell = `trap '' XFSZ; ulimit -f 1; exec "$0" --input-type=module -e "$1"`
  const { stdout } = await promisify(execFile)('sh', ['-c', shell, process.execPath, script])
  assert.equal(stdout, 'Unable to write to file: File too large')
  assert.deepEqual(readdirSync(path), [])
})

test('a dump that is aborted leaves no file', async (t) => {
  const path = folder(t)
  const controller = new AbortController()
  const reason = new Error('the client has gone')
  const slow: Console = {
    head: 0,
    changes: () => assert.fail('nobody watches'),
    text: async () => undefined,
    async capture() {
      controller.abort(reason)
      return { width: 1, height: 1, rgb: new Uint8Array(3) }
    },
  }
  const dump = new ScreenDump(new Consoles([slow])).dump({ filename: join(path, 'x'), signal: controller.signal })
  await assert.rejects(dump, reason)
  assert.deepEqual(readdirSync(path), [])
})
