import type { BootPlace } from '../../bus/guest-device.ts'
import {
  type FirmwareFile,
  type FirmwareItem,
  firmwareKeys as keys,
  word16,
  word32,
  zeroTerminated,
} from '../../firmware/firmware-items.ts'
import type { V86Cpu } from '../v86-internals.ts'
import type { WorkerConfig } from '../wire.ts'

/** S3 and S4 are supported (bit 7), with the sleep types of the power management function. */
const systemStates = [128, 0, 0, 128 + 1, 128 + 2, 128]
/** The features of the configuration device: its ports, and direct memory access. */
const features = 1 | 2
/** The name of the file that `bootOrder` is for. */
export const bootOrderFile = 'bootorder'
/** RAM, in the firmware's map of the memory. */
const ram = 1
/** SeaBIOS logs here, one character at a time, if reading gives this value. */
const debugPort = 0x402
const debugPortPresent = 0xe9

/** The values that the firmware finds under keys of its configuration device. */
export function firmwareItems({
  ramBytes,
  uuid,
  bootMenu,
  serialConsole,
  kernel,
}: WorkerConfig): readonly FirmwareItem[] {
  return [
    [keys.signature, new TextEncoder().encode('QEMU')],
    [keys.features, word32(features)],
    [keys.uuid, uuid ?? new Uint8Array(16)],
    [keys.ramBytes, words64(ramBytes)],
    [keys.noGraphic, word16(serialConsole === true ? 1 : 0)],
    [keys.cpus, word16(1)],
    [keys.maxCpus, word16(1)],
    [keys.numa, new Uint8Array(16)],
    [keys.bootMenu, word16(bootMenu?.enabled === true ? 1 : 0)],
    ...(kernel?.items ?? []),
  ]
}

/** The files that it finds there. */
export function firmwareFiles(config: WorkerConfig): readonly FirmwareFile[] {
  const { kernel, bootMenu, ramBytes, bootFailWaitMs = -1, firmwareFiles: added = [] } = config
  const files: FirmwareFile[] = [
    ...(config.acpi === false ? [] : [{ name: 'etc/system-states', data: Uint8Array.from(systemStates) }]),
    { name: 'etc/e820', data: Buffer.concat([words64(0), words64(ramBytes), word32(ram)]) },
    { name: 'etc/boot-fail-wait', data: word32(bootFailWaitMs) },
    ...added,
  ]
  const order = bootOrder(
    config,
    config.devices.flatMap(({ boot }) => boot ?? []),
  )
  if (order !== undefined) files.push({ name: bootOrderFile, data: order })
  if (kernel !== undefined) files.push({ name: `genroms/${kernel.rom.name}`, data: kernel.rom.image })
  const wait = bootMenu?.timeoutMs
  if (wait !== undefined) files.push({ name: 'etc/boot-menu-wait', data: word16(wait) })
  return files
}

/** Lets SeaBIOS log, and listens to it. */
export function listenToFirmware(cpu: V86Cpu, log: (line: string) => void): void {
  const device = { name: 'firmware log' }
  let line = ''
  cpu.io.register_read(debugPort, device, () => debugPortPresent)
  cpu.io.register_write(debugPort, device, (byte) => {
    if (byte !== 0x0a && line.length < 1000) {
      line += String.fromCharCode(byte)
      return
    }
    log(line)
    line = ''
  })
}

/**
 * What the firmware tries first, a line each, by places in Open Firmware's tree of devices: a kernel, then drives and
 * devices; undefined, if nothing is to be tried first.
 *
 * @param ofDevices - of those that are plugged in now
 */
export function bootOrder(
  { kernel, drives }: Pick<WorkerConfig, 'kernel' | 'drives'>,
  ofDevices: readonly BootPlace[],
): Uint8Array | undefined {
  const ofDrives = drives.flatMap(({ bootIndex: index, slot }) => {
    if (index === undefined) return []
    const path =
      slot.bus === 'ide'
        ? `/pci@i0cf8/ide@1,1/drive@${slot.channel}/disk@${slot.unit}`
        : `/pci@i0cf8/isa@1/fdc@03f0/floppy@${slot.unit}`
    return [{ index, path }]
  })
  const places = [...ofDrives, ...ofDevices].sort((one, other) => one.index - other.index).map(({ path }) => path)
  const order = [...(kernel === undefined ? [] : [`/rom@genroms/${kernel.rom.name}`]), ...places]
  return order.length === 0 ? undefined : zeroTerminated(order.join('\n'))
}

function words64(value: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(value)).buffer)
}
