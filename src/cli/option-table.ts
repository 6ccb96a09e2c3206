import type { ConfigDraft } from '../machine/index.ts'
import { acceptedOptions } from './accepted-options.ts'
import type { MessageStyle } from './outputs.ts'
import { qtestOptions } from './qtest-options.ts'
import { screenOptions } from './screen-options.ts'
import type { User } from './user.ts'

/** What the process itself is to do, beside running a machine. */
export interface ProcessWishes {
  help: 'help' | 'version' | undefined
  pidfile: string | undefined
  daemonize: boolean
  /** Items of -d; undefined if nothing is to be logged. */
  logItems: readonly string[] | undefined
  logFile: string | undefined
  /** What stands before messages. */
  messages: MessageStyle
  /** Whom to become when the machine has started. */
  user: User | undefined
  /** The folder that is the root of every path when the machine has started. */
  root: string | undefined
  /** The process, and those that it makes, may gain no rights that it has not. */
  noNewPrivileges: boolean
}

/** An option of the command line: its spelling, what it takes, what it does. */
export interface Option {
  /** Without dashes; the first one is shown. */
  readonly names: readonly string[]
  /** What the argument looks like; absent for an option that takes none. */
  readonly argument?: string
  readonly group: 'machine' | 'drives' | 'boot' | 'host' | 'process' | 'accepted'
  readonly help: string
  /** What the shell offers as an argument. */
  readonly complete?: 'file' | 'folder' | readonly string[]
  /** @param origin the option as it was written, which complaints name */
  apply(target: { draft: ConfigDraft; process: ProcessWishes }, text: string, origin: string): void
}

const shorthand = (name: 'hda' | 'hdb' | 'hdc' | 'hdd' | 'cdrom' | 'fda' | 'fdb' | 'pflash', help: string): Option => ({
  names: [name],
  argument: 'FILE',
  group: 'drives',
  help,
  complete: 'file',
  apply: ({ draft }, text, origin) => draft.driveFile(name, text, origin),
})

