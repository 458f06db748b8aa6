/** Which Node trains: the chosen one, the one on the PATH, the editor's; too old, none at all. */

import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { findNode } from '../../../src/host/engine/findNode.ts';

// The stand-ins are shell scripts.
describe.skipIf(process.platform === 'win32')('finding Node', () => {
  const path = process.env['PATH'];
  afterEach(() => {
    process.env['PATH'] = path;
  });

  /** A program that says it is Node of this version. */
  function program(version: string, name = 'node', condition = ''): { file: string; folder: string } {
    const folder = mkdtempSync(join(tmpdir(), 'pinch-node-'));
    const file = join(folder, name);
    writeFileSync(file, `#!/bin/sh\n${condition}\necho ${version}\n`);
    chmodSync(file, 0o755);
    return { file, folder };
  }

  test('the chosen one comes first', async () => {
    const { file } = program('v22.1.0');
    expect(await findNode(file, process.execPath)).toEqual({ path: file, version: '22.1.0', environment: {} });
  });

  test.each([
    ['is no Node', 'hello', /is not a Node\.js program/u],
    ['is too old', 'v20.8.1', /is Node\.js 20\.8\.1; Pinch needs 20\.9 or newer/u],
  ])('a chosen one that %s is an error', async (_, version, message) => {
    await expect(findNode(program(version).file, process.execPath)).rejects.toThrow(message);
  });

  test('the one on the PATH comes before the editor', async () => {
    process.env['PATH'] = program('v20.9.0').folder;
    expect(await findNode('', program('v24.0.0').file)).toEqual({ path: 'node', version: '20.9.0', environment: {} });
  });

  test('the editor acts as Node if the PATH has none that will do', async () => {
    process.env['PATH'] = program('v18.20.0').folder;
    const editor = program('v24.2.0', 'code', '[ "$ELECTRON_RUN_AS_NODE" = 1 ] || exit 1').file;
    const found = await findNode('', editor);
    expect(found).toEqual({ path: editor, version: '24.2.0', environment: { ELECTRON_RUN_AS_NODE: '1' } });
  });

  test('without any it says what to do', async () => {
    process.env['PATH'] = '';
    await expect(findNode('', '/nowhere/code')).rejects.toThrow(/Install it from nodejs\.org, or set pinch\.nodePath/u);
  });
});
