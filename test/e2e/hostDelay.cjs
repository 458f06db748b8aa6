/** Runs first in each Node process of a workbench: an extension host writes how long its event loop was held at most, and how long it was on a processor, four times a second. */

const { appendFileSync } = require('node:fs');
const { monitorEventLoopDelay } = require('node:perf_hooks');

const file = process.env.PINCH_E2E_DELAYS;
if (file !== undefined && process.argv.includes('--type=extensionHost')) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let before = process.threadCpuUsage();
  setInterval(() => {
    const spent = process.threadCpuUsage(before);
    before = process.threadCpuUsage();
    const busy = (spent.user + spent.system) / 1000;
    appendFileSync(file, `${JSON.stringify({ time: Date.now(), held: delay.max / 1e6, busy })}\n`);
    delay.reset();
  }, 250).unref();
}
