import { deviceModels, modelNamed, pcModels } from './devices.ts'
import { propertyLine } from './properties.ts'

/** The names of the models that can be added. */
export function namesOfModels(): readonly string[] {
  return Object.keys(deviceModels)
}

/** What `-device help` prints. */
export function listOfModels(): string {
  const models = Object.values(deviceModels)
  const sections = [...new Set(models.map(({ category }) => category))].map((category) => {
    const lines = models
      .filter((model) => model.category === category)
      .map(({ name, bus, aliases = [], description }) =>
        [
          `name "${name}"`,
          `bus ${bus}`,
          ...aliases.map((alias) => `alias "${alias}"`),
          ...(description === undefined ? [] : [`desc "${description}"`]),
        ].join(', '),
      )
    return `${category} devices:\n${lines.join('\n')}\n`
  })
  return sections.join('\n')
}

/** What `-device NAME,help` prints; undefined if there is no such model. */
export function helpOfModel(name: string): string | undefined {
  const model = modelNamed(name) ?? (Object.hasOwn(pcModels, name) ? pcModels[name] : undefined)
  if (model === undefined) return undefined
  const lines = Object.entries(model.properties)
    .filter(([property]) => !property.startsWith('legacy-'))
    .map(([property, type]) => propertyLine(property, type))
  return lines.length === 0
    ? `There are no options for ${model.name}.\n`
    : `${model.name} options:\n${lines.sort().join('')}`
}
