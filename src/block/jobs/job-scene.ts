import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createImage } from '../create/create-image.ts'
import type { Drive } from '../drives/drive.ts'
import { driveFromOptions } from '../drives/drive-options.ts'
import { DriveSet, type DriveSetOptions } from '../drives/drive-set.ts'
import { GraphControl } from '../drives/graph-control.ts'
import type { BlockNode } from '../graph/node.ts'
import { NodeGraph } from '../graph/node-graph.ts'
import { JobControl } from './job-control.ts'
import { JobSet } from './job-set.ts'

/** An event as tests compare it: its name, with where a job stands or what its request has failed with. */
export type JobNotice = string

/** Drives with jobs, in a folder of their own; for tests. */
export class JobScene implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'vmon-jobs-'))
  readonly drives: DriveSet
  readonly graph: GraphControl
  readonly jobs: JobSet
  readonly control: JobControl
  readonly notices: JobNotice[] = []
  readonly events: { readonly name: string; readonly data: Readonly<Record<string, unknown>> }[] = []
  #changed: (() => void)[] = []

  constructor(options: DriveSetOptions = {}) {
    this.drives = new DriveSet(options)
    this.jobs = new JobSet({
      emit: (name, ...[data = {}]) => {
        this.events.push({ name, data: { ...data } })
        this.notices.push(name === 'JOB_STATUS_CHANGE' && 'status' in data ? data.status : name)
        for (const changed of this.#changed.splice(0)) changed()
      },
      exclusively: (work) => this.drives.exclusively(work),
    })
    this.graph = new GraphControl(this.drives, { jobs: this.jobs })
    this.control = new JobControl(this.drives, this.jobs)
  }

  file(name: string): string {
    return join(this.folder, name)
  }

  /** Makes an image with bytes of a value in some places, over another one if that is named. */
  async image(
    name: string,
    { size = 2 ** 20, backing, format = 'qcow2', write = {} }: ImagePlan = {},
  ): Promise<string> {
    const filename = this.file(name)
    const graph = new NodeGraph()
    await createImage(graph, {
      filename,
      format,
      size,
      ...(backing !== undefined && { backing: { filename: this.file(backing), format: 'qcow2' } }),
    })
    await using node = await opened(graph, filename, format)
    for (const [offset, value] of Object.entries(write)) await node.write(Number(offset), filled(value))
    return filename
  }

  /** A drive with an image, which the guest writes. */
  async drive(id: string, name: string, options: Readonly<Record<string, string>> = {}): Promise<Drive> {
    const { format = 'qcow2', ...others } = options
    const drive = await this.drives.add(driveFromOptions({ id, if: 'none', file: this.file(name), format, ...others }))
    await drive.connect({ model: 'ide-hd', path: `/machine/${id}`, place: drive.place })
    return drive
  }

  /** Waits until something was told that fits. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#changed.push(resolve))
  }

  /** Waits until a job is gone. */
  async gone(id: string): Promise<void> {
    await this.until(() => this.jobs.find(id) === undefined && this.events.length > 0)
    await this.drives.exclusively(async () => undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.jobs.close()
    await this.graph.close()
    await this.drives.close()
    rmSync(this.folder, { recursive: true })
  }
}

interface ImagePlan {
  readonly size?: number
  readonly backing?: string
  readonly format?: string
  /** Where which value is written: a cluster each. */
  readonly write?: Readonly<Record<number, number>>
}

/** A cluster full of a value. */
export const filled = (value: number, length = 65536): Uint8Array => new Uint8Array(length).fill(value)

interface OpenImage extends AsyncDisposable {
  write(offset: number, bytes: Uint8Array): Promise<void>
  read(offset: number, length: number): Promise<Uint8Array>
  readonly node: BlockNode
}

/** An image that is open for a test. */
export async function opened(graph: NodeGraph, filename: string, format = 'qcow2'): Promise<OpenImage> {
  const node = await graph.open({ filename, options: { driver: format } })
  const user = await node.attach({
    description: 'a test',
    access: { uses: ['read', 'write'], shares: ['read', 'write', 'resize'] },
  })
  return {
    node,
    write: (offset, bytes) => node.write(offset, bytes),
    read: (offset, length) => node.read(offset, length),
    [Symbol.asyncDispose]: () => user.detach(),
  }
}
