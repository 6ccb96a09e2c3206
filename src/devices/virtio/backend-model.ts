import type { BackendTraits, DeviceModel } from '../model.ts'
import { type PropertyType, text } from '../properties.ts'
import { virtioDeviceProperties } from './properties.ts'

/** A virtio device behind its place on the PCI bus, as a model of its own. */
export interface BackendModel extends Omit<BackendTraits, 'type' | 'properties'> {
  readonly name: string
  readonly parent: string
  readonly properties: Readonly<Record<string, PropertyType>>
}

/** What a model has behind its place on the PCI bus; undefined if it is all on that itself. */
export function backendModel({
  backend,
  properties,
}: Pick<DeviceModel, 'backend' | 'properties'>): BackendModel | undefined {
  if (backend === undefined) return undefined
  const ofClass = (name: string): readonly (readonly [string, PropertyType])[] => {
    if (name.startsWith('legacy-')) return [[name, text()]]
    const { ofEach: _, ...type } = properties[name]!
    return [[name, type]]
  }
  return {
    ...backend,
    name: backend.type,
    parent: backend.parent ?? 'virtio-device',
    properties: {
      ...virtioDeviceProperties,
      ...Object.fromEntries(wordsOf(backend.properties).flatMap(ofClass)),
      ...Object.fromEntries(wordsOf(backend.own).map((name) => [name, properties[name]!])),
    },
  }
}

function wordsOf(names = ''): readonly string[] {
  return names.split(/\s+/).filter((word) => word !== '')
}
