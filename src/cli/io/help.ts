import { qemuVersion } from '../../qapi/index.ts'
import { packageVersion } from '../package-version.ts'

/** What `vmon io --version` prints. */
export function versionText(): string {
  const { major, minor, micro } = qemuVersion.qemu
  return `vmon io version ${packageVersion()} (qemu-io of QEMU ${major}.${minor}.${micro})\n`
}

/** What `vmon io --help` prints. */
export function helpText(): string {
  return `usage: vmon io [OPTIONS] [-c COMMAND]... [FILE]
Makes single requests to an image: those of -c, or what standard input says.

  -c, --cmd COMMAND        run a command; may be repeated
  -f, --format FORMAT      the image's format
  -r, --read-only          open it for reading
  -s, --snapshot           let writes go to a file that nobody keeps
  -n, --nocache            as -t none
  -t, --cache MODE         none, writeback, unsafe, directsync or writethrough (the default)
  -d, --discard MODE       unmap (the default) or ignore
  -i, --aio MODE           threads, native or io_uring: makes no difference
  -k, --native-aio         makes no difference
  -m, --misalign           makes no difference
  -U, --force-share        whatever others do with the image
      --image-opts         FILE is a list of options
      --object OBJECT      a secret for encrypted images
  -h, --help               print this
  -V, --version            print the version

'vmon io -c help' lists the commands.
`
}
