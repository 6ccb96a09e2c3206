import { checkOption, OptionError, type OptionKind, parseOptionList, parseSize } from '../../keyval/index.ts'
import { ProgramError } from '../program-error.ts'

/** An option of `-o`, as one format has it. */
export interface ImageOption {
  readonly name: string
  readonly kind: OptionKind
  readonly help: string
  readonly default?: string
}

const backingFile: ImageOption = { name: 'backing_file', kind: 'string', help: 'File name of a base image' }
const size: ImageOption = { name: 'size', kind: 'size', help: 'Virtual disk size' }

/** Options of LUKS, as QEMU prints them. */
const luks = (prefix: string, secret: string): ImageOption[] => [
  { name: `${prefix}key-secret`, kind: 'string', help: secret },
  { name: `${prefix}cipher-alg`, kind: 'string', help: 'Name of encryption cipher algorithm' },
  { name: `${prefix}cipher-mode`, kind: 'string', help: 'Name of encryption cipher mode' },
  { name: `${prefix}ivgen-alg`, kind: 'string', help: 'Name of IV generator algorithm' },
  { name: `${prefix}ivgen-hash-alg`, kind: 'string', help: 'Name of IV generator hash algorithm' },
  { name: `${prefix}hash-alg`, kind: 'string', help: 'Name of encryption hash algorithm' },
  { name: `${prefix}iter-time`, kind: 'number', help: 'Time to spend in PBKDF in milliseconds' },
]

/** What a file takes, whatever is in it. Hints to file systems that few of them know: they change nothing here. */
const ofFile: readonly ImageOption[] = [
  { name: 'nocow', kind: 'boolean', help: 'Turn off copy-on-write (valid only on btrfs)' },
  { name: 'preallocation', kind: 'string', help: 'Preallocation mode (allowed values: off, falloc, full)' },
  { name: 'extent_size_hint', kind: 'size', help: 'Extent size hint for the image file, 0 to disable' },
]
const hints = ['nocow', 'extent_size_hint']

/** The options of each format that can be created, in the order in which QEMU prints them. */
export const byFormat: Readonly<Record<string, readonly ImageOption[]>> = {
  raw: [size],
  file: [size],
  luks: [size, ...luks('', 'ID of the secret that provides the keyslot passphrase')],
  qcow2: [
    {
      name: 'encryption',
      kind: 'boolean',
      help: "Encrypt the image with format 'aes'. (Deprecated in favor of encrypt.format=aes)",
    },
    { name: 'encrypt.format', kind: 'string', help: "Encrypt the image, format choices: 'aes', 'luks'" },
    ...luks('encrypt.', 'ID of secret providing qcow AES key or LUKS passphrase'),
    { name: 'cluster_size', kind: 'size', help: 'qcow2 cluster size', default: '65536' },
    { name: 'extended_l2', kind: 'boolean', help: 'Extended L2 tables', default: 'off' },
    { name: 'preallocation', kind: 'string', help: 'Preallocation mode (allowed values: off, metadata, falloc, full)' },
    {
      name: 'compression_type',
      kind: 'string',
      help: 'Compression method used for image cluster compression',
      default: 'zlib',
    },
    size,
    { name: 'compat', kind: 'string', help: 'Compatibility level (v2 [0.10] or v3 [1.1])' },
    backingFile,
    { name: 'backing_fmt', kind: 'string', help: 'Image format of the base image' },
    { name: 'data_file', kind: 'string', help: 'File name of an external data file' },
    { name: 'data_file_raw', kind: 'boolean', help: 'The external data file must stay valid as a raw image' },
    { name: 'lazy_refcounts', kind: 'boolean', help: 'Postpone refcount updates', default: 'off' },
    { name: 'refcount_bits', kind: 'number', help: 'Width of a reference count entry in bits', default: '16' },
  ],
}

/** The options of formats of other programs. */
const foreign: Readonly<Record<string, readonly ImageOption[]>> = {
  vdi: [size, { name: 'static', kind: 'boolean', help: 'VDI static (pre-allocated) image', default: 'off' }],
  vpc: [
    size,
    {
      name: 'subformat',
      kind: 'string',
      help: 'Type of virtual hard disk format. Supported formats are {dynamic (default) | fixed} ',
    },
    {
      name: 'force_size',
      kind: 'boolean',
      help: 'Force disk size calculation to use the actual size specified, rather than using the nearest CHS-based calculation',
    },
  ],
  vmdk: [
    size,
    {
      name: 'adapter_type',
      kind: 'string',
      help: 'Virtual adapter type, can be one of ide (default), lsilogic, buslogic or legacyESX',
    },
    backingFile,
    { name: 'backing_fmt', kind: 'string', help: "Must be 'vmdk' if present" },
    { name: 'compat6', kind: 'boolean', help: 'VMDK version 6 image', default: 'off' },
    { name: 'hwversion', kind: 'string', help: 'VMDK hardware version', default: 'undefined' },
    { name: 'toolsversion', kind: 'string', help: 'VMware guest tools version' },
    {
      name: 'subformat',
      kind: 'string',
      help:
        'VMDK flat extent format, can be one of {monolithicSparse (default) | monolithicFlat | ' +
        'twoGbMaxExtentSparse | twoGbMaxExtentFlat | streamOptimized} ',
    },
    {
      name: 'zeroed_grain',
      kind: 'boolean',
      help: 'Enable efficient zero writes using the zeroed-grain GTE feature',
    },
  ],
}

