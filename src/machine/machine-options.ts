import { printOptionList } from '../keyval/index.ts'
import type { NetworkPolicy } from '../net/index.ts'
import { checkMembers, type MemberKinds } from './checked-members.ts'
import type { MachineConfig } from './config.ts'
import { ConfigDraft } from './config-draft.ts'
import { ConfigError } from './config-error.ts'

/** A list of options: as QEMU's users write it, or by names. */
export type OptionText = string | OptionObject

/** Members as an option takes them; objects and lists in one are its members with dots: `file.driver`. */
export interface OptionObject {
  readonly [name: string]: OptionMember
}

/** A network; by names, its policy can be the policy itself. */
export type NetworkText = string | (OptionObject & { readonly policy?: string | NetworkPolicy })

type OptionMember = string | number | boolean | undefined | OptionObject | readonly OptionMember[]

/**
 * A machine for an embedding program to ask for. Values are those of the options of the same name on the command line
 * (`vmon -help`), unless said otherwise. Everything may be left out: that is a PC with 128 MiB of RAM and empty drives.
 */
export interface MachineOptions {
  readonly name?: string
  readonly uuid?: string
  /** Type and properties: `pc` (if absent) or `none`. */
  readonly machine?: OptionText
  /** `v86` (if absent) executes; on `none` nothing does, which starts in a few milliseconds. */
  readonly accel?: OptionText
  readonly cpu?: string
  /** Guest RAM: a size (`256M`), or a number of MiB. */
  readonly memory?: string | number
  /** Images of hard disks, a CD and floppies, as paths. */
  readonly hda?: string
  readonly hdb?: string
  readonly hdc?: string
  readonly hdd?: string
  readonly cdrom?: string
  readonly fda?: string
  readonly fdb?: string
  /** Images of flash memory with the firmware: the second one, if there is one, is below the first. */
  readonly pflash?: string | readonly string[]
  /** Passwords for images that are encrypted, and limits for several drives together, as in `-object`. */
  readonly objects?: readonly OptionText[]
  /** Nodes for devices to have as their drives, as in `-blockdev`. */
  readonly blockdevs?: readonly OptionText[]
  /** Further drives, as in `-drive`. */
  readonly drives?: readonly OptionText[]
  /** Nothing that is written to drives is kept (-snapshot). */
  readonly snapshot?: boolean
  readonly boot?: OptionText
  /** Linux without a boot loader. */
  readonly kernel?: string
  readonly initrd?: string
  readonly append?: string
  /** What the machine's tables for dmidecode say, as in `-smbios`. */
  readonly smbios?: readonly OptionText[]
  /** ACPI tables that the firmware adds to its own, as in `-acpitable`. */
  readonly acpiTables?: readonly OptionText[]
  /** Files for the guest's firmware configuration device, as in `-fw_cfg`. */
  readonly fwCfg?: readonly OptionText[]
  readonly bios?: string
  /** Folders for firmware, ahead of the usual ones (-L). */
  readonly firmwareFolders?: readonly string[]
  readonly vga?: string
  /** Where the machine is shown, as in `-display`: `web=HOST:PORT` serves a page for browsers. */
  readonly display?: string
  /** Where the screen is shown to SPICE clients, as in `-spice`. */
  readonly spice?: string | readonly string[]
  /** Where the screen is served to VNC viewers, as in `-vnc`. */
  readonly vnc?: string | readonly string[]
  /** The layout of their keyboards (-k). */
  readonly keymap?: string
  readonly rtc?: OptionText
  /** Character devices, as in `-chardev`. */
  readonly chardevs?: readonly OptionText[]
  /** Descriptors of this process, for files named /dev/fdset/N, as in `-add-fd`; they are the machine's from then on. */
  readonly addFd?: readonly OptionText[]
  /** Back ends of the network, as in `-netdev`: `user,id=n0,hostfwd=tcp:127.0.0.1:0-:22`. */
  readonly netdevs?: readonly NetworkText[]
  /** Folders of the host for `devices` with `fsdev=`, as in `-fsdev`. */
  readonly fsdevs?: readonly OptionText[]
  /** Folders of the host for the guest to mount, as in `-virtfs`: `local,path=DIR,mount_tag=TAG,security_model=none`. */
  readonly virtfs?: OptionText | readonly OptionText[]
  /** Network cards with what is behind them, as in `-nic`: `user,model=virtio`; `none`, and there is no card. */
  readonly nics?: NetworkText | readonly NetworkText[]
  /** What COM1 to COM4 are connected to. */
  readonly serial?: string | readonly string[]
  /** What LPT1 to LPT3 are connected to, as in `-parallel`: what the guest prints goes there. */
  readonly parallel?: string | readonly string[]
  /** Where the bytes go that the guest writes to port E9h, as in `-debugcon`. */
  readonly debugcon?: string
  /** QMP monitors: `unix:vm.sock,server=on,wait=off`, `tcp:127.0.0.1:0,...`; one inside the process is there anyway. */
  readonly qmp?: string | readonly string[]
  /** QMP monitors on character devices, as in `-mon`. */
  readonly monitors?: readonly OptionText[]
  /** The machine waits for `cont` (-S). */
  readonly paused?: boolean
  /** Where a machine comes from that this one goes on with, as in `-incoming`. */
  readonly incoming?: string
  /** The snapshot inside its images that the machine goes on from, as in `-loadvm`. */
  readonly loadvm?: string
  /** A guest that resets ends the machine (-no-reboot). */
  readonly noReboot?: boolean
  /** What is done when the guest resets, shuts down, panics or does not feed its watchdog (-action). */
  readonly action?: OptionText
  /** A guest that switches itself off stops the machine, which does not end (-no-shutdown). */
  readonly noShutdown?: boolean
  /** Devices beside those that every PC has, as in `-device`. */
  readonly devices?: readonly OptionText[]
  /** No drives, serial ports and no video card that were not asked for (-nodefaults). */
  readonly noDefaults?: boolean
}

