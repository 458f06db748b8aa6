/** `pinch inspect`: the layers of a model, and which of them would be gated. */

import { describeInspection, inspect as read } from '../train/inspect.ts';
import { exitCodes, printResult } from './output.ts';

export async function inspect(model: string, { json = false }: { readonly json?: boolean }): Promise<number> {
  const inspection = await read(model);
  printResult(json, inspection, describeInspection(inspection));
  return exitCodes.done;
}
