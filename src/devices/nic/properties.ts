import { OptionError } from '../../keyval/index.ts'
import { int32, type PropertyType, text } from '../properties.ts'
import { parseMac } from './mac-address.ts'

/** What is behind a card: the id of a back end. */
export const netdev: PropertyType = { ...text('ID of a netdev to use as a backend'), netdev: true }

export const mac: PropertyType = {
  ...text('Ethernet 6-byte MAC Address, example: 52:54:00:12:34:56'),
  read: (property, value, owner) => {
    if (typeof value !== 'string') throw new OptionError(`Invalid parameter type for '${property}', expected: string`)
    if (parseMac(value) === undefined)
      throw new OptionError(`Property '${owner}.${property}' doesn't take value '${value}'`)
    return value.replaceAll('-', ':').toLowerCase()
  },
}

export const bootindex: PropertyType = int32