/**
 * Makes a configuration out of what an embedding program asks for.
 *
 * @param warn - hears of what is taken but has no effect
 * @throws {ConfigError} if a value is wrong, or an option unknown
 */
export function resolveConfig(options: MachineOptions = {}, warn?: (text: string) => void): MachineConfig {
  checkMembers('options', options, kinds)
  const draft = new ConfigDraft(warn === undefined ? {} : { warn })
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined) say(draft, name as keyof MachineOptions, value)
  }
  if (draft.help !== undefined) throw new ConfigError([draft.help.text.trimEnd()])
  return draft.finish()
}

type Value = string | number | boolean | OptionText | readonly OptionText[]
type Setting = (draft: ConfigDraft, text: string, origin: string) => void

/** How a setting is said, once for each of its values; a flag's is said if it is true. */
const settings: Readonly<Record<keyof MachineOptions, Setting>> = {
  name: (draft, text, origin) => draft.name(`guest=${text.replaceAll(',', ',,')}`, origin),
  uuid: (draft, text, origin) => draft.firmware.uuid(text, origin),
  machine: (draft, text, origin) => draft.machine(text, origin),
  accel: (draft, text, origin) => draft.accel(text, origin),
  cpu: (draft, text) => draft.cpu(text),
  memory: (draft, text, origin) => draft.memory(text, origin),
  hda: (draft, text, origin) => draft.driveFile('hda', text, origin),
  hdb: (draft, text, origin) => draft.driveFile('hdb', text, origin),
  hdc: (draft, text, origin) => draft.driveFile('hdc', text, origin),
  hdd: (draft, text, origin) => draft.driveFile('hdd', text, origin),
  cdrom: (draft, text, origin) => draft.driveFile('cdrom', text, origin),
  fda: (draft, text, origin) => draft.driveFile('fda', text, origin),
  fdb: (draft, text, origin) => draft.driveFile('fdb', text, origin),
  pflash: (draft, text, origin) => draft.driveFile('pflash', text, origin),
  objects: (draft, text, origin) => draft.object(text, origin),
  blockdevs: (draft, text, origin) => draft.blockdev(text, origin),
  drives: (draft, text, origin) => draft.drive(text, origin),
  snapshot: (draft) => draft.snapshot(),
  boot: (draft, text, origin) => draft.boot(text, origin),
  kernel: (draft, text) => draft.bootFile('kernel', text),
  initrd: (draft, text) => draft.bootFile('initrd', text),
  append: (draft, text) => draft.bootFile('append', text),
  smbios: (draft, text, origin) => draft.firmware.smbios(text, origin),
  acpiTables: (draft, text, origin) => draft.firmware.acpiTable(text, origin),
  fwCfg: (draft, text, origin) => draft.firmware.fwCfg(text, origin),
  bios: (draft, text) => draft.bootFile('firmware', text),
  firmwareFolders: (draft, text) => draft.firmware.folder(text),
  vga: (draft, text) => draft.vga(text),
  display: (draft, text, origin) => draft.screens.display(text, origin),
  spice: (draft, text, origin) => draft.screens.spice(text, origin),
  vnc: (draft, text, origin) => draft.screens.vnc(text, origin),
  keymap: (draft, text) => {
    draft.screens.keymap = text
  },
  rtc: (draft, text, origin) => draft.rtc(text, origin),
  chardevs: (draft, text, origin) => draft.chardev(text, origin),
  fsdevs: (draft, text, origin) => draft.folders.fsdev(text, origin),
  virtfs: (draft, text, origin) => draft.device(draft.folders.virtfs(text, origin), origin),
  netdevs: (draft, text, origin) => draft.networks.netdev(text, origin),
  nics: (draft, text, origin) => draft.networks.nic(text, origin),
  addFd: (draft, text, origin) => draft.addFd(text, origin),
  serial: (draft, text, origin) => draft.serial(text, origin),
  parallel: (draft, text, origin) => draft.parallel(text, origin),
  debugcon: (draft, text, origin) => draft.debugcon(text, origin),
  qmp: (draft, text, origin) => draft.qmp(text, origin),
  monitors: (draft, text, origin) => draft.mon(text, origin),
  paused: (draft) => draft.start.pause(),
  incoming: (draft, uri, origin) => draft.start.comeFrom(uri, origin),
  loadvm: (draft, snapshot) => draft.start.goOnFrom(snapshot),
  action: (draft, text, origin) => draft.action(text, origin),
  noReboot: (draft, _, origin) => draft.action('reboot=shutdown', origin),
  noShutdown: (draft, _, origin) => draft.action('shutdown=pause', origin),
  devices: (draft, text, origin) => draft.device(text, origin),
  noDefaults: (draft) => draft.noDefaults(),
}

