/**
 * The QEMU that clients believe to talk to: its protocol is the one that is spoken here, to the letter, and clients
 * choose by this version what they may use. See docs/decisions/0002-wire-identity.md.
 */
export const qemuVersion = {
  qemu: { major: 7, minor: 2, micro: 22 },
  package: 'Debian 1:7.2+dfsg-7+deb12u18+b3',
}

/** Architectures that QMP 7.2 knows (QAPI SysEmuTarget). */
export const sysEmuTargets = [
  'aarch64',
  'alpha',
  'arm',
  'avr',
  'cris',
  'hppa',
  'i386',
  'loongarch64',
  'm68k',
  'microblaze',
  'microblazeel',
  'mips',
  'mips64',
  'mips64el',
  'mipsel',
  'nios2',
  'or1k',
  'ppc',
  'ppc64',
  'riscv32',
  'riscv64',
  'rx',
  's390x',
  'sh4',
  'sh4eb',
  'sparc',
  'sparc64',
  'tricore',
  'x86_64',
  'xtensa',
  'xtensaeb',
] as const
