// npm run check: types, lint, format and import boundaries, at the same time because each keeps one processor busy.
import { spawn } from 'node:child_process';

const checks = {
  types: 'tsc --noEmit',
  'types of the webviews': 'tsc --noEmit -p webview',
  lint: 'npm run -s lint',
  format: 'npm run -s format',
  boundaries: 'vitest run --project unit test/boundaries.test.ts',
};

const results = await Promise.all(
  Object.entries(checks).map(([name, command]) => {
    const began = performance.now();
    const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk));
    return new Promise((resolve) => {
      child.on('close', (code) => {
        const seconds = ((performance.now() - began) / 1000).toFixed(0);
        console.log(`${code === 0 ? 'passed' : 'FAILED'}  ${name} (${seconds} s)`);
        if (code !== 0) process.stdout.write(Buffer.concat(output));
        resolve(code);
      });
    });
  }),
);
process.exitCode = results.every((code) => code === 0) ? 0 : 1;