const switches: readonly string[] = ['snapshot', 'paused', 'noReboot', 'noShutdown', 'noDefaults']

const kinds = Object.fromEntries(
  Object.keys(settings).map((name) => [name, switches.includes(name) ? 'switch' : 'words']),
) as MemberKinds<MachineOptions>

function say(draft: ConfigDraft, name: keyof MachineOptions, value: Value): void {
  if (value === false) return
  for (const each of isList(value) ? value : [value]) {
    const text = typeof each === 'object' ? objectText(each) : String(each)
    settings[name](draft, text, value === true ? name : `${name} ${text}`)
  }
}

/** An object as a list of options; a policy is written as JSON. */
function objectText(object: OptionObject): string {
  const { policy } = object
  const plain = typeof policy === 'object' ? { ...object, policy: JSON.stringify(policy) } : object
  return printOptionList(Object.fromEntries(membersOf(plain)))
}

function isList(value: Value): value is readonly OptionText[] {
  return Array.isArray(value)
}

/** The members of an object and of those in it, by their names with dots. */
function membersOf(object: OptionObject, before = ''): [string, string | number | boolean | undefined][] {
  return Object.entries(object).flatMap(([name, value]) =>
    typeof value === 'object' ? membersOf(value as OptionObject, `${before}${name}.`) : [[before + name, value]],
  )
}
