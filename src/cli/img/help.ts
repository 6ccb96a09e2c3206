import { driverNames } from '../../block/index.ts'
import { qemuVersion } from '../../qapi/index.ts'
import { packageVersion } from '../package-version.ts'

/** What `vmon img --version` prints. */
export function versionText(): string {
  const { major, minor, micro } = qemuVersion.qemu
  return `vmon img version ${packageVersion()} (qemu-img of QEMU ${major}.${minor}.${micro})\n`
}

const commands = [
  [
    'amend',
    '[-p] [-q] [-f FORMAT] [-t CACHE] [--force] -o OPTIONS FILE',
    'give an image other features, or an encrypted one other passwords:\n' +
      '      -o [encrypt.]state=active|inactive, keyslot=N, old-secret=ID, new-secret=ID, iter-time=MS',
  ],
  [
    'bench',
    '[-c COUNT] [-d DEPTH] [-f FORMAT] [--flush-interval=N] [-i AIO] [-n] [--no-drain] [-o OFFSET] [--pattern=BYTE] [-q] [-s SIZE] [-S STEP] [-t CACHE] [-w] [-U] FILE',
    'say how long so many requests take',
  ],
  [
    'bitmap',
    '(--merge SOURCE | --add | --remove | --clear | --enable | --disable)... [-b FILE [-F FORMAT]] [-g SIZE] [-f FORMAT] FILE BITMAP',
    'change the dirty bitmaps that an image keeps',
  ],
  ['check', '[-q] [-f FORMAT] [--output=human|json] [-r leaks|all] [-T CACHE] [-U] FILE', 'look for faults'],
  [
    'commit',
    '[-q] [-f FORMAT] [-t CACHE] [-b BASE] [-r RATE] [-d] [-p] FILE',
    'write what an image holds into the image behind it',
  ],
  ['compare', '[-f FORMAT] [-F FORMAT] [-T CACHE] [-p] [-q] [-s] [-U] FILE FILE', 'say whether two images are equal'],
  [
    'convert',
    '[-U] [-c] [-p] [-q] [-n] [-f FORMAT] [-t CACHE] [-T CACHE] [-O FORMAT] [-B BACKING -F FORMAT] [-o OPTIONS] [-l SNAPSHOT] [-S SIZE] [-r RATE] [-m N] [-W] [-C] [--salvage] [--target-is-zero] [--bitmaps [--skip-broken-bitmaps]] FILE... TARGET',
    'copy images into a new one',
  ],
  ['create', '[-q] [-f FORMAT] [-b BACKING -F FORMAT] [-u] [-o OPTIONS] FILE [SIZE]', 'make an empty image'],
  [
    'dd',
    '[-U] [-f FORMAT] [-O FORMAT] [bs=SIZE] [count=BLOCKS] [skip=BLOCKS] if=FILE of=TARGET',
    'copy a part of an image into a new one',
  ],
  ['info', '[-f FORMAT] [--output=human|json] [--backing-chain] [-U] FILE', 'say what an image is'],
  [
    'map',
    '[-f FORMAT] [--start-offset=OFFSET] [--max-length=LENGTH] [--output=human|json] [-U] FILE',
    'say where an image keeps what',
  ],
  [
    'measure',
    '[--output=human|json] [-O FORMAT] [-o OPTIONS] [--size SIZE | [-f FORMAT] [-l SNAPSHOT] [-U] FILE]',
    'say how large a new image will be',
  ],
  [
    'rebase',
    '[-U] [-q] [-f FORMAT] [-t CACHE] [-T CACHE] [-p] [-u] -b BACKING [-F FORMAT] FILE',
    'give an image another backing file',
  ],
  ['resize', '[-f FORMAT] [-q] [--shrink] FILE [+|-]SIZE', 'make an image longer or shorter'],
  ['snapshot', '[-q] [-l | -a NAME | -c NAME | -d NAME] [-U] FILE', 'list, apply, create, delete internal snapshots'],
] as const

/** What `vmon img --help` prints. */
export function helpText(): string {
  const lines = commands.map(([name, syntax, help]) => `  ${name} ${syntax}\n      ${help}\n`)
  return (
    `${versionText()}usage: vmon img COMMAND [options]\n\nCommands:\n${lines.join('')}\n` +
    'Options, texts and exit statuses are those of qemu-img. With --image-opts a FILE is a list of options\n' +
    '(driver=qcow2,file.filename=...); --object secret,id=ID,... keeps a password for images that are encrypted.\n' +
    'Sizes take the suffixes k, M, G, T, P and E, of 1024 each. CACHE is one of none, writeback, writethrough,\n' +
    'directsync and unsafe. -o help lists the options of a format.\n\n' +
    `Supported formats: ${driverNames.join(' ')}\n`
  )
}
