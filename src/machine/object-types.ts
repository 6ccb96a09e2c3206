import { deviceTypes } from '../devices/index.ts'
import { objectKindTypes } from '../objects/index.ts'
import { baseTypes, machineTypes, TypeTable } from '../qom/index.ts'

/** The types of all objects that machines can have. */
export const objectTypes = new TypeTable([...baseTypes, ...machineTypes, ...objectKindTypes, ...deviceTypes])
