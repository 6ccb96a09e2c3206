import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Outcome } from '../expectation.ts'
import { runProgram } from '../run-program.ts'

/** Where `tools/setup-suites` puts QEMU's source. */
export const sourceFolder = '/usr/local/lib/vmon-peers/qemu-source'
export const testFolder = join(sourceFolder, 'tests/qemu-iotests')

/** A test that has not ended by then never will: QEMU's own need a minute at most. */
const patience = 600_000

/** Where the programs are that a test calls. */
export interface Programs {
  readonly emulator: string
  readonly img: string
  readonly io: string
  readonly nbd: string
  readonly storage: string
}

export interface TestRun {
  /** e.g. `061` or `tests/reopen-file`. */
  readonly test: string
  readonly format: string
  readonly programs: Programs
  /** For images, sockets and what the test prints; made if it is not there. */
  readonly folder: string
  readonly signal: AbortSignal
}

/** Runs one of QEMU's iotests as its `check` does, and compares what it prints with what QEMU's programs make it print. */
export async function runTest(run: TestRun): Promise<Outcome> {
  const { test, folder, signal } = run
  await mkdir(folder, { recursive: true })
  await mkdir(socketFolderOf(run), { recursive: true })
  const printed = join(folder, 'printed')
  const script = join(testFolder, test)
  const python = (await readFile(script, 'utf8')).startsWith('#!/usr/bin/env python3')
  const output = await open(printed, 'w')
  const end = await runProgram({
    program: python ? 'python3' : script,
    arguments: python ? [script] : [],
    folder: dirname(script),
    environment: environment(run),
    output: output.fd,
    patience,
    signal,
  }).finally(() => output.close())
  if (end.kind === 'interrupted') return end
  if (end.kind === 'late') return { kind: 'failed', detail: `did not end within ${patience / 1000} s` }

  const notRun = await readFile(join(folder, `${basename(test)}.notrun`), 'utf8').catch(() => undefined)
  if (notRun !== undefined) return { kind: 'not-run', detail: notRun.trim() }
  const diff = await differenceFrom(reference(run), printed)
  if (diff !== '') return { kind: 'failed', detail: diff }
  return end.status === 0 ? { kind: 'passed' } : { kind: 'failed', detail: `ended with ${end.status}` }
}

/** A folder of its own: tests put its name in the place of the path, after that of the other. */
function socketFolderOf({ folder }: TestRun): string {
  return join(dirname(folder), `sockets-${basename(folder)}`)
}

/** What QEMU's `check` gives to each test. */
function environment(run: TestRun): Record<string, string> {
  const { format, folder, programs } = run
  const io = '--cache writeback --aio threads'
  const luks = format === 'luks'
  return {
    PYTHONPATH: `${testFolder}:${join(sourceFolder, 'python')}`,
    PYTHONDONTWRITEBYTECODE: '1',
    TEST_DIR: folder,
    SOCK_DIR: socketFolderOf(run),
    SAMPLE_IMG_DIR: join(testFolder, 'sample_images'),
    PYTHON: 'python3',
    QEMU_PROG: programs.emulator,
    QEMU_IMG_PROG: programs.img,
    QEMU_IO_PROG: programs.io,
    QEMU_NBD_PROG: programs.nbd,
    QSD_PROG: programs.storage,
    QEMU_OPTIONS: '-nodefaults -display none -accel qtest',
    QEMU_IO_OPTIONS: luks ? io : `${io} -f ${format}`,
    QEMU_IO_OPTIONS_NO_FMT: io,
    QEMU_DEFAULT_MACHINE: 'pc',
    IMGFMT: format,
    IMGPROTO: 'file',
    AIOMODE: 'threads',
    CACHEMODE: 'writeback',
    CACHEMODE_IS_DEFAULT: 'true',
    IMGFMT_GENERIC: 'true',
    IMGOPTSSYNTAX: luks ? 'true' : 'false',
    ...(luks ? { IMGKEYSECRET: '123456', IMGOPTS: 'iter-time=10' } : {}),
    ...(format === 'vmdk' ? { IMGOPTS: 'zeroed_grain=on' } : {}),
  }
}

/** The file that holds what the test prints when it passes: there may be one for a format, or for a machine. */
function reference({ test, format }: TestRun): string {
  const candidates = [`${test}.out.${format}`, `${test}.pc.out`, `${test}.out`]
  return join(testFolder, candidates.find((file) => existsSync(join(testFolder, file))) ?? candidates.at(-1)!)
}

/** Spaces at the ends of lines do not count, as in QEMU's `check`. */
async function differenceFrom(expectedFile: string, printedFile: string): Promise<string> {
  const trimmed = async (file: string): Promise<string> => {
    const copy = `${printedFile}.${file === printedFile ? 'actual' : 'expected'}`
    await writeFile(copy, (await readFile(file, 'latin1')).replace(/\r\n?/g, '\n').replace(/[ \t]+$/gm, ''), 'latin1')
    return copy
  }
  const child = spawn('diff', ['-u', await trimmed(expectedFile), await trimmed(printedFile)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let diff = ''
  child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
    diff += chunk
  })
  await once(child, 'close')
  return diff.split('\n').slice(2).join('\n').trimEnd()
}
