import { ownEntry } from '../lookup/index.ts'
import { deviceModels, modelNamed, pcModels } from './devices.ts'
import type { DeviceModel } from './model.ts'
import { propertyLine } from './properties.ts'

/** The names of the models that can be added. */
export function namesOfModels(): readonly string[] {
  return Object.keys(deviceModels)
}

/** What `-device help` prints. */
export function listOfModels(): string {
  return sectionsOf(Object.values(deviceModels).map((model) => ({ section: model.category, model })))
}

/** What `info qdm` prints: also those that are part of the machine, and of which no more can be asked for. */
export function listOfAllModels(): string {
  const added = Object.values(deviceModels).map((model) => ({ section: model.category as string, model }))
  const parts = Object.values(pcModels).map((model) => ({
    section: categorized.includes(model.name) ? model.category : 'Uncategorized',
    model,
    noUser: model.internal === true && model.name !== 'piix3-ide',
  }))
  const byName = (one: { model: DeviceModel }, other: { model: DeviceModel }): number =>
    one.model.name.toLowerCase() < other.model.name.toLowerCase() ? -1 : 1
  const sections = [...added, ...parts].sort(byName)
  return `${sectionsOf(sections.sort((one, other) => orderOf(one.section) - orderOf(other.section)))}\n`
}

/** Parts of the machine that QEMU's list has in a section; the others are uncategorized. */
const categorized = ['isa-fdc', 'piix3-ide', 'i8042', 'vmmouse', 'isa-pcspk', 'mc146818rtc']
const sectionOrder = ['Bridge', 'Storage', 'Network', 'Input', 'Display', 'Sound', 'Misc', 'Watchdog', 'Uncategorized']

function orderOf(section: string): number {
  return sectionOrder.indexOf(section)
}

interface Listed {
  readonly section: string
  readonly model: DeviceModel
  readonly noUser?: boolean
}

function sectionsOf(models: readonly Listed[]): string {
  const sections = [...new Set(models.map(({ section }) => section))].map((section) => {
    const lines = models.filter((one) => one.section === section).map(modelLine)
    return `${section === 'Bridge' ? 'Controller/Bridge/Hub' : section} devices:\n${lines.join('\n')}\n`
  })
  return sections.join('\n')
}

function modelLine({ model: { name, bus, aliases = [], description }, noUser = false }: Listed): string {
  return [
    `name "${name}"`,
    ...(bus === 'none' ? [] : [`bus ${bus}`]),
    ...aliases.map((alias) => `alias "${alias}"`),
    ...(description === undefined ? [] : [`desc "${description}"`]),
    ...(noUser ? ['no-user'] : []),
  ].join(', ')
}

/** What `-device NAME,help` prints; undefined if there is no such model. */
export function helpOfModel(name: string): string | undefined {
  const model = modelNamed(name) ?? ownEntry(pcModels, name)
  if (model === undefined) return undefined
  const lines = Object.entries(model.properties)
    .filter(([property]) => !property.startsWith('legacy-'))
    .map(([property, type]) => propertyLine(property, type))
  return lines.length === 0
    ? `There are no options for ${model.name}.\n`
    : `${model.name} options:\n${lines.sort().join('')}`
}
