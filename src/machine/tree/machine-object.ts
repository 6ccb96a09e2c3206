import { bool, int, oneOf, str, type Type } from '../../qapi/index.ts'
import { type Access, constant, type ObjectTree, QomObject, remembered } from '../../qom/index.ts'
import type { MachineConfig } from '../config.ts'
import type { FlashChip } from '../flash-chips.ts'

const onOffAuto = oneOf('OnOffAuto', ['auto', 'on', 'off'])
const mostFirmwareBytes = 8 << 20
const mostLowRamBytes = 0xe000_0000

/** One CPU, however it is asked. */
const topology = { cpus: 1, maxcpus: 1, threads: 1, cores: 1, dies: 1, sockets: 1, clusters: 1 }

/**
 * Adds `/machine` with its containers. What is said of a machine is built in when it starts: what is set later is
 * remembered and has no effect, as in QEMU.
 *
 * @param firmware - name of the image
 */
export function addMachine(tree: ObjectTree, config: MachineConfig, firmware: string): QomObject {
  const isPc = config.machine === 'pc'
  const type = isPc ? 'pc-i440fx-7.2-machine' : 'none-machine'
  const machine = new QomObject(tree.types, type, {
    ...settingsOf(config, tree, firmware),
    ...(isPc && pcSettings(config)),
  })
  tree.root.addChild('machine', machine)
  const folder = (name: string): QomObject => machine.addChild(name, new QomObject(tree.types, 'container'))
  folder('peripheral')
  folder('peripheral-anon')
  if (isPc) addOwn(machine)
  for (const [name, value] of Object.entries(config.machineProperties)) {
    const property = machine.find(name)
    if (property?.kind === 'value' && value !== 'auto') property.set?.(value)
  }
  folder('unattached')
  return machine
}

function said<T>(name: string, type: Type<T>, initial: T): Record<string, Access> {
  return { [name]: remembered(name, type, initial) }
}

function settingsOf(config: MachineConfig, tree: ObjectTree, firmware: string) {
  const { machine, kernel, boot, ramBytes, memoryBackends } = config
  const { menu, once, splashTimeMs, rebootTimeoutMs } = boot
  const ram = machine === 'pc' ? memoryBackends[0] : undefined
  return {
    ...said('kernel', str, kernel?.image ?? ''),
    ...said('initrd', str, kernel?.initrd ?? ''),
    ...said('append', str, kernel?.append ?? ''),
    ...said('dtb', str, ''),
    ...said('dumpdtb', str, ''),
    ...said('dt-compatible', str, ''),
    ...said('firmware', str, firmware),
    ...said('memory-encryption', str, ''),
    ...said('graphics', bool, !config.serialConsole),
    ...said('usb', bool, false),
    ...said('dump-guest-core', bool, true),
    ...said('mem-merge', bool, true),
    ...said('suppress-vmdesc', bool, false),
    ...said('phandle-start', int, 0),
    boot: constant({
      order: machine === 'pc' ? boot.order : '',
      ...(once !== undefined && { once }),
      ...(menu && { menu }),
      ...(splashTimeMs !== undefined && { 'splash-time': splashTimeMs }),
      ...(rebootTimeoutMs !== undefined && { 'reboot-timeout': rebootTimeoutMs }),
    }),
    memory: constant({ size: ramBytes }),
    smp: constant(topology),
    'memory-backend': { target: () => (ram === undefined ? undefined : tree.folder('objects')?.component(ram.id)) },
  }
}

function pcSettings({ vmport }: MachineConfig) {
  return {
    ...Object.assign({}, ...['smm', 'acpi', 'pit', 'pic'].map((name) => said(name, onOffAuto, 'auto'))),
    ...said('vmport', onOffAuto, vmport ? 'on' : 'off'),
    ...said('x-oem-table-id', str, 'BXPC    '),
    ...said('x-oem-id', str, 'BOCHS '),
    ...said('bus-lock-ratelimit', int, 0),
    ...said('max-fw-size', int, mostFirmwareBytes),
    ...said('max-ram-below-4g', int, mostLowRamBytes),
    ...said('default-bus-bypass-iommu', bool, false),
    ...Object.assign({}, ...['sata', 'i8042', 'smbus'].map((name) => said(name, bool, true))),
    ...said('hpet', bool, false),
    ...said('smbios-entry-point-type', str, '32'),
    'sgx-epc': constant([]),
    'device-memory-region-size': constant(0),
  }
}

/** What belongs to the machine itself, in the order in which QEMU adds it; two flash chips come, and go if nobody uses them. */
function addOwn(machine: QomObject): void {
  const own = (name: string, type: string, access: Access) =>
    machine.addProperty(name, { kind: 'value', type, ...access })
  own('nvdimm', 'bool', remembered('nvdimm', bool, false))
  own('nvdimm-persistence', 'string', remembered('nvdimm-persistence', str, ''))
  own('hmat', 'bool', remembered('hmat', bool, false))
  for (const { chip, drive } of flashChips) for (const name of [chip, drive]) own(name, 'str', {})
  own('cxl', 'bool', remembered('cxl', bool, false))
  own('cxl-fmw', 'CXLFixedMemoryWindow', constant([]))
  own('pcspk-audiodev', 'str', remembered('pcspk-audiodev', str, ''))
}

const flashChips = [0, 1].map((unit) => ({ chip: `system.flash${unit}`, drive: `pflash${unit}` }))

/** What a chip calls its drive, by another name. */
function driveOf(machine: QomObject, chip: string): Access {
  const own = (): QomObject | undefined => machine.component(chip)
  return { get: () => own()?.get('drive'), set: (value) => own()?.set('drive', value) }
}

/** Joins the machine with those of its devices that it leads to, when they are there. */
export function addLinks(tree: ObjectTree, { acpi }: MachineConfig, flash: readonly FlashChip[]): void {
  const machine = tree.resolve('/machine')
  const link = (name: string, type: string, target: () => QomObject | undefined) =>
    machine.addProperty(name, { kind: 'link', type: `link<${type}>`, target })
  link('smram', 'memory-region', () => undefined)
  for (const { chip, drive } of flashChips) {
    const used = flash.find(({ name }) => name === chip)
    machine.removeProperty(drive)
    if (used === undefined) machine.removeProperty(chip)
    else machine.addProperty(drive, { kind: 'value', type: 'str', ...driveOf(machine, chip) })
  }
  const clock = (): QomObject | undefined => tree.firstOf('mc146818rtc')
  link('rtc_state', 'isa-device', clock)
  const date: Access = { get: () => clock()?.get('date'), set: (value) => clock()?.set('date', value) }
  machine.addProperty('rtc-time', { kind: 'value', type: 'struct tm', ...date })
  if (acpi) link('acpi-device', 'hotplug-handler', () => tree.firstOf('PIIX4_PM'))
}