/** Every option that vmon has: from here come parsing, -help, completion and the list in the documentation. */
export const options: readonly Option[] = [
  {
    names: ['machine', 'M'],
    argument: '[type=]NAME[,accel=...]',
    group: 'machine',
    help: 'what machine to be: pc (a PC with an i440FX, as QEMU has it) or none',
    complete: ['pc', 'none', 'help'],
    apply: ({ draft }, text, origin) => draft.machine(text, origin),
  },
  {
    names: ['accel'],
    argument: 'NAME',
    group: 'machine',
    help: 'what executes: v86 (the emulator in this process; tcg is taken for it), none, or qtest (nothing; see -qtest)',
    complete: ['v86', 'none', 'tcg', 'qtest', 'help'],
    apply: ({ draft }, text, origin) => draft.accel(text, origin),
  },
  {
    names: ['cpu'],
    argument: 'MODEL',
    group: 'machine',
    help: 'CPU model; there is one, which qemu32 and max are taken for',
    complete: ['v86', 'qemu32', 'max', 'help'],
    apply: ({ draft }, text) => draft.cpu(text),
  },
  {
    names: ['smp'],
    argument: 'N',
    group: 'machine',
    help: 'number of CPUs: 1',
    apply: ({ draft }, text, origin) => draft.smp(text, origin),
  },
  {
    names: ['m'],
    argument: '[size=]SIZE',
    group: 'machine',
    help: 'RAM, in MiB or with a suffix (512M, 1G); 128 MiB if nothing is said, 2040 MiB at the most',
    apply: ({ draft }, text, origin) => draft.memory(text, origin),
  },
  {
    names: ['name'],
    argument: 'NAME',
    group: 'machine',
    help: 'name of the machine, which query-name tells',
    apply: ({ draft }, text, origin) => draft.name(text, origin),
  },
  {
    names: ['uuid'],
    argument: 'UUID',
    group: 'machine',
    help: 'UUID of the machine',
    apply: ({ draft }, text, origin) => draft.firmware.uuid(text, origin),
  },
  {
    names: ['smbios'],
    argument: 'type=N[,MEMBER=VALUE]...',
    group: 'machine',
    help: 'what the tables for dmidecode say: types 0 to 4, 8, 11, 17 and 41, or a whole structure with file=FILE',
    complete: ['type=1,', 'file='],
    apply: ({ draft }, text, origin) => draft.firmware.smbios(text, origin),
  },
  {
    names: ['acpitable'],
    argument: '[sig=TEXT][,MEMBER=VALUE]...,data=FILE[:FILE]...|file=FILE',
    group: 'machine',
    help: 'an ACPI table that the firmware adds to its own: its contents, or (file=) also its header',
    complete: ['sig=', 'file='],
    apply: ({ draft }, text, origin) => draft.firmware.acpiTable(text, origin),
  },
  {
    names: ['fw_cfg'],
    argument: '[name=]NAME,file=FILE|string=TEXT',
    group: 'machine',
    help: 'a file for the guest in the firmware configuration device (/sys/firmware/qemu_fw_cfg); names begin with opt/',
    complete: ['name=opt/'],
    apply: ({ draft }, text, origin) => draft.firmware.fwCfg(text, origin),
  },
  {
    names: ['vga'],
    argument: 'TYPE',
    group: 'machine',
    help: 'video card: std or none',
    complete: ['std', 'none', 'help'],
    apply: ({ draft }, text) => draft.vga(text),
  },
  ...screenOptions,
  {
    names: ['rtc'],
    argument: 'base=TIME[,clock=...]',
    group: 'machine',
    help: 'what the guest clock says at the start: utc, localtime or a date (2026-11-23T12:00:00)',
    complete: ['base=utc', 'base=localtime'],
    apply: ({ draft }, text, origin) => draft.rtc(text, origin),
  },
  shorthand('hda', 'image of the first hard disk'),
  shorthand('hdb', 'image of the second hard disk'),
  shorthand('hdc', 'image of the third hard disk (in the place of the CD)'),
  shorthand('hdd', 'image of the fourth hard disk'),
  shorthand('cdrom', 'image of the CD'),
  shorthand('fda', 'image of the first floppy'),
  shorthand('fdb', 'image of the second floppy'),
  shorthand('pflash', 'image of flash memory with the firmware, below 4 GiB; a second one is below the first'),
  {
    names: ['drive'],
    argument: 'file=FILE[,if=ide|floppy|none][,media=disk|cdrom][,format=raw]...',
    group: 'drives',
    help: 'a drive, with all its settings',
    apply: ({ draft }, text, origin) => draft.drive(text, origin),
  },
  {
    names: ['object'],
    argument: 'TYPE,id=NAME[,PROPERTY=VALUE]...',
    group: 'drives',
    help: 'an object that others use: a password, limits, credentials, memory, a filter (`-object help` lists the types)',
    complete: ['secret,id=', 'throttle-group,id=', 'help'],
    apply: ({ draft }, text, origin) => draft.object(text, origin),
  },
  {
    names: ['blockdev'],
    argument: 'DRIVER,node-name=NAME[,OPTION=VALUE]...',
    group: 'drives',
    help: 'a node that a -device can have as its drive, as blockdev-add makes it; also as JSON',
    apply: ({ draft }, text, origin) => draft.blockdev(text, origin),
  },
  {
    names: ['snapshot'],
    group: 'drives',
    help: 'keep nothing that is written to drives: it goes to files in TMPDIR, or /var/tmp',
    apply: ({ draft }) => draft.snapshot(),
  },
  {
    names: ['boot'],
    argument: '[order=]DRIVES[,once=DRIVES][,menu=on|off][,splash-time=MS]',
    group: 'boot',
    help: 'order of boot devices: a (floppy), c (hard disk), d (CD)',
    complete: ['a', 'c', 'd', 'order=', 'once=', 'menu=on', 'help'],
    apply: ({ draft }, text, origin) => draft.boot(text, origin),
  },
  {
    names: ['kernel'],
    argument: 'FILE',
    group: 'boot',
    help: 'kernel to start without a boot loader: Linux, multiboot, or ELF with a PVH entry',
    complete: 'file',
    apply: ({ draft }, text) => draft.bootFile('kernel', text),
  },
  {
    names: ['initrd'],
    argument: 'FILE',
    group: 'boot',
    help: 'its initial RAM disk; for a multiboot kernel modules: FILE [ARGUMENTS],FILE...',
    complete: 'file',
    apply: ({ draft }, text) => draft.bootFile('initrd', text),
  },
  {
    names: ['append'],
    argument: 'TEXT',
    group: 'boot',
    help: 'its command line',
    apply: ({ draft }, text) => draft.bootFile('append', text),
  },
  {
    names: ['bios'],
    argument: 'FILE',
    group: 'boot',
    help: 'image of the system BIOS, by path or by name in the folders of -L',
    complete: 'file',
    apply: ({ draft }, text) => draft.bootFile('firmware', text),
  },
  {
    names: ['L'],
    argument: 'FOLDER',
    group: 'boot',
    help: 'folder in which firmware is looked for first',
    complete: 'folder',
    apply: ({ draft }, text) => draft.firmware.folder(text),
  },
  {
    names: ['S'],
    group: 'boot',
    help: 'do not start: wait for cont',
    apply: ({ draft }) => draft.start.pause(),
  },
  {
    names: ['incoming'],
    argument: 'URI',
    group: 'boot',
    help: 'go on with a machine that comes from tcp:HOST:PORT, unix:PATH, exec:COMMAND, fd:N or file:PATH, or wait for migrate-incoming (defer)',
    complete: ['defer'],
    apply: ({ draft }, text, origin) => draft.start.comeFrom(text, origin),
  },
  {
    names: ['loadvm'],
    argument: 'NAME',
    group: 'boot',
    help: 'go on from a snapshot of the machine inside its images',
    apply: ({ draft }, text) => draft.start.goOnFrom(text),
  },
  {
    names: ['no-reboot'],
    group: 'boot',
    help: 'a guest that resets ends the machine',
    apply: ({ draft }, _, origin) => draft.action('reboot=shutdown', origin),
  },
  {
    names: ['no-shutdown'],
    group: 'boot',
    help: 'a guest that switches itself off stops the machine, which does not end',
    apply: ({ draft }, _, origin) => draft.action('shutdown=pause', origin),
  },
  {
    names: ['device'],
    argument: 'DRIVER[,PROPERTY=VALUE]',
    group: 'machine',
    help: 'a further device; -device help lists those that there are, -device DRIVER,help its properties',
    apply: ({ draft }, text, origin) => draft.device(text, origin),
  },
  {
    names: ['set'],
    argument: 'GROUP.ID.MEMBER=VALUE',
    group: 'machine',
    help: 'a member of a -device or -drive that was said before',
    apply: ({ draft }, text, origin) => draft.set(text, origin),
  },
  {
    names: ['global'],
    argument: 'DRIVER.PROPERTY=VALUE',
    group: 'machine',
    help: 'a property of every -device of a kind that does not say otherwise',
    apply: ({ draft }, text, origin) => draft.global(text, origin),
  },
  {
    names: ['action'],
    argument: 'EVENT=ACTION[,...]',
    group: 'boot',
    help: 'what is done when the guest ends: reboot=reset|shutdown, shutdown=poweroff|pause, panic=pause|shutdown|exit-failure|none, watchdog=...',
    complete: ['reboot=', 'shutdown=', 'panic=', 'watchdog=', 'help'],
    apply: ({ draft }, text, origin) => draft.action(text, origin),
  },
  {
    names: ['watchdog-action'],
    argument: 'ACTION',
    group: 'boot',
    help: 'what a watchdog does that the guest does not feed',
    complete: ['reset', 'shutdown', 'poweroff', 'inject-nmi', 'pause', 'debug', 'none'],
    apply: ({ draft }, text, origin) => draft.action(`watchdog=${text.replaceAll(',', ',,')}`, origin),
  },
  {
    names: ['qmp'],
    argument: 'DEV',
    group: 'host',
    help: 'QMP monitor on a character device: unix:PATH,server=on,wait=off, tcp:HOST:PORT,..., stdio',
    apply: ({ draft }, text, origin) => draft.qmp(text, origin),
  },
  {
    names: ['qmp-pretty'],
    argument: 'DEV',
    group: 'host',
    help: 'the same, with replies over several lines',
    apply: ({ draft }, text, origin) => draft.qmp(text, origin, true),
  },
  {
    names: ['debugcon'],
    argument: 'DEV',
    group: 'host',
    help: 'where the bytes go that the guest writes to port E9h',
    complete: ['stdio', 'file:', 'null'],
    apply: ({ draft }, text, origin) => draft.debugcon(text, origin),
  },
  {
    names: ['serial'],
    argument: 'DEV',
    group: 'host',
    help: 'what COM1, then COM2 to COM4, is connected to: stdio, unix:..., tcp:..., file:PATH, null, none',
    apply: ({ draft }, text, origin) => draft.serial(text, origin),
  },
  {
    names: ['parallel'],
    argument: 'DEV',
    group: 'host',
    help: 'where LPT1, then LPT2 and LPT3, prints: as for -serial',
    apply: ({ draft }, text, origin) => draft.parallel(text, origin),
  },
  {
    names: ['chardev'],
    argument: 'KIND,id=ID[,...]',
    group: 'host',
    help: 'a character device for -mon and -serial chardev:ID',
    complete: ['socket,id=', 'stdio,id=', 'file,id=', 'null,id=', 'help'],
    apply: ({ draft }, text, origin) => draft.chardev(text, origin),
  },
  {
    names: ['netdev'],
    argument: 'KIND,id=ID[,...]',
    group: 'host',
    help: 'a back end of the network, for -device CARD,netdev=ID: user needs no privileges',
    complete: ['user,id=', 'hubport,id=', 'help'],
    apply: ({ draft }, text, origin) => draft.networks.netdev(text, origin),
  },
  {
    names: ['fsdev'],
    argument: 'local,id=ID,path=DIR,security_model=none|passthrough|mapped-xattr[,...]',
    group: 'host',
    help: 'a folder for -device virtio-9p-pci,fsdev=ID,mount_tag=TAG',
    complete: ['local,id='],
    apply: ({ draft }, text, origin) => draft.folders.fsdev(text, origin),
  },
  {
    names: ['virtfs'],
    argument: 'local,path=DIR,mount_tag=TAG,security_model=MODEL[,readonly=on][,...]',
    group: 'host',
    help: 'a folder for the guest to mount: -fsdev and its device in one',
    complete: ['local,path='],
    apply: ({ draft }, text, origin) => draft.device(draft.folders.virtfs(text, origin), origin),
  },
  {
    names: ['nic'],
    argument: 'KIND[,model=CARD][,mac=MAC][,...]',
    group: 'host',
    help: 'a network card (e1000), and what is behind it: user needs no privileges; none: there is none',
    complete: ['user', 'user,model=', 'none', 'model=help'],
    apply: ({ draft }, text, origin) => draft.networks.nic(text, origin),
  },
  {
    names: ['net'],
    argument: 'nic|user|socket|none[,...]',
    group: 'host',
    help: 'a card, or what is behind one: all of them are on one hub',
    complete: ['nic', 'user', 'none'],
    apply: ({ draft }, text, origin) => draft.networks.net(text, origin),
  },
  {
    names: ['add-fd'],
    argument: 'fd=FD,set=N[,opaque=TEXT]',
    group: 'host',
    help: 'a descriptor that the program was started with, for set N: files named /dev/fdset/N are opened from it',
    apply: ({ draft }, text, origin) => draft.addFd(text, origin),
  },
  {
    names: ['mon'],
    argument: '[chardev=]ID[,mode=readline|control][,pretty=on]',
    group: 'host',
    help: 'a monitor on a character device of -chardev: for people, or (mode=control) of QMP',
    apply: ({ draft }, text, origin) => draft.mon(text, origin),
  },
  {
    names: ['monitor'],
    argument: 'DEV',
    group: 'host',
    help: 'monitor for people on a character device: stdio, unix:PATH,server=on,wait=off, telnet:HOST:PORT,..., none',
    complete: ['stdio', 'unix:', 'tcp:', 'telnet:', 'pty', 'none'],
    apply: ({ draft }, text, origin) => draft.humanMonitor(text, origin),
  },
  {
    names: ['display'],
    argument: 'none|web[=HOST:PORT]',
    group: 'host',
    help: 'where to show the machine: nowhere, or on a page for browsers on this machine, whose link is printed',
    complete: ['none', 'web', 'web=', 'help'],
    apply: ({ draft }, text, origin) => draft.screens.display(text, origin),
  },
  {
    names: ['nographic'],
    group: 'host',
    help: 'COM1 and the monitor are standard input and output; Ctrl-A h tells how to switch',
    apply: ({ draft }) => draft.noGraphic(),
  },
  {
    names: ['nodefaults'],
    group: 'machine',
    help: 'no drives, serial ports and video card that were not asked for',
    apply: ({ draft }) => draft.noDefaults(),
  },
  {
    names: ['no-user-config'],
    group: 'process',
    help: 'read no configuration files; none are read anyway',
    apply: () => undefined,
  },
  {
    names: ['readconfig'],
    argument: 'FILE',
    group: 'process',
    help: 'take options from a file: lines [GROUP "ID"], and KEY = "VALUE" below each',
    complete: 'file',
    apply: () => undefined,
  },
  {
    names: ['pidfile'],
    argument: 'FILE',
    group: 'process',
    help: 'write the number of the process to a file, which is removed at the end',
    complete: 'file',
    apply: ({ process }, text) => {
      process.pidfile = text
    },
  },
  {
    names: ['daemonize'],
    group: 'process',
    help: 'go on in the background as soon as the machine has started',
    apply: ({ process }) => {
      process.daemonize = true
    },
  },
  {
    names: ['d'],
    argument: 'ITEM[,ITEM...]',
    group: 'process',
    help: 'log what happens; help lists the items, all is each of them',
    complete: ['all', 'firmware', 'machine', 'qmp', 'trace:qmp', 'help'],
    apply: ({ process }, text) => {
      process.logItems = text.split(',')
    },
  },
  {
    names: ['D'],
    argument: 'FILE',
    group: 'process',
    help: 'log to a file instead of standard error; %d in its name is the number of the process',
    complete: 'file',
    apply: ({ process }, text) => {
      process.logFile = text
    },
  },
  {
    names: ['version'],
    group: 'process',
    help: 'tell the version',
    apply: ({ process }) => {
      process.help ??= 'version'
    },
  },
  {
    names: ['h', 'help'],
    group: 'process',
    help: 'this text',
    apply: ({ process }) => {
      process.help ??= 'help'
    },
  },
  ...qtestOptions,
  ...acceptedOptions,
]

const byName = new Map(options.flatMap((option) => option.names.map((name) => [name, option] as const)))

export function findOption(name: string): Option | undefined {
  return byName.get(name)
}
