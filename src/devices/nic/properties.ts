import { OptionError } from '../../keyval/index.ts'
import { int32, type PropertyType, text } from '../properties.ts'
import { parseMac } from './mac-address.ts'

/** What is behind a card: the id of a back end. @param part - the part of the card that has it, if not the card itself */
export const netdevOf = (part?: string): PropertyType => ({
  ...text('ID of a netdev to use as a backend'),
  netdev: part === undefined ? {} : { owner: part },
})

export const macOf = (part?: string): PropertyType => ({
  ...text('Ethernet 6-byte MAC Address, example: 52:54:00:12:34:56'),
  read: (property, value, owner) => {
    if (typeof value !== 'string') throw new OptionError(`Invalid parameter type for '${property}', expected: string`)
    if (parseMac(value) === undefined)
      throw new OptionError(`Property '${part ?? owner}.${property}' doesn't take value '${value}'`)
    return value.replaceAll('-', ':').toLowerCase()
  },
})

export const netdev = netdevOf()
export const mac = macOf()

export const bootindex: PropertyType = int32
