/** Differences from QEMU 7.2 that no recorded conversation shows: in the guest, on the command line, in `vmon img`. */
export interface Elsewhere {
  readonly where: 'guest' | 'command line' | 'images' | 'human monitor'
  readonly vmon: string
  readonly qemu: string
  readonly reason: string
}

export const elsewhere: readonly Elsewhere[] = [
  {
    where: 'guest',
    vmon: 'of firmware in flash memory, 256 KiB are below 1 MiB from the start; an access of 16 bits reaches the chip as two of 8',
    qemu: 'shows 128 KiB there until the chipset says otherwise; takes 16 bits at once',
    reason: 'the chipset has no shadow memory (PAM) here; the emulator cuts such accesses in two',
  },
  {
    where: 'guest',
    vmon: 'with -accel none every access to flash memory comes as bytes, and the monitor reads zeroes below the last 256 KiB',
    qemu: 'shows all of it',
    reason: 'no processor reads there',
  },
  {
    where: 'guest',
    vmon: 'pc-testdev has its ports, and no memory at FF000000',
    qemu: 'has 64 KiB there that hold what is written',
    reason: 'the ISA bus has no memory here',
  },
  {
    where: 'command line',
    vmon: 'a command of -qtest whose words are missing or no numbers is answered with FAIL; interrupts are intercepted at ioapic, isa-i8259, mc146818rtc and isa-pit; clock_step without a number goes 0.1 s at the most',
    qemu: 'aborts; intercepts any device; goes to the next timer',
    reason: 'no client ends the machine; these are the devices whose lines the emulator shows',
  },
  {
    where: 'command line',
    vmon: 'one each of what every PC has (isa-fdc, i8042, mc146818rtc, isa-pit, piix3-ide) and four serial ports: no more can be added',
    qemu: 'takes a second one with -device',
    reason: 'the board has them built in',
  },
  {
    where: 'command line',
    vmon: 'HPET and kvmvapic are only numbers in the paths of the devices behind them',
    qemu: 'has them',
    reason: 'the paths of the other devices are those of QEMU’s PC',
  },
  {
    where: 'command line',
    vmon: 'a network card whose own boot loader (iPXE) is not installed has an empty ROM',
    qemu: 'does not start',
    reason: 'a machine needs nothing beside npm',
  },
  {
    where: 'command line',
    vmon: 'of networks, dgram goes by inet alone; a character device for guestfwd= that cannot be had is told in one line; guestfwd= starts at most 64 programs at once by each rule',
    qemu: 'takes unix sockets and descriptors for datagrams, says first what is wrong with the device, and has no such limit',
    reason: 'Node has no datagrams by unix sockets; a guest is not to fill the host with processes',
  },
  {
    where: 'guest',
    vmon: 'virtio devices interrupt by their pins, and have no MSI-X capability and no region for it, whatever `vectors` says; the window into the regions in the configuration space does nothing',
    qemu: 'has two vectors or more',
    reason: 'messages have no way to the interrupt controller of the emulator',
  },
  {
    where: 'command line',
    vmon: 'of virtio devices, packed rings, IOMMUs, notifications by port, ATS, AER, page-per-vq, free-page-hint are refused unless they are as by default; an iothread must be there and changes nothing; ioeventfd (with which QEMU looks for requests by itself when a driver is ready), migrate-extra and request-merging are taken, and change nothing',
    qemu: 'does each',
    reason: 'rings are split and in RAM, one thread serves them, and requests are not merged',
  },
  {
    where: 'command line',
    vmon: 'of shared folders: synth and proxy are drivers that are not found, mapped-file and throttling are refused; 9P2000.L alone is spoken; devices, pipes and sockets of the host are seen and not opened; 1024 files are open at once, 65536 named; a machine whose guest has mounted one cannot be saved, nor go elsewhere',
    qemu: 'has those; speaks 9P2000.u, too; opens whatever the folder holds, and more at once; refuses migration alike',
    reason: 'the folder is one of files; no guest uses up the descriptors of the process',
  },
  {
    where: 'guest',
    vmon: '`display` and `head` of virtio input devices are taken, and change nothing',
    qemu: 'lets those of a screen hear first what is sent to that screen',
    reason: 'there is one screen',
  },
  {
    where: 'guest',
    vmon: 'what a virtio-serial driver has no room for waits, up to 4096 messages about ports, and bytes for a port that the guest has not opened are lost only when their sender has gone',
    qemu: 'messages without room are lost; bytes wait in the socket',
    reason: 'the guest finds every port, also when its driver is slow',
  },
  {
    where: 'guest',
    vmon: 'a command of SCSI moves at most 32 MiB; who wants one ended is answered when it has ended; blocks of scsi-hd have 512 bytes, those of scsi-cd 2048; mode pages tell of caches, errors and what a CD drive can do',
    qemu: 'moves more, calls commands back where that can be, takes other sizes, and has pages of geometry, too',
    reason: 'no guest decides how much memory is taken; a drive’s request is not called back',
  },
  {
    where: 'guest',
    vmon: 'the geometry of a virtio disk is guessed from its size, unless it is said',
    qemu: 'looks into its partition table, too',
    reason: 'nothing that boots here asks for it',
  },
  {
    where: 'guest',
    vmon: 'one RESET if the machine is reset while the firmware runs',
    qemu: 'three: its firmware finds that it has run already, and resets again',
    reason: 'a reset brings the firmware back into its shadow, as power-on does',
  },
  {
    where: 'guest',
    vmon: 'RAM between C0000 and FFFFF can always be written, whatever the chipset is told',
    qemu: 'can be made read-only',
    reason: 'the emulated processor has no memory there that is only read',
  },
  {
    where: 'guest',
    vmon: 'some faults that the processor cannot deliver (paging without protected mode, a null task register) reset it',
    qemu: 'exceptions',
    reason: 'the emulated processor gives up there, and the board resets',
  },
  {
    where: 'guest',
    vmon: 'a loop of many entries that never leaves them is found after seconds: internal-error, and a reset helps',
    qemu: 'goes on',
    reason: 'the code that the emulated processor compiles such loops to does not look whether its time is up',
  },
  {
    where: 'guest',
    vmon: "ACPI tables are the firmware's own, and one for the firmware configuration device",
    qemu: 'hands its firmware tables of its own',
    reason: 'other firmware than SeaBIOS (qboot) finds none here',
  },
  {
    where: 'guest',
    vmon: 'a read of a floppy that fails on the host fails in the guest',
    qemu: 'the guest reads zeroes',
    reason: 'nobody should take zeroes for data',
  },
  {
    where: 'guest',
    vmon: 'a write to a floppy without DMA that ends with its track is complete',
    qemu: 'its controller waits for ever',
    reason: 'the drive has everything',
  },
  {
    where: 'command line',
    vmon: '`-global` reaches devices of `-device`',
    qemu: 'also those of `-drive`, and those that are built in',
    reason: 'those have no properties yet',
  },
  {
    where: 'command line',
    vmon: 'there is one VGA card, function 0 of its slot; of its properties only `addr`, `xres`, `yres` and `edid` can be chosen, and monitors of 4096 dots and more are refused',
    qemu: 'any number of cards, anywhere',
    reason: 'the emulated processor has one card, with 16 MiB',
  },
  {
    where: 'command line',
    vmon: '`-device isa-serial` with ports or interrupt of its own, or in the place of another, is refused',
    qemu: 'takes them',
    reason: 'the emulated ports are where they always were',
  },
  {
    where: 'command line',
    vmon: 'a `romfile` of more than 16 MiB is refused',
    qemu: 'takes up to 2 GiB',
    reason: 'no boot loader is so long, and the card holds the file in memory',
  },
  {
    where: 'guest',
    vmon: 'TFTP does not follow links that lead out of its folder, and takes names byte by byte',
    qemu: 'follows them',
    reason: 'a guest reads nothing that is not in the folder',
  },
  {
    where: 'command line',
    vmon: 'of `-sandbox` only `elevateprivileges` is carried out; the rest is taken',
    qemu: 'filters system calls',
    reason:
      'Node offers no filter that its own threads would live with; `migrate exec:` and `guestfwd=...-cmd:` start programs whatever `spawn=` says',
  },
  {
    where: 'command line',
    vmon: '`-vnc :1` listens on this machine alone; `lossy=` and `key-delay-ms=` are taken and change nothing',
    qemu: 'on every interface; may send JPEG, and paces keys',
    reason:
      'nobody is to be let in from elsewhere who was not asked for; pictures are never lossy, and the keyboard has a queue',
  },
  {
    where: 'command line',
    vmon: '`-display web[=HOST:PORT]` shows the machine on a page for browsers',
    qemu: 'has no such display',
    reason: 'a machine in a program or a container has no windows; the page needs nothing but a browser',
  },
  {
    where: 'command line',
    vmon: '`-spice port=` listens on this machine alone without `addr=`; `sasl=` and `gl=` are refused; pictures go as they are, or in LZ, whatever kind of compression is named; there are no agent, no sound and no USB, whose options are taken and change nothing',
    qemu: 'on every interface; has the other kinds of compression, and what goes with an agent, sound and USB',
    reason:
      'nobody is to be let in from elsewhere who was not asked for; a PC without sound and USB has nothing to show of them',
  },
  {
    where: 'command line',
    vmon: 'SPICE clients are told where to go on when the machine has gone (client_migrate_info), not before',
    qemu: 'has them connect there beforehand, where they can',
    reason: 'a migration that fails leaves its clients where they are',
  },
  {
    where: 'command line',
    vmon: 'of `-vnc`, `sasl=` is refused, and `audiodev=` takes a back end without sound',
    qemu: 'takes them',
    reason: 'there is no SASL, and there is no sound',
  },
  {
    where: 'images',
    vmon: 'a LUKS password that takes 2147483648 iterations or more is refused, where a slot is made and where it is opened',
    qemu: 'goes up to 4294967295',
    reason: 'Node.js counts them in 31 bits, and they take a quarter of an hour',
  },
  {
    where: 'images',
    vmon: '`amend -o compat=0.10` gives clusters a place of their own that a snapshot shares',
    qemu: "its image is faulty afterwards, and the snapshot's data may be lost",
    reason: 'what a snapshot keeps is to stay',
  },
  {
    where: 'images',
    vmon: 'a pipe as a drive, and an image that names itself as its backing file, are refused at once',
    qemu: 'waits for ever',
    reason: 'nobody is to wait for what never comes',
  },
  {
    where: 'images',
    vmon: "`convert -B` keeps the source's zeroes behind the end of the source's backing file",
    qemu: "shows the target's backing file there",
    reason: 'the target is to show what the source shows',
  },
  {
    where: 'images',
    vmon: '`convert -c -n` writes compressed clusters over those that are there',
    qemu: 'Input/output error',
    reason: 'the contents are to arrive',
  },
  {
    where: 'images',
    vmon: 'SESPARSE extents of VMDK are refused by name; images are not made on block devices',
    qemu: 'reads the former, and makes the latter',
    reason: 'not there',
  },
  {
    where: 'images',
    vmon: 'a check takes an entry of the L1 table with flags and no offset for one fault, and mends it',
    qemu: 'takes the header for its table',
    reason: 'a repair must not touch what is in use',
  },
  {
    where: 'images',
    vmon: '`check -r leaks` mends what it can where reference counts cannot be read',
    qemu: 'gives up with an input/output error',
    reason: 'the other tables are sound',
  },
  {
    where: 'images',
    vmon: 'before Node.js 22.15, some damaged clusters that are compressed by zstd are read as wrong bytes, and none are written',
    qemu: 'Input/output error',
    reason: 'the decoder for older versions of Node.js does not check everything, and there is no encoder',
  },
  {
    where: 'human monitor',
    vmon: '`info registers` before the first instruction has CS.base 000f0000',
    qemu: 'ffff0000',
    reason: 'the emulated processor begins in the copy of the firmware below 1 MiB',
  },
  {
    where: 'human monitor',
    vmon: '`info lapic` before the firmware runs: spurious vector 254',
    qemu: '255',
    reason: 'so the emulated controller is when the power has come on',
  },
  {
    where: 'human monitor',
    vmon: '`info irq` counts no rise of line 0 at the start',
    qemu: 'one',
    reason: 'its HPET drives the line from the beginning',
  },
  {
    where: 'human monitor',
    vmon: '`info mtree` has RAM between c0000 and fffff (`pam-ram`) from the start; no HPET, kvmvapic, SMBus, MSI-X; `-d` adds nothing',
    qemu: 'what the PAM registers say; all of them, and an address space for system management mode; `-d` shows how it finds regions',
    reason:
      'RAM there can always be written, the others are no part of the board, and there is nothing like dispatch trees in it',
  },
  {
    where: 'human monitor',
    vmon: '`info jit` tells how many modules of code were made, and their size',
    qemu: 'tells more of its translator',
    reason: 'that is what the emulated processor lets one see',
  },
  {
    where: 'human monitor',
    vmon: '`info roms` and `info ramblock` show firmware, RAM, VGA card and the ROMs of network cards',
    qemu: 'also its own ACPI tables and an option ROM for APICs',
    reason: 'those are not there',
  },
  {
    where: 'human monitor',
    vmon: '`log` and `help log` have the items of `-d`',
    qemu: 'items of its own translator',
    reason: 'each logs what it does',
  },
  {
    where: 'human monitor',
    vmon: '`singlestep on`, `sync-profile on`, `gdbserver`, `gpa2hva` and `gpa2hpa` of RAM are refused; there are no trace events; `wavcapture` finds no audio device',
    qemu: 'carries them out',
    reason: 'nothing here could',
  },
]
