/**
 * The trainer's process: `trainer.js RUN [--attached | --detached] [--table]`. With `--attached` it ends, after a checkpoint, when its
 * standard input does. With `--detached` its standard error is trainer.log, which says everything already; what it says until it trains goes
 * to a pipe as well, whose end tells whoever started it that it does; and the editor and whatever else somebody does on the machine
 * come first. With `--table` the start table has a line for each layer.
 */

import { constants, setPriority } from 'node:os';
import { parseArgs } from 'node:util';
import { answerProbe } from '../runtime/device.ts';
import { readControl } from '../runfolder/controlServer.ts';
import { startRun } from './run.ts';
import { devices } from '../runtime/session.ts';
import { startPipe } from './start/startPipe.ts';

const exitCodes = { done: 0, failed: 1, stopped: 130 } as const;

// A terminal or a command that went away is no reason to lose a run.
process.stderr.on('error', () => undefined);
process.on('SIGHUP', () => undefined);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    attached: { type: 'boolean' },
    detached: { type: 'boolean' },
    table: { type: 'boolean' },
    probe: { type: 'string' },
  },
});
const [folder] = positionals;
const probed = devices.find((device) => device === values.probe);

if (probed) {
  process.stdout.write(await answerProbe(probed));
} else if (folder === undefined) {
  process.stderr.write('usage: trainer.js RUN [--attached | --detached] [--table]\n');
  process.exitCode = 2;
} else {
  // Threads inherit it, so it comes before onnxruntime has any.
  if (values.detached) setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  const run = startRun(folder, values.detached ? startPipe() : process.stderr, values.table);
  const stop = (): void => void run.answer({ kind: 'stop' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stop();
      // The second one does not wait for anything.
      process.once(signal, () => process.exit(exitCodes.stopped));
    });
  }
  if (values.attached) readControl(process.stdin, run.answer, stop);
  const status = await run.ended;
  // Standard input, still open, would keep the process alive.
  process.exit(exitCodes[status]);
}