function optionsOf(format: string): readonly ImageOption[] {
  return byFormat[format] ?? foreign[format] ?? []
}

/** The format's own, and those of the file below. */
function allOf(format: string): readonly ImageOption[] {
  const own = optionsOf(format)
  return [...own, ...ofFile.filter(({ name }) => !own.some((option) => option.name === name))]
}

/**
 * Looks at the lists of several `-o`, which will be joined: one that begins or ends in a comma would change its neighbour.
 *
 * @throws {ProgramError} in QEMU's words
 */
export function checkOptionLists(texts: readonly string[]): void {
  for (const text of texts) {
    const end = /,*$/.exec(text)![0].length
    if (text === '' || text.startsWith(',') || end % 2 === 1) throw new ProgramError(`Invalid option list: ${text}`)
  }
}

/** Whether a list of options asks which there are. */
export function wantsHelp(texts: readonly string[]): boolean {
  return texts.some((text) => text.split(',').some((word) => word === 'help' || word === '?'))
}

/** What a format's image is to be made of. */
export class CreateOptions {
  readonly #format: string
  readonly #known: readonly ImageOption[]
  readonly #values = new Map<string, string>()

  constructor(format: string) {
    this.#format = format
    this.#known = allOf(format)
  }

  /** Reads what `-o` gives. @throws {OptionError} in QEMU's words */
  read(texts: readonly string[]): void {
    const list = parseOptionList(texts.join(','))
    const kinds = Object.fromEntries(this.#known.map(({ name, kind }) => [name, kind]))
    for (const [name, value] of list.items) {
      checkOption(name, value, kinds)
      this.#values.set(name, value)
    }
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  knows(name: string): boolean {
    return this.#known.some((option) => option.name === name)
  }

  get(name: string): string | undefined {
    return this.#values.get(name)
  }

  set(name: string, value: string): void {
    this.#values.set(name, value)
  }

  /** In bytes. */
  get size(): bigint | undefined {
    const text = this.get('size')
    if (text === undefined) return undefined
    const bytes = parseSize(text)
    if (typeof bytes !== 'bigint') throw new OptionError(`${text} is no size`)
    return bytes
  }

  /** What the driver gets: all but what has a place of its own. @throws {OptionError} in QEMU's words */
  forDriver(): Record<string, string> {
    const hint = this.get('extent_size_hint')
    if (hint !== undefined && (parseSize(hint) as bigint) > 0xffff_ffffn) {
      throw new OptionError('Extent size hint is too large')
    }
    const own = ['size', 'backing_file', 'backing_fmt', ...hints]
    return Object.fromEntries([...this.#values].filter(([name]) => !own.includes(name)))
  }

  /** What it takes to open the image: the names of passwords. */
  get keys(): Record<string, string> {
    return Object.fromEntries([...this.#values].filter(([name]) => name.endsWith('key-secret')))
  }

  /** The line that says what is made. */
  describe(filename: string): string {
    const parts = this.#known.flatMap((option) => {
      const value = this.#values.get(option.name) ?? option.default
      return value === undefined ? [] : [` ${option.name}=${printed(option, value)}`]
    })
    return `Formatting '${filename}', fmt=${this.#format}${parts.join('')}\n`
  }

  /** What `-o help` prints: of the format alone, unless a file is named. */
  help(filename: string | undefined): string {
    const shown = filename === undefined ? optionsOf(this.#format) : this.#known
    const title = filename === undefined ? `Supported ${this.#format} options` : 'Supported options'
    const hint =
      '\nThe protocol level may support further options.\nSpecify the target filename to include those options.\n'
    return `${title}:\n${listOptions(shown)}${filename === undefined ? hint : ''}`
  }
}

/** Options as `-o help` prints them, by their names. */
export function listOptions(options: readonly ImageOption[]): string {
  return [...options]
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ name, kind, help }) => `  ${`${name}=<${kindNames[kind]}>`.padEnd(22)} - ${help}\n`)
    .join('')
}

const kindNames: Readonly<Record<OptionKind, string>> = {
  string: 'str',
  boolean: 'bool (on/off)',
  number: 'num',
  size: 'size',
}

function printed({ kind }: ImageOption, value: string): string {
  if (kind === 'size') return String(parseSize(value))
  return kind === 'string' ? value.replaceAll(',', ',,') : value
}
