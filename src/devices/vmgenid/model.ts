import type { DeviceModel } from '../model.ts'
import { uuid } from '../properties.ts'

/** Tells the guest the machine's generation: another one, where a machine goes on from a state that another one has gone on from, too. */
export const vmgenid: DeviceModel = {
  name: 'vmgenid',
  parent: 'device',
  bus: 'none',
  category: 'Misc',
  properties: { guid: uuid('UUID (aka GUID) or "auto" for random value (default)') },
  hotplugs: false,
  onlyOne: 'at most one vmgenid device is permitted',
  withoutPc: 'vmgenid requires DMA write support in fw_cfg, which this machine type does not provide',
}
