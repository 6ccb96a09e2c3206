import { QmpError } from '../../qapi/index.ts'
import { deviceModels } from '../devices.ts'
import type { PluggedExtra } from '../plugging/extra-devices.ts'
import { textsOfKind } from './bit-texts.ts'
import type {
  DeviceInspection,
  ElementAnswer,
  ElementInspection,
  QueueInspection,
  VirtioQuestion,
} from './inspection.ts'

/** A virtio device, as it is in the tree of objects. */
export interface NamedVirtioDevice {
  readonly name: string
  readonly path: string
}

/** How a virtio device is, with what was said of it. */
export interface VirtioDeviceStatus extends DeviceInspection {
  readonly name: string
  /** Of the bus that it brings; undefined if it brings none. */
  readonly busName: string | undefined
  readonly properties: PluggedExtra['properties']
}

interface Surroundings {
  /** In the order in which they came. */
  readonly devices: Iterable<PluggedExtra>
  readonly inspect: (path: string, question: VirtioQuestion) => Promise<unknown>
}

const backendName = 'virtio-backend'
const mostQueues = 1024

/** The virtio devices of a machine, looked at while their drivers use them. */
export class VirtioDevices {
  readonly #surroundings: Surroundings

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
  }

  /** All of them: the one that came last comes first. */
  list(): readonly NamedVirtioDevice[] {
    return this.#devices().map(({ model, path }) => ({ name: nameOf(model), path: `${path}/${backendName}` }))
  }

  /** @param path - of the part behind the device's place on the PCI bus @throws {QmpError} if there is no such device */
  async status(path: string): Promise<VirtioDeviceStatus> {
    const { path: key, brings, properties } = this.#find(path)
    const inspected = (await this.#surroundings.inspect(key, { about: 'device' })) as DeviceInspection
    return { ...inspected, name: textsOfKind(inspected.type).name, busName: brings, properties }
  }

  /** @throws {QmpError} if there is no such device or queue */
  async queue(path: string, number: number): Promise<QueueInspection & { readonly name: string }> {
    const { name, queues } = await this.status(path)
    return { name, ...requireQueue(queues, number) }
  }

  /** @throws {QmpError} if there is no such device; and where there is one, as no queue is the host's kernel's */
  hostQueue(path: string): never {
    this.#find(path)
    throw new QmpError('GenericError', 'Error: vhost device has not started yet')
  }

  /**
   * A buffer of a queue: the next one that is available, or the one at an index of its ring.
   *
   * @throws {QmpError} if there is no such device or queue, or nothing that could be told
   */
  async element(
    path: string,
    { queue, index }: { readonly queue: number; readonly index: number | undefined },
  ): Promise<ElementInspection & { readonly name: string }> {
    this.#find(path, 'VirtIO device')
    const { name, queues } = await this.status(path)
    requireQueue(queues, queue)
    const key = path.slice(0, -backendName.length - 1)
    const answer = (await this.#surroundings.inspect(key, { about: 'element', queue, index })) as ElementAnswer
    if ('refused' in answer) throw new QmpError('GenericError', answer.refused)
    return { name, ...answer.element }
  }

  #devices(): readonly PluggedExtra[] {
    return [...this.#surroundings.devices].filter(({ model }) => deviceModels[model]?.backend !== undefined).reverse()
  }

  #find(path: string, what = 'VirtIODevice'): PluggedExtra {
    const found = this.#devices().find((device) => `${device.path}/${backendName}` === path)
    if (found === undefined) throw new QmpError('GenericError', `Path ${path} is not a ${what}`)
    return found
  }
}

/** What virtio calls a model, whatever it is an input device for. */
function nameOf(model: string): string {
  return deviceModels[model]!.backend!.type.replace(/-(device)$/, '').replace(
    /^virtio-(keyboard|mouse|tablet)$/,
    'virtio-input',
  )
}

function requireQueue(queues: readonly QueueInspection[], number: number): QueueInspection {
  const queue = number < mostQueues ? queues[number] : undefined
  if (queue === undefined || queue.size === 0) throw new QmpError('GenericError', `Invalid virtqueue number ${number}`)
  return queue
}
