import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { promisify } from 'node:util'
import { type BlockNode, NodeGraph } from '../../index.ts'
import { planQcow2, type Qcow2CreateOptions } from './create.ts'
import type { Qcow2Driver } from './qcow2-driver.ts'

export const writing = { uses: ['read', 'write', 'resize'], shares: [] } as const

/** A folder that is gone when the tests of the file are over. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `vmon-${name}-`))
  after(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Runs qemu-img; what it prints on both streams, and how it ended. */
export async function qemuImg(...args: string[]): Promise<{ code: number; out: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)('qemu-img', args, { maxBuffer: 2 ** 26 })
    return { code: 0, out: stdout + stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, out: stdout + stderr }
  }
}

/** Lets QEMU write to an image: qemu-io's commands, one after the other. */
export async function qemuIo(path: string, ...commands: string[]): Promise<void> {
  await promisify(execFile)('qemu-io', ['-f', 'qcow2', ...commands.flatMap((command) => ['-c', command]), path])
}

/** What the guest sees of an image, read by QEMU. */
export async function readByQemu(path: string): Promise<Uint8Array> {
  const { code, out } = await qemuImg('convert', '-U', '-O', 'raw', path, `${path}.raw`)
  if (code !== 0) throw new Error(out)
  return readFileSync(`${path}.raw`)
}

/** What qemu-img has to say against an image; nothing, if it is sound. */
export async function complaints(path: string): Promise<string> {
  const { code, out } = await qemuImg('check', '-f', 'qcow2', path)
  return code === 0 ? '' : out
}

/** What the guest sees of an image, read by us. */
export async function readByUs(path: string, options: Record<string, string> = {}): Promise<Uint8Array> {
  await using graph = new NodeGraph()
  const node = await graph.open({ filename: path, options, readOnly: true })
  return new Uint8Array(await node.read(0, node.length))
}

/** Makes an image file. */
export async function create(path: string, options: Qcow2CreateOptions): Promise<void> {
  await using graph = new NodeGraph()
  writeFileSync(path, '')
  const file = await graph.open({ filename: path, options: { driver: 'file' } })
  const writer = await file.attach({ description: 'a writer', access: writing })
  await planQcow2(options)(file)
  await writer.detach()
}

export interface OpenedImage extends AsyncDisposable {
  readonly node: BlockNode
  readonly driver: Qcow2Driver
  close(): Promise<void>
}

/** Opens an image for writing. */
export async function open(path: string, options: Record<string, string> = {}): Promise<OpenedImage> {
  const graph = new NodeGraph()
  const node = await graph.open({ filename: path, options: { driver: 'qcow2', discard: 'unmap', ...options } })
  const writer = await node.attach({ description: 'a writer', access: writing })
  const close = async (): Promise<void> => {
    await writer.detach()
    await graph.close()
  }
  return { node, driver: node.driver as Qcow2Driver, close, [Symbol.asyncDispose]: close }
}
