/**
 * The QEMU that clients believe to talk to: its protocol is the one that is spoken here, to the letter, and clients
 * choose by this version what they may use. See docs/decisions/0002-wire-identity.md.
 */
export const qemuVersion = {
  qemu: { major: 7, minor: 2, micro: 22 },
  package: 'Debian 1:7.2+dfsg-7+deb12u18+b3',
}
