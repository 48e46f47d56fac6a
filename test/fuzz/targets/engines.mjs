/** wazero's compiler against its interpreter on generated modules, with all features that wazero has. */
import { openEngines } from '../engines-compared.mjs';

export const open = (options) => openEngines(options);
