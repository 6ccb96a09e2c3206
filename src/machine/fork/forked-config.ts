import type { BlockNode, Drive, DriveConfig, OptionValues } from '../../block/index.ts'
import type { ObjectOptions } from '../../objects/index.ts'
import type { MachineConfig } from '../config.ts'
import { ConfigError } from '../config-error.ts'
import { resolveConfig } from '../machine-options.ts'
import { cannotFork, type ForkOptions } from './fork-options.ts'
import { forkedDevices } from './forked-devices.ts'

/** What a fork finds where the machine has an image. */
export interface ImageForFork {
  readonly filename: string
  readonly format: string
  readonly readOnly: boolean
  /** How the machine has its own image open. */
  readonly settings: Pick<BlockNode['settings'], 'cache' | 'discard' | 'detectZeroes'>
}

/** Where the images of a machine are now. */
export interface PlacedImages {
  /** The drive that an entry of the configuration has become. */
  readonly driveOf: (config: DriveConfig) => Drive | undefined
  /** The image that is in a drive; undefined if it is empty. */
  readonly imageIn: (drive: Drive) => ImageForFork | undefined
  /**
   * The image that goes by the name of a node; undefined if no drive has it, or another one of these nodes is over it.
   *
   * @param names - of all nodes that the machine was started with
   */
  readonly imageNamed: (name: string, names: ReadonlySet<string>) => ImageForFork | undefined
}

/**
 * What a fork is: the same machine with its images in place of the other's, and without what only one can have: sockets,
 * files and terminals behind character devices, logs, captures of its network, monitors, displays, SPICE and the console page,
 * ports that lead into its network.
 *
 * @throws {QmpError} GenericError, if two machines cannot have what this one has
 * @throws {ConfigError} if an option is wrong
 */
export function forkedConfig(config: MachineConfig, options: ForkOptions, images: PlacedImages): MachineConfig {
  const { name = config.name, uuid, qmp, rtcBase } = options
  const { rtcSteps: _, ...kept } = config // once for each fork: one of this fork goes on with the clock that it has
  const own = resolveConfig({
    ...(uuid !== undefined && { uuid }),
    ...(qmp !== undefined && { qmp }),
  })
  const clock = rtcBase === undefined ? {} : { rtcBase: clockFrom(rtcBase), rtcSteps: true as const }
  const monitors = own.monitors.filter(({ mode }) => mode === 'control')
  const served = own.chardevs.filter(({ label }) => monitors.some(({ chardev }) => chardev === label))
  const nodes = new Set(config.blockdevs.map(nodeNameOf))
  const taken = new Set(served.map(({ label }) => label))
  return {
    ...kept,
    name,
    uuid: own.uuid ?? config.uuid,
    ...forkedDevices(config, options),
    ...clock,
    blockdevs: config.blockdevs.flatMap((blockdev) => {
      const node = nodeNameOf(blockdev)
      const image = images.imageNamed(node, nodes)
      return image === undefined ? [] : [{ ...blockdev, options: nodeOptions(node, image) }]
    }),
    drives: config.drives.map((drive) => ({ ...drive, ...withImage(drive, images) })),
    chardevs: [
      ...served,
      ...config.chardevs
        .filter(({ label }) => !taken.has(label))
        .map(({ label, backend, mux, origin }) => ({
          label,
          backend: backend.type === 'ringbuf' || backend.type === 'memory' ? backend : ({ type: 'null' } as const),
          ...(mux !== undefined && { mux }),
          origin,
        })),
    ],
    monitors,
    netdevs: config.netdevs.map((netdev) => {
      const { options } = netdev
      if (options.type === 'hubport') return netdev
      if (options.type !== 'user')
        throw cannotFork(`back end '${options.id}' of its network leads to one of them (${options.type})`)
      const { hostfwd: _, guestfwd, ...others } = options
      return {
        ...netdev,
        options: { ...others, ...(guestfwd && { guestfwd: guestfwd.map(({ str }) => ({ str: withoutDevice(str) })) }) },
      }
    }),
    objects: config.objects.filter(({ 'qom-type': type }) => !type.startsWith('filter-')).map(withFileKept),
    qtest: undefined,
    displays: [],
    spice: undefined,
    consolePage: undefined,
    passedDescriptors: [],
    startPaused: true,
    incoming: undefined,
    loadvm: undefined,
  }
}

/** @throws {ConfigError} that names the fork's option: QEMU's text names none */
function clockFrom(rtcBase: string): MachineConfig['rtcBase'] {
  try {
    return resolveConfig({ rtc: `base=${rtcBase.replaceAll(',', ',,')}` }).rtcBase
  } catch (error) {
    throw error instanceof ConfigError ? ConfigError.at(`rtcBase ${rtcBase}`, error.message, error) : error
  }
}

/** A rule by which the guest reaches a device: one that is opened for it would be opened a second time. */
function withoutDevice(rule: string): string {
  return rule.replace(/^([^:]*:[^:]*:[^-]*-)(?!cmd:|chardev:).*$/s, '$1null')
}

/** A file of the host's that is memory, too, is not emptied when the fork ends: the other machine has it. */
function withFileKept(words: ObjectOptions): ObjectOptions {
  return words['qom-type'] === 'memory-backend-file' && words['discard-data'] !== undefined
    ? { ...words, 'discard-data': false }
    : words
}

function withImage(config: DriveConfig, { driveOf, imageIn }: PlacedImages): Partial<DriveConfig> {
  const drive = driveOf(config)
  const image = drive === undefined ? undefined : imageIn(drive)
  if (image === undefined) return { file: undefined, nodeOptions: {}, snapshot: false }
  const { 'node-name': node, aio } = config.nodeOptions
  return {
    file: image.filename,
    nodeOptions: {
      driver: image.format,
      ...(node !== undefined && { 'node-name': node }),
      ...(aio !== undefined && { aio }),
      ...openedAs(image, (on) => (on ? 'on' : 'off')),
    },
    readOnly: image.readOnly,
    detectZeroes: image.settings.detectZeroes,
    snapshot: false,
  }
}

function nodeOptions(node: string, image: ImageForFork): OptionValues {
  const { filename, format, readOnly, settings } = image
  const { 'cache.direct': direct, 'cache.no-flush': noFlush } = openedAs(image, (on) => on)
  return {
    ...{ driver: format, 'node-name': node, 'read-only': readOnly, 'detect-zeroes': settings.detectZeroes },
    ...openedAs(image, (on) => on),
    ...{ 'file.driver': 'file', 'file.filename': filename, 'file.read-only': readOnly },
    ...{ 'file.cache.direct': direct, 'file.cache.no-flush': noFlush },
  }
}

/** Options that open an image as the machine has its own. @param spell - a switch as they say it */
function openedAs<Switch extends string | boolean>(
  { settings: { cache, discard } }: ImageForFork,
  spell: (on: boolean) => Switch,
) {
  return {
    'cache.direct': spell(cache.direct),
    'cache.no-flush': spell(cache.noFlush),
    discard: discard ? 'unmap' : 'ignore',
  }
}

function nodeNameOf({ options }: { readonly options: OptionValues }): string {
  return String(options['node-name'])
}
