import { DeviceObject } from '../../devices/index.ts'
import type { AddressSpace } from './address-spaces.ts'
import { flatView } from './flat-view.ts'
import { listed, type MemoryRegion } from './memory-region.ts'

/** What is shown beside the regions. */
export interface Shown {
  /** Whose each region is. */
  readonly owners: boolean
  /** Also those that are switched off. */
  readonly disabled: boolean
}

/** Address spaces as trees, and what is seen in them through aliases. */
export function memoryTreeText(spaces: readonly AddressSpace[], shown: Shown): string {
  const lines: string[] = []
  const seen: MemoryRegion[] = []
  for (const { names, root } of spaces) {
    for (const name of names) lines.push(`address-space: ${name}`)
    addRegion(root, { base: 0n, depth: 1, shown, lines, seen })
    lines.push('')
  }
  // What is found on the way is shown as well.
  for (const target of seen) {
    lines.push(`memory-region: ${target.name}`)
    addRegion(target, { base: 0n, depth: 1, shown, lines, seen })
    lines.push('')
  }
  return `${lines.join('\n')}\n`
}

interface Page {
  readonly base: bigint
  readonly depth: number
  readonly shown: Shown
  readonly lines: string[]
  /** Targets of aliases, each once. */
  readonly seen: MemoryRegion[]
}

function addRegion(region: MemoryRegion, page: Page): void {
  const { base, depth, shown, lines, seen } = page
  const start = base + region.start
  const line = `${'  '.repeat(depth)}${rangeText(start, region.bytes)} ${traitsText(region)}${region.name}`
  if (region.alias !== undefined && !seen.includes(region.alias.target)) seen.push(region.alias.target)
  if (region.enabled || shown.disabled) {
    const off = region.enabled ? '' : ' [disabled]'
    lines.push(line + aliasText(region) + off + (shown.owners ? ownerText(region) : ''))
  }
  for (const part of listed(region.parts)) addRegion(part, { ...page, base: start, depth: depth + 1 })
}

function aliasText({ alias, bytes }: MemoryRegion): string {
  return alias === undefined ? '' : ` @${alias.target.name} ${rangeText(alias.offset, bytes)}`
}

function traitsText({ priority, kind, alias }: MemoryRegion): string {
  return `(prio ${priority}, ${kind}): ${alias === undefined ? '' : 'alias '}`
}

function ownerText({ owner }: MemoryRegion): string {
  if (owner === undefined) return ' parent:{obj path=/machine/unattached}'
  if (!(owner instanceof DeviceObject)) return ` owner:{obj path=${owner.path}}`
  return ` owner:{dev ${owner.id === undefined ? `path=${owner.path}` : `id=${owner.id}`}}`
}

/** What answers at each address, for those together who see the same. */
export function flatViewText(spaces: readonly AddressSpace[], { owners }: Pick<Shown, 'owners'>): string {
  const views = new Map<MemoryRegion | undefined, AddressSpace[]>()
  for (const space of spaces) {
    const root = seenRoot(space.root)
    views.set(root, [...(views.get(root) ?? []), space])
  }
  const lines = [...views].flatMap(([root, seers], number) => [
    `FlatView #${number}`,
    ...seers.flatMap(({ names, root: own }) => names.map((name) => ` AS "${name}", root: ${own.name}`)),
    ` Root memory region: ${root?.name ?? '(none)'}`,
    ...(root === undefined ? ['  No rendered FlatView'] : rangesText(root, owners)),
    '',
  ])
  return `${lines.join('\n')}\n`
}

/** The region that all is seen of: a room with one thing in it, and an alias of all of a region, are that. */
function seenRoot(root: MemoryRegion): MemoryRegion | undefined {
  if (root.alias !== undefined) return seenRoot(root.alias.target)
  const [first, ...others] = root.parts.filter(({ enabled }) => enabled)
  if (!root.hollow || others.length > 0) return root
  return first === undefined ? undefined : seenRoot(first)
}

function rangesText(root: MemoryRegion, owners: boolean): string[] {
  return flatView(root).map(({ region, start, end, offset }) => {
    const from = offset === 0n ? '' : ` @${hex(offset)}`
    const range = rangeText(start, end - start)
    return `  ${range} ${traitsText(region)}${region.name}${from}${owners ? ownerText(region) : ''}`
  })
}

function rangeText(start: bigint, bytes: bigint): string {
  return `${hex(start)}-${hex(start + bytes - 1n)}`
}

function hex(value: bigint): string {
  return value.toString(16).padStart(16, '0')
}
