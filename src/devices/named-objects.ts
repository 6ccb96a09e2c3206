import type { DeviceProperties } from '../board/index.ts'
import { deviceModels } from './devices.ts'
import { objectIdOf } from './properties.ts'

/** The objects that users have made which a device uses, by the properties that name them. */
export function namedObjects(device: {
  readonly model: string
  readonly properties: DeviceProperties
}): readonly (readonly [property: string, id: string])[] {
  return Object.entries(deviceModels[device.model]?.properties ?? {}).flatMap(([property, { object }]) => {
    const id = object && objectIdOf(device.properties[property])
    return id === undefined ? [] : [[property, id] as const]
  })
}
