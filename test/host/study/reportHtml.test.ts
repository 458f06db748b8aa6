/** A report in a panel: our policy comes first, and allows the file's style sheet and nothing else. */

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { noReportHtml, reportHtml } from '../../../src/host/study/reportHtml.ts';
import { reportPage } from '../../../src/study/report/page.ts';
import { someResults } from '../../study/someResults.ts';

/** The policies in the order in which a browser meets them, and where the first stands. */
function policies(page: string): { policies: string[]; first: string } {
  const found = Array.from(page.matchAll(/<meta http-equiv="Content-Security-Policy" content="([^"]*)"/gu));
  return { policies: found.map(([, policy]) => policy!), first: page.slice(0, found[0]!.index) };
}

describe('a report of ours', () => {
  const report = reportPage(someResults);
  const page = reportHtml(report);

  test('is shown as it is, behind a policy that allows its own style sheet', () => {
    expect(page.endsWith(report)).toBe(true);
    const hash = createHash('sha256')
      .update(/<style>(.*)<\/style>/su.exec(report)![1]!)
      .digest('base64');
    const { policies: found, first } = policies(page);
    expect(first).toBe('<!DOCTYPE html>\n');
    expect(found).toEqual([
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`,
      `default-src 'none'; style-src 'sha256-${hash}'`,
    ]);
  });

  test('has the colours of the editor’s theme, not those of the system, where it is shown there', () => {
    const empty = (theme: string): string | undefined =>
      new RegExp(`body\\.${theme}(?![\\w-])[^{]*\\{[^}]*--empty: (#\\w+)`, 'u').exec(report)?.[1];
    const [light, dark] = [empty('vscode-light'), empty('vscode-dark')];
    expect([light, dark]).toEqual(['#eaeef2', '#212830']);
    expect([empty('vscode-high-contrast-light'), empty('vscode-high-contrast')]).toEqual([light, dark]);
  });
});

describe('a file that is none of ours', () => {
  test('cannot loosen the policy', () => {
    const loose = `<meta http-equiv="Content-Security-Policy" content="default-src *"><script>alert(1)</script>`;
    const { policies: found, first } = policies(reportHtml(loose));
    expect(first).toBe('<!DOCTYPE html>\n');
    expect(found[0]).toBe("default-src 'none'; style-src 'none'; base-uri 'none'; form-action 'none'");
  });

  test('has its first style sheet at most', () => {
    const { policies: found } = policies(reportHtml('<style>a{}</style><style>b{}</style>'));
    const hash = createHash('sha256').update('a{}').digest('base64');
    expect(found[0]).toContain(`style-src 'sha256-${hash}';`);
  });
});

test('what is said instead of a report is text', () => {
  expect(noReportHtml('a <b> & c')).toMatch(/<p>a &lt;b> &amp; c<\/p>$/u);
});
